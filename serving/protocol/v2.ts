import { DATATYPES, halfOfNumber, numberOfHalf } from '../model/datatype.ts';
import type { Datatype, Tensor, TensorData, TensorDeclaration } from '../model/tensor.ts';
import { parseJson } from './lossless.ts';
import { Refusal, described } from './refusal.ts';

/**
 * The JSON of the Open Inference Protocol (V2), both ways.
 *
 * JSON has no NaN and no infinity. An answer writes both as null, and says so in the response parameter `non_finite`
 * (how many there are); a request may write null for NaN in a float tensor, and nowhere else.
 */
export interface InferRequest {
  readonly id: string | undefined;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly inputs: readonly InferInput[];
  /** Undefined: all of them. */
  readonly outputs: readonly string[] | undefined;
}

export interface InferInput {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: readonly unknown[];
}

/** Throws a Refusal with status 400 that names the place, what was found and what was expected. */
export function parseInferRequest(text: string): InferRequest {
  const body = parseJson(text, 'the request body');
  if (!isRecord(body)) throw new Refusal(400, `the request body must be an object, found ${described(body)}`);
  const { id, parameters, inputs, outputs } = body;
  if (id !== undefined && typeof id !== 'string') throw new Refusal(400, `id must be a string, found ${described(id)}`);
  if (parameters !== undefined && !isRecord(parameters))
    throw new Refusal(400, `parameters must be an object, found ${described(parameters)}`);
  if (!Array.isArray(inputs)) throw new Refusal(400, `inputs must be a list of tensors, found ${described(inputs)}`);
  const parsed = inputs.map(parseInput);
  const names = new Set(parsed.map((input) => input.name));
  if (names.size < parsed.length) throw new Refusal(400, 'inputs names one tensor twice');
  return { id, parameters: parameters ?? {}, inputs: parsed, outputs: parseOutputs(outputs) };
}

function parseInput(input: unknown, index: number): InferInput {
  const at = `inputs[${index}]`;
  if (!isRecord(input)) throw new Refusal(400, `${at} must be an object, found ${described(input)}`);
  const { name, datatype, shape, data } = input;
  if (typeof name !== 'string') throw new Refusal(400, `${at}.name must be a string, found ${described(name)}`);
  if (!isDatatype(datatype))
    throw new Refusal(
      400,
      `${at} "${name}": datatype must be one of ${Object.keys(DATATYPES).join(', ')}, found ${described(datatype)}`,
    );
  if (!Array.isArray(shape) || !shape.every(isDimension))
    throw new Refusal(
      400,
      `${at} "${name}": shape must be a list of integers from 0, found ${JSON.stringify(shape) ?? 'nothing'}`,
    );
  if (!Array.isArray(data))
    throw new Refusal(400, `${at} "${name}": data must be a list of values, nested or flat, found ${described(data)}`);
  return { name, datatype, shape, data };
}

function parseOutputs(outputs: unknown): readonly string[] | undefined {
  if (outputs === undefined) return undefined;
  if (!Array.isArray(outputs)) throw new Refusal(400, `outputs must be a list, found ${described(outputs)}`);
  if (outputs.length === 0) return undefined;
  return outputs.map((output: unknown, index) => {
    if (!isRecord(output) || typeof output['name'] !== 'string')
      throw new Refusal(400, `outputs[${index}] must be an object with a name, found ${described(output)}`);
    if (isRecord(output['parameters']) && output['parameters']['binary_data'] === true)
      throw new Refusal(400, `outputs[${index}] "${output['name']}": binary tensors are not served yet; ask for JSON`);
    return output['name'];
  });
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
  const size = input.shape.reduce((product, dimension) => product * dimension, 1);
  if (!Number.isSafeInteger(size) || size > MAX_ELEMENTS)
    throw new Refusal(
      400,
      `input "${input.name}": shape [${input.shape.join(',')}] has more than ${MAX_ELEMENTS} elements`,
    );
  const flat = Array.isArray(input.data[0]) ? flattened(input) : input.data;
  if (flat.length !== size)
    throw new Refusal(
      400,
      `input "${input.name}": shape [${input.shape.join(',')}] holds ${size} values, data has ${flat.length}`,
    );
  return { datatype: input.datatype, shape: input.shape, data: dataOf(input.name, input.datatype, flat) };
}

/** More elements than any body within the limit can carry. */
const MAX_ELEMENTS = 2 ** 28;

function fits(shape: readonly number[], declared: readonly number[]): boolean {
  return shape.length === declared.length && declared.every((size, axis) => size < 0 || size === shape[axis]);
}

function flattened({ name, shape, data }: InferInput): readonly unknown[] {
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
      return filled(new Float32Array(flat.length), flat, (value) => floatOf(name, datatype, value));
    case 'FP64':
      return filled(new Float64Array(flat.length), flat, (value) => floatOf(name, datatype, value));
    case 'FP16':
      return filled(new Uint16Array(flat.length), flat, (value) => halfOfNumber(floatOf(name, datatype, value)));
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

/** The body of an answer. `outputs` in the order in which they are to be written. */
export function inferResponseOf(answer: {
  readonly id: string | undefined;
  readonly model: string;
  readonly version: string;
  readonly outputs: ReadonlyMap<string, Tensor>;
}): string {
  const count = { notFinite: 0 };
  let outputs = '';
  for (const [name, tensor] of answer.outputs) {
    const data = textOfData(tensor, count);
    outputs += `${outputs === '' ? '' : ','}{"name":${JSON.stringify(name)},"datatype":"${tensor.datatype}","shape":[${tensor.shape.join(',')}],"data":[${data}]}`;
  }
  const id = answer.id === undefined ? '' : `"id":${JSON.stringify(answer.id)},`;
  const parameters = count.notFinite === 0 ? '' : `"parameters":{"non_finite":${count.notFinite}},`;
  return `{${id}"model_name":${JSON.stringify(answer.model)},"model_version":${JSON.stringify(answer.version)},${parameters}"outputs":[${outputs}]}`;
}

function textOfData(tensor: Tensor, count: { notFinite: number }): string {
  const { datatype, data } = tensor;
  switch (datatype) {
    case 'FP32':
    case 'FP64':
    case 'FP16': {
      let text = '';
      for (let i = 0; i < data.length; i++) {
        const value = datatype === 'FP16' ? numberOfHalf(Number(data[i])) : Number(data[i]);
        const finite = Number.isFinite(value);
        if (!finite) count.notFinite += 1;
        text += `${i === 0 ? '' : ','}${finite ? value : 'null'}`;
      }
      return text;
    }
    case 'BOOL':
      return Array.from(data as Uint8Array, (bit) => (bit === 0 ? 'false' : 'true')).join(',');
    case 'BYTES':
      return Array.from(data as readonly string[], (text) => JSON.stringify(text)).join(',');
    case 'UINT8':
    case 'UINT16':
    case 'UINT32':
    case 'UINT64':
    case 'INT8':
    case 'INT16':
    case 'INT32':
    case 'INT64':
      return data.join(',');
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDatatype(value: unknown): value is Datatype {
  return typeof value === 'string' && Object.hasOwn(DATATYPES, value);
}

function isDimension(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}
