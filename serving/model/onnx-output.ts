import { inside, textOf, varintOf } from './onnx-fields.ts';
import type { Field } from './wire.ts';

/** A graph output as the file declares it. */
export interface OutputFacts {
  readonly name: string;
  readonly kind: 'tensor' | 'sequence' | 'map' | 'optional' | 'sparse';
  readonly elementType: string;
}

const KINDS: Readonly<Record<number, OutputFacts['kind']>> = {
  1: 'tensor',
  4: 'sequence',
  5: 'map',
  8: 'sparse',
  9: 'optional',
};

/** TensorProto.DataType, by number. */
const ELEMENT_TYPES = [
  'undefined',
  'float',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'double',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
  'uint4',
  'int4',
  'float4e2m1',
] as const;

export function outputOf(bytes: Uint8Array, message: Field): OutputFacts {
  let name = '';
  let kind: OutputFacts['kind'] = 'tensor';
  let elementType = 'undefined';
  for (const field of inside(bytes, message, 'an output')) {
    if (field.number === 1) name = textOf(bytes, field, "an output's name");
    else if (field.number === 2)
      for (const type of inside(bytes, field, "an output's type")) {
        kind = KINDS[type.number] ?? kind;
        if (type.number !== 1 && type.number !== 8) continue;
        for (const part of inside(bytes, type, 'a tensor type'))
          if (part.number === 1) elementType = ELEMENT_TYPES[varintOf(part, 'an element type')] ?? `type ${part.value}`;
      }
  }
  return { name, kind, elementType };
}
