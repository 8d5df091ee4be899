import { DATATYPES } from '../model/datatype.ts';
import type { Datatype, TensorDeclaration } from '../model/tensor.ts';
import { jsonOf, parseJson } from './lossless.ts';
import { Refusal, described } from './refusal.ts';

/**
 * A request of the Open Inference Protocol (V2): JSON, and, by the binary tensor extension, bytes behind it.
 *
 * JSON has no NaN and no infinity: a request may write null for NaN in a float tensor, and nowhere else; binary tensors hold both.
 */
export interface InferRequest {
  readonly id: string | undefined;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly inputs: readonly InferInput[];
  /** Undefined: all of them. */
  readonly outputs: readonly RequestedOutput[] | undefined;
  /** Whether an output of which nothing is said comes as bytes. */
  readonly binaryOutputs: boolean;
}

export interface InferInput {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** JSON values, nested or flat; or little-endian bytes. */
  readonly data: readonly unknown[] | Uint8Array;
}

export interface RequestedOutput {
  readonly name: string;
  readonly binary: boolean;
  /** The classification extension: so many of the greatest values with their places. */
  readonly classification?: number;
}

/** A body as it came: its JSON, and what lies behind it. */
export interface RequestBody {
  readonly text: string;
  /** Tensors in the order of `inputs`; undefined where the request has none. */
  readonly tail?: Uint8Array;
  /** The whole body is the one input of the model (`Inference-Header-Content-Length: 0`). */
  readonly isWhole?: boolean;
  /** Gives the memory of `tail` back now: from then on it is empty. Undefined: others use that memory, too, or it is not worth it. */
  readonly release?: () => void;
}

/** Throws a Refusal with status 400 that names the place, what was found and what was expected. */
export function parseInferRequest({ text, tail }: RequestBody): InferRequest {
  const body = parseJson(text, 'the request body');
  if (!isRecord(body)) throw new Refusal(400, `the request body must be an object, found ${described(body)}`);
  const { id, parameters, inputs, outputs } = body;
  if (id !== undefined && typeof id !== 'string') throw new Refusal(400, `id must be a string, found ${described(id)}`);
  if (parameters !== undefined && !isRecord(parameters))
    throw new Refusal(400, `parameters must be an object, found ${described(parameters)}`);
  if (!Array.isArray(inputs)) throw new Refusal(400, `inputs must be a list of tensors, found ${described(inputs)}`);
  const bytes = tailReader(tail);
  const parsed = inputs.map((input: unknown, index) => parseInput(input, index, bytes));
  bytes.end();
  if (parsed.length > 1 && new Set(parsed.map((input) => input.name)).size < parsed.length)
    throw new Refusal(400, 'inputs names one tensor twice');
  const binaryOutputs = parameters?.['binary_data_output'] === true;
  return {
    id,
    parameters: parameters ?? {},
    inputs: parsed,
    outputs: parseOutputs(outputs, binaryOutputs),
    binaryOutputs,
  };
}

/**
 * A body that is one tensor and nothing else, for a model with one input of at most one dimension that varies: a row of it. Throws a Refusal
 * with status 400 where the model or the length does not fit.
 */
export function wholeBodyRequest(
  bytes: Uint8Array,
  declarations: readonly TensorDeclaration[],
  model: string,
): InferRequest {
  const [declaration, ...others] = declarations;
  if (declaration === undefined || others.length > 0)
    throw new Refusal(
      400,
      `a body without JSON is one tensor, and model "${model}" takes ${declarations.length} inputs: name them in JSON`,
    );
  const { name, datatype } = declaration;
  return {
    id: undefined,
    parameters: {},
    inputs: [{ name, datatype, shape: wholeShape(declaration, bytes, model), data: wholeData(declaration, bytes) }],
    outputs: undefined,
    binaryOutputs: true,
  };
}

/** Text without its length before it is one element. */
function wholeData({ datatype }: TensorDeclaration, bytes: Uint8Array): Uint8Array {
  if (datatype !== 'BYTES') return bytes;
  const prefixed = new Uint8Array(bytes.length + 4);
  new DataView(prefixed.buffer).setUint32(0, bytes.length, true);
  prefixed.set(bytes, 4);
  return prefixed;
}

function wholeShape({ name, datatype, shape }: TensorDeclaration, bytes: Uint8Array, model: string): readonly number[] {
  // The first dimension, where it varies, is the batch: one row.
  const oneRow = shape.map((size, axis) => (axis === 0 && size < 0 ? 1 : size));
  const open = oneRow.filter((size) => size < 0).length;
  const known = oneRow.reduce((product, size) => (size < 0 ? product : product * size), 1);
  if (open > 1)
    throw new Refusal(
      400,
      `a body without JSON tells no shape, and input "${name}" of model "${model}" has ${open} dimensions that vary`,
    );
  if (datatype === 'BYTES') return oneRow.map((size) => Math.max(1, size));
  const elements = bytes.length / DATATYPES[datatype].array.BYTES_PER_ELEMENT;
  const rest = known === 0 ? 0 : elements / known;
  if (!Number.isInteger(rest) || (open === 0 && rest !== 1))
    throw new Refusal(
      400,
      `a body of ${bytes.length} bytes is no ${datatype} tensor of shape [${shape.join(',')}], as input "${name}" of model "${model}" is`,
    );
  return oneRow.map((size) => (size < 0 ? rest : size));
}

