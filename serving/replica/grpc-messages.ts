import type { Datatype, Tensor } from '../model/tensor.ts';
import { bytesOfTensorData } from '../protocol/binary-tensor.ts';
import { type InferInput, type InferRequest, type RequestBody, parseInferRequest } from '../protocol/infer-request.ts';
import type { InferAnswer, ResponseBody } from '../protocol/infer-response.ts';
import { Refusal } from '../protocol/refusal.ts';

/** Messages of inference.proto as proto-loader hands them over: 64-bit integers as text or numbers, bytes as buffers. */
export interface InferMessage {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly parameters: Parameters;
  readonly inputs: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: readonly (string | number)[];
    readonly contents: Contents | null;
  }[];
  readonly outputs: readonly { readonly name: string; readonly parameters: Parameters }[];
  readonly raw_input_contents: readonly Buffer[];
}

type Parameters = Readonly<Record<string, { readonly parameter_choice?: string; readonly [choice: string]: unknown }>>;
type Contents = Readonly<Record<(typeof CONTENTS)[Datatype], readonly unknown[]>>;

/** Where typed contents of a datatype stand; FP16 travels raw only. */
const CONTENTS = {
  BOOL: 'bool_contents',
  UINT8: 'uint_contents',
  UINT16: 'uint_contents',
  UINT32: 'uint_contents',
  UINT64: 'uint64_contents',
  INT8: 'int_contents',
  INT16: 'int_contents',
  INT32: 'int_contents',
  INT64: 'int64_contents',
  FP16: 'raw only',
  FP32: 'fp32_contents',
  FP64: 'fp64_contents',
  BYTES: 'bytes_contents',
} as const satisfies Record<Datatype, string>;

/**
 * A request as HTTP would have carried it, which is what the log and arms in other processes take: a JSON head, the raw tensors behind it. Throws a
 * Refusal with status 400.
 */
export function bodyOfMessage(message: InferMessage): RequestBody {
  const { id, parameters, inputs, outputs, raw_input_contents: raw } = message;
  if (raw.length > 0 && raw.length !== inputs.length)
    throw new Refusal(400, `raw_input_contents holds ${raw.length} tensors, inputs names ${inputs.length}`);
  if (isPlain(message)) return { text: plainTextOf(message), tail: tailOf(raw) };
  const tail = [...raw];
  const sent = inputs.map(({ name, datatype, shape, contents }, index) => {
    const head = { name, datatype, shape: shape.map(Number) };
    if (raw.length === 0) {
      const values = dataOf(name, datatype, contents);
      const bytes = beyondJson(datatype, values);
      if (bytes === undefined) return { ...head, data: values };
      tail.push(bytes);
      return { ...head, parameters: { binary_data_size: bytes.length } };
    }
    if (contents !== null && Object.values(contents).some((values) => values.length > 0))
      throw new Refusal(
        400,
        `input "${name}" has contents, and raw_input_contents is there: a request has one of both`,
      );
    return { ...head, parameters: { binary_data_size: raw[index]?.length ?? 0 } };
  });
  const asked = outputs.map(({ name, parameters: own }) => ({ name, parameters: plain(own) }));
  const text = JSON.stringify({
    ...(id === '' ? {} : { id }),
    parameters: { ...plain(parameters), binary_data_output: true },
    inputs: sent,
    ...(asked.length === 0
      ? {}
      : { outputs: asked.map(({ name, parameters: own }) => ({ name, parameters: { ...own, binary_data: true } })) }),
  });
  return tail.length === 0 ? { text } : { text, tail: tailOf(tail) };
}

function tailOf(parts: readonly Buffer[]): Buffer {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
}

/** Raw tensors and nothing else said of them. */
function isPlain({ parameters, inputs, outputs, raw_input_contents: raw }: InferMessage): boolean {
  if (raw.length === 0 || !isEmpty(parameters)) return false;
  for (const { contents } of inputs) if (contents !== null) return false;
  for (const output of outputs) if (!isEmpty(output.parameters)) return false;
  return true;
}

/** The JSON head of a plain message, put together by hand: every call has one, for the log. */
function plainTextOf({ id, inputs, outputs, raw_input_contents: raw }: InferMessage): string {
  let text = id === '' ? '{' : `{"id":${JSON.stringify(id)},`;
  text += '"parameters":{"binary_data_output":true},"inputs":[';
  let comma = '';
  for (const [index, { name, datatype, shape }] of inputs.entries()) {
    text += `${comma}{"name":${JSON.stringify(name)},"datatype":${JSON.stringify(datatype)},"shape":[${shape.join(',')}],"parameters":{"binary_data_size":${raw[index]?.length ?? 0}}}`;
    comma = ',';
  }
  text += ']';
  if (outputs.length > 0) {
    const asked = outputs.map(({ name }) => `{"name":${JSON.stringify(name)},"parameters":{"binary_data":true}}`);
    text += `,"outputs":[${asked.join(',')}]`;
  }
  return `${text}}`;
}

/** What a message asks for; `body` is what bodyOfMessage made of it. Throws a Refusal with status 400. */
export function requestOfMessage(message: InferMessage, body: RequestBody): InferRequest {
  return plainRequestOf(message) ?? parseInferRequest(body);
}

