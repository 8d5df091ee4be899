import { entryOf, inside, textOf, varintOf } from './onnx-fields.ts';
import type { Field } from './wire.ts';

/** A TensorProto's head: its name, how many elements it holds, where external data lie, and the value of a single boolean or float. */
export interface TensorFacts {
  readonly name: string;
  readonly elements: number;
  readonly locations: readonly string[];
  /** Of one boolean (0 or 1) or one float32; undefined for everything else. */
  readonly scalar?: number;
}

const FLOAT = 1;
const BOOL = 9;

/** https://github.com/onnx/onnx/blob/main/onnx/onnx.proto: message TensorProto. */
export function readTensor(bytes: Uint8Array, message: Field): TensorFacts {
  let name = '';
  let dataType = 0;
  let elements = 1;
  let first: { readonly float?: number; readonly low?: number } = {};
  const locations: string[] = [];
  for (const field of inside(bytes, message, 'a tensor')) {
    switch (field.number) {
      case 1:
        elements *= productOf(bytes, field);
        break;
      case 2:
        dataType = varintOf(field, "a tensor's type");
        break;
      case 8:
        name = textOf(bytes, field, "a tensor's name");
        break;
      // float_data, int32_data and raw_data. Raw bytes and packed int32 values both begin with the value's lowest byte.
      case 4:
      case 5:
      case 9:
        first = firstOf(bytes, field);
        break;
      case 13: {
        const [key, value] = entryOf(bytes, field);
        if (key === 'location') locations.push(value);
      }
    }
  }
  const scalar = dataType === BOOL ? truthOf(first.low) : dataType === FLOAT ? first.float : undefined;
  return { name, elements, locations, ...(elements !== 1 || scalar === undefined ? {} : { scalar }) };
}

function truthOf(low: number | undefined): number | undefined {
  return low === undefined ? undefined : low === 0 ? 0 : 1;
}

const FLOAT_BYTES = 4;

function firstOf(bytes: Uint8Array, field: Field): { readonly float?: number; readonly low?: number } {
  if (field.wire === 'varint') return { low: field.value };
  const low = bytes[field.start];
  if (low === undefined || field.start >= field.end) return {};
  if (field.end - field.start < FLOAT_BYTES) return { low };
  return { low, float: floatAt(bytes, field.start) };
}

export function floatAt(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + at, FLOAT_BYTES).getFloat32(0, true);
}

/** The product of dimensions: packed into one field, or one a field. */
function productOf(bytes: Uint8Array, field: Field): number {
  if (field.wire !== 'bytes') return varintOf(field, "a tensor's dimension");
  let product = 1;
  for (const value of packedVarints(bytes, field)) product *= value;
  return product;
}

function* packedVarints(bytes: Uint8Array, { start, end }: Field): Generator<number, void> {
  let value = 0;
  let shift = 1;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * shift;
    shift *= 128;
    if (byte >= 0x80) continue;
    yield value;
    value = 0;
    shift = 1;
  }
}
