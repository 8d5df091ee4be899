import { DATATYPES, halfOfNumber, numberOfHalf } from '../model/datatype.ts';
import type { Datatype, Tensor, TensorData, TensorDeclaration } from '../model/tensor.ts';
import { tensorDataOfBytes } from './binary-tensor.ts';
import type { InferInput } from './infer-request.ts';
import { Refusal, described } from './refusal.ts';

/** The values of an input as plain JSON would hold them, for what looks at single ones: the log, sticky keys. Bytes that do not fit hold none. */
export function inputValues({ name, datatype, shape, data }: InferInput): readonly unknown[] {
  if (!(data instanceof Uint8Array)) return data;
  const size = elementsOf(shape);
  try {
    const values = tensorDataOfBytes(name, datatype, size, data);
    return datatype === 'FP16' ? Array.from(values as Uint16Array, numberOfHalf) : Array.from<unknown>(values);
  } catch (error) {
    if (error instanceof Refusal) return [];
    throw error;
  }
}

/** The tensor of one input as the graph declares it; a Refusal tells what does not fit. */
export function tensorOfInput(input: InferInput, declaration: TensorDeclaration, model: string): Tensor {
  if (input.datatype !== declaration.datatype)
    throw new Refusal(
      400,
      `input "${input.name}" for model "${model}": expected datatype ${declaration.datatype}, got ${input.datatype}`,
    );
  if (!fits(input.shape, declaration.shape))
    throw new Refusal(
      400,
      `unexpected shape for input "${input.name}" for model "${model}". Expected [${declaration.shape.join(',')}], got [${input.shape.join(',')}]`,
    );
  const size = elementsOf(input.shape);
  if (!Number.isSafeInteger(size) || size > MAX_ELEMENTS)
    throw new Refusal(
      400,
      `input "${input.name}": shape [${input.shape.join(',')}] has more than ${MAX_ELEMENTS} elements`,
    );
  const { name, datatype, shape, data } = input;
  if (data instanceof Uint8Array) return { datatype, shape, data: tensorDataOfBytes(name, datatype, size, data) };
  const flat = Array.isArray(data[0]) ? flattened(name, shape, data) : data;
  if (flat.length !== size)
    throw new Refusal(
      400,
      `input "${input.name}": shape [${input.shape.join(',')}] holds ${size} values, data has ${flat.length}`,
    );
  return { datatype, shape, data: dataOf(name, datatype, flat) };
}

/** More elements than any body within the limit can carry. */
const MAX_ELEMENTS = 2 ** 28;

function elementsOf(shape: readonly number[]): number {
  let elements = 1;
  for (const dimension of shape) elements *= dimension;
  return elements;
}

function fits(shape: readonly number[], declared: readonly number[]): boolean {
  if (shape.length !== declared.length) return false;
  for (let axis = 0; axis < shape.length; axis++) {
    const size = declared[axis] ?? -1;
    if (size >= 0 && size !== shape[axis]) return false;
  }
  return true;
}

function flattened(name: string, shape: readonly number[], data: readonly unknown[]): readonly unknown[] {
  const flat: unknown[] = [];
  const walk = (values: readonly unknown[], axis: number): void => {
    if (values.length !== shape[axis])
      throw new Refusal(
        400,
        `input "${name}": data is nested with ${values.length} values along axis ${axis}, shape says ${shape[axis] ?? 'no such axis'}`,
      );
    for (const value of values)
      if (Array.isArray(value)) walk(value, axis + 1);
      else if (axis === shape.length - 1) flat.push(value);
      else throw new Refusal(400, `input "${name}": data is nested unevenly along axis ${axis}`);
  };
  walk(data, 0);
  return flat;
}

type Integer = 'UINT8' | 'UINT16' | 'UINT32' | 'INT8' | 'INT16' | 'INT32';
const INTEGER_RANGES: Readonly<Record<Integer, readonly [number, number]>> = {
  UINT8: [0, 2 ** 8 - 1],
  UINT16: [0, 2 ** 16 - 1],
  UINT32: [0, 2 ** 32 - 1],
  INT8: [-(2 ** 7), 2 ** 7 - 1],
  INT16: [-(2 ** 15), 2 ** 15 - 1],
  INT32: [-(2 ** 31), 2 ** 31 - 1],
};
const BIG_RANGES = {
  INT64: [-(2n ** 63n), 2n ** 63n - 1n],
  UINT64: [0n, 2n ** 64n - 1n],
} as const;