const RAW_ANSWERS = { binary_data_output: true };

/** The same without the way over JSON, where nothing but raw tensors was said and nothing can be wrong with it. */
function plainRequestOf({
  id,
  parameters,
  inputs,
  outputs,
  raw_input_contents: raw,
}: InferMessage): InferRequest | undefined {
  if (raw.length !== inputs.length || !isEmpty(parameters)) return undefined;
  const plainInputs: InferInput[] = [];
  for (const [index, { name, datatype, shape }] of inputs.entries()) {
    const data = raw[index];
    const sizes = shape.map(Number);
    if (data === undefined || !isDatatype(datatype) || !sizes.every(isSize)) return undefined;
    if (plainInputs.some((other) => other.name === name)) return undefined;
    plainInputs.push({ name, datatype, shape: sizes, data });
  }
  if (!outputs.every((output) => isEmpty(output.parameters))) return undefined;
  return {
    id: id === '' ? undefined : id,
    parameters: RAW_ANSWERS,
    inputs: plainInputs,
    outputs: outputs.length === 0 ? undefined : outputs.map(({ name }) => ({ name, binary: true })),
    binaryOutputs: true,
  };
}

function isEmpty(parameters: Parameters | undefined): boolean {
  for (const _ in parameters) return false;
  return true;
}

function isDatatype(word: string): word is Datatype {
  return Object.hasOwn(CONTENTS, word);
}

function isSize(size: number): boolean {
  return Number.isSafeInteger(size) && size >= 0;
}

function dataOf(name: string, datatype: string, contents: Contents | null): readonly unknown[] {
  if (!Object.hasOwn(CONTENTS, datatype)) return [];
  const field = CONTENTS[datatype as Datatype];
  if (field === 'raw only') throw new Refusal(400, `input "${name}": ${datatype} travels in raw_input_contents only`);
  const values = contents?.[field] ?? [];
  if (datatype === 'BYTES') return values.map((value) => textOf(name, value));
  // Integers of 64 bits come as text, and are written into JSON as they are.
  if (datatype === 'INT64' || datatype === 'UINT64') return values.map((value) => exactInteger(String(value)));
  return values;
}

/** Typed floats as bytes, where JSON would make NaN of infinities and 0 of −0. */
function beyondJson(datatype: string, values: readonly unknown[]): Buffer | undefined {
  if (datatype !== 'FP32' && datatype !== 'FP64') return undefined;
  if (values.every((value) => Number.isFinite(value) && !Object.is(value, -0))) return undefined;
  const floats = datatype === 'FP32' ? Float32Array.from(values, Number) : Float64Array.from(values, Number);
  return Buffer.from(floats.buffer);
}

/** JSON.stringify knows no bigint; raw text keeps every digit. */
function exactInteger(digits: string): unknown {
  const { rawJSON } = JSON as typeof JSON & { readonly rawJSON: (text: string) => unknown };
  return rawJSON(digits);
}

function textOf(name: string, value: unknown): string {
  const bytes = value as Buffer;
  const text = bytes.toString();
  if (!Buffer.from(text).equals(bytes))
    throw new Refusal(400, `input "${name}" holds bytes that are not valid UTF-8, which is all that can be served`);
  return text;
}

/** Parameters as JSON holds them. */
function plain(parameters: Parameters): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(parameters ?? {}).map(([name, value]) => {
      const choice = value.parameter_choice;
      const chosen = choice === undefined ? null : value[choice];
      return [name, choice === 'int64_param' || choice === 'uint64_param' ? Number(chosen) : chosen];
    }),
  );
}

/** The answer as ModelInferResponse, tensors raw: clients read nothing else. */
export function messageOfAnswer({ id, model, version, outputs }: InferAnswer) {
  const raw: Uint8Array[] = [];
  const described: { readonly name: string; readonly datatype: string; readonly shape: readonly number[] }[] = [];
  for (const [name, tensor] of outputs) {
    described.push({ name, datatype: tensor.datatype, shape: tensor.shape });
    raw.push(bytesOfTensorData(tensor.data));
  }
  return { model_name: model, model_version: version, id: id ?? '', outputs: described, raw_output_contents: raw };
}

interface AnswerHead {
  readonly id?: string;
  readonly model_name: string;
  readonly model_version: string;
  readonly outputs: readonly {
    readonly name: string;
    readonly datatype: Tensor['datatype'];
    readonly shape: readonly number[];
    readonly parameters: { readonly binary_data_size: number };
  }[];
}

/** The same of an answer that another process of this fleet gave: a JSON head and the tensors behind it. */
export function messageOfBody({ text, tail = [] }: ResponseBody) {
  const head = JSON.parse(text) as AnswerHead;
  const bytes = Buffer.concat(tail);
  let at = 0;
  const raw = head.outputs.map(({ parameters: { binary_data_size: size } }) => {
    at += size;
    return bytes.subarray(at - size, at);
  });
  return {
    model_name: head.model_name,
    model_version: head.model_version,
    id: head.id ?? '',
    outputs: head.outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    raw_output_contents: raw,
  };
}