interface TailReader {
  take(name: string, size: number): Uint8Array;
  /** Throws a Refusal when bytes are left that belong to no input. */
  end(): void;
}

function tailReader(tail: Uint8Array | undefined): TailReader {
  let at = 0;
  const length = tail?.length ?? 0;
  return {
    take(name, size) {
      if (tail === undefined)
        throw new Refusal(
          400,
          `input "${name}" is said to be binary, and the request has no header Inference-Header-Content-Length`,
        );
      if (size > length - at)
        throw new Refusal(
          400,
          `input "${name}": expecting ${size - (length - at)} additional bytes: binary_data_size is ${size}, and ${length - at} are left`,
        );
      at += size;
      return tail.subarray(at - size, at);
    },
    end() {
      if (at < length)
        throw new Refusal(400, `unexpected additional input data: ${length - at} bytes belong to no input`);
    },
  };
}

function parseInput(input: unknown, index: number, bytes: TailReader): InferInput {
  if (!isRecord(input)) throw new Refusal(400, `inputs[${index}] must be an object, found ${described(input)}`);
  const { name, datatype, shape, parameters } = input;
  if (typeof name !== 'string')
    throw new Refusal(400, `inputs[${index}].name must be a string, found ${described(name)}`);
  if (!isDatatype(datatype))
    throw new Refusal(
      400,
      `${placeOf(index, name)}: datatype must be one of ${Object.keys(DATATYPES).join(', ')}, found ${described(datatype)}`,
    );
  if (!Array.isArray(shape) || !shape.every(isDimension))
    throw new Refusal(
      400,
      `${placeOf(index, name)}: shape must be a list of integers from 0, found ${shapeText(shape)}`,
    );
  if (parameters !== undefined && !isRecord(parameters))
    throw new Refusal(400, `${placeOf(index, name)}: parameters must be an object, found ${described(parameters)}`);
  return { name, datatype, shape, data: dataOf(input, index, name, bytes) };
}

function placeOf(index: number, name: string): string {
  return `inputs[${index}] "${name}"`;
}

/** A list whole, where it is short enough to be read. */
function shapeText(shape: unknown): string {
  return Array.isArray(shape) && shape.length <= SHOWN_DIMENSIONS ? (jsonOf(shape) ?? 'nothing') : described(shape);
}

const SHOWN_DIMENSIONS = 16;

function dataOf(
  { data, parameters }: Readonly<Record<string, unknown>>,
  index: number,
  name: string,
  bytes: TailReader,
): InferInput['data'] {
  const size: unknown = isRecord(parameters) ? parameters['binary_data_size'] : undefined;
  if (size === undefined) {
    if (Array.isArray(data)) return data;
    throw new Refusal(
      400,
      `${placeOf(index, name)}: data must be a list of values, nested or flat, found ${described(data)}`,
    );
  }
  if (!isDimension(size))
    throw new Refusal(
      400,
      `${placeOf(index, name)}: binary_data_size must be a number of bytes, found ${described(size)}`,
    );
  if (data !== undefined)
    throw new Refusal(400, `${placeOf(index, name)} has both data and binary_data_size; a tensor is JSON or bytes`);
  return bytes.take(name, size);
}

function parseOutputs(outputs: unknown, binaryOutputs: boolean): readonly RequestedOutput[] | undefined {
  if (outputs === undefined) return undefined;
  if (!Array.isArray(outputs)) throw new Refusal(400, `outputs must be a list, found ${described(outputs)}`);
  if (outputs.length === 0) return undefined;
  return outputs.map((output: unknown, index) => {
    if (!isRecord(output) || typeof output['name'] !== 'string')
      throw new Refusal(400, `outputs[${index}] must be an object with a name, found ${described(output)}`);
    const { name, parameters = {} } = output;
    if (!isRecord(parameters))
      throw new Refusal(
        400,
        `outputs[${index}] "${name}": parameters must be an object, found ${described(parameters)}`,
      );
    const { binary_data: binary = binaryOutputs, classification } = parameters;
    if (typeof binary !== 'boolean')
      throw new Refusal(
        400,
        `outputs[${index}] "${name}": binary_data must be true or false, found ${described(binary)}`,
      );
    if (classification === undefined) return { name, binary };
    if (!isDimension(classification) || classification === 0)
      throw new Refusal(
        400,
        `outputs[${index}] "${name}": classification must be a number of classes from 1, found ${described(classification)}`,
      );
    return { name, binary, classification };
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDatatype(value: unknown): value is Datatype {
  return typeof value === 'string' && Object.hasOwn(DATATYPES, value);
}

function isDimension(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