function dataOf(name: string, datatype: Datatype, flat: readonly unknown[]): TensorData {
  switch (datatype) {
    case 'FP32':
      return filledFloats(new Float32Array(flat.length), flat, name, datatype);
    case 'FP64':
      return filledFloats(new Float64Array(flat.length), flat, name, datatype);
    case 'FP16':
      return filled(new Uint16Array(flat.length), flat, (value) => {
        const number = floatOf(name, datatype, value);
        const half = halfOfNumber(number);
        if (Number.isFinite(number) && !Number.isFinite(numberOfHalf(half))) throw beyond(name, datatype, number);
        return half;
      });
    case 'INT64':
      return filledBig(new BigInt64Array(flat.length), flat, (value) => bigOf(name, datatype, value));
    case 'UINT64':
      return filledBig(new BigUint64Array(flat.length), flat, (value) => bigOf(name, datatype, value));
    case 'BOOL':
      return filled(new Uint8Array(flat.length), flat, (value) => bitOf(name, value));
    case 'BYTES':
      return flat.map((value) => textOf(name, value));
    case 'UINT8':
    case 'UINT16':
    case 'UINT32':
    case 'INT8':
    case 'INT16':
    case 'INT32':
      return filled(new DATATYPES[datatype].array(flat.length), flat, (value) => integerOf(name, datatype, value));
  }
}

/** The commonest tensors, without a call for each number. */
function filledFloats(
  array: Float32Array | Float64Array,
  flat: readonly unknown[],
  name: string,
  datatype: Datatype,
): TensorData {
  for (let i = 0; i < flat.length; i++) {
    const value = flat[i];
    const number = typeof value === 'number' ? value : floatOf(name, datatype, value);
    array[i] = number;
    if (!Number.isFinite(array[i]) && Number.isFinite(number)) throw beyond(name, datatype, number);
  }
  return array;
}

/** A number that would become an infinity nobody wrote. */
function beyond(name: string, datatype: Datatype, number: number): Refusal {
  return new Refusal(400, `input "${name}": ${number} is beyond what ${datatype} holds`);
}

function filled<A extends { [index: number]: number }>(
  array: A,
  flat: readonly unknown[],
  of: (value: unknown) => number,
): A {
  for (let i = 0; i < flat.length; i++) array[i] = of(flat[i]);
  return array;
}

function filledBig<A extends { [index: number]: bigint }>(
  array: A,
  flat: readonly unknown[],
  of: (value: unknown) => bigint,
): A {
  for (let i = 0; i < flat.length; i++) array[i] = of(flat[i]);
  return array;
}

function floatOf(name: string, datatype: Datatype, value: unknown): number {
  if (typeof value === 'number') return value;
  if (value === null) return NaN;
  if (typeof value === 'bigint') return Number(value);
  throw new Refusal(400, `input "${name}": a ${datatype} tensor holds numbers, found ${described(value)}`);
}

function integerOf(name: string, datatype: Integer, value: unknown): number {
  const [least, most] = INTEGER_RANGES[datatype];
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Refusal(
    400,
    `input "${name}": ${datatype} holds integers from ${least} to ${most}, found ${described(value)}`,
  );
}

function bigOf(name: string, datatype: 'INT64' | 'UINT64', value: unknown): bigint {
  const [least, most] = BIG_RANGES[datatype];
  const big = typeof value === 'bigint' ? value : Number.isSafeInteger(value) ? BigInt(value as number) : undefined;
  if (big !== undefined && big >= least && big <= most) return big;
  throw new Refusal(
    400,
    `input "${name}": ${datatype} holds integers from ${least} to ${most}, found ${described(value)}`,
  );
}

function bitOf(name: string, value: unknown): number {
  if (value === true || value === 1) return 1;
  if (value === false || value === 0) return 0;
  throw new Refusal(400, `input "${name}": a BOOL tensor holds true and false, found ${described(value)}`);
}

/** The runtime cuts text at its first NUL and spoils lone surrogates, silently: refused here. */
function textOf(name: string, value: unknown): string {
  if (typeof value !== 'string')
    throw new Refusal(400, `input "${name}": a BYTES tensor holds strings, found ${described(value)}`);
  if (value.includes('\0')) throw new Refusal(400, `input "${name}": text with a NUL character cannot be served`);
  if (!value.isWellFormed()) throw new Refusal(400, `input "${name}": text that is not valid Unicode cannot be served`);
  return value;
}
