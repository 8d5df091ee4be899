import { seededRandom } from '../../checks/stats/seeded-random.ts';
import { openSession } from '../model/session.ts';
import type { Tensor } from '../model/tensor.ts';
import type { BenchModel } from './bench-models.ts';
import type { AnswerForm, Expectation, LoadRequest } from './load-job.ts';
import { bytesField, joined, messageField, textField, varintField } from './onnx-writer.ts';

/** One input with the answer that the model alone gives to it. */
export interface BenchCase {
  readonly id: string;
  readonly tensor: Tensor;
  readonly numbers: readonly number[];
}

/** What runs in batches may differ in the last bits of a float. */
const TOLERANCE = 1e-5;
const VOCABULARY = 1000;

export async function casesOf(model: BenchModel, bytes: Uint8Array): Promise<readonly BenchCase[]> {
  const random = seededRandom(21);
  const session = await openSession({ model: bytes });
  const size = model.input.shape.reduce((product, each) => product * each, 1);
  const cases: BenchCase[] = [];
  for (let index = 0; index < model.requests; index++) {
    const tensor: Tensor = {
      datatype: model.input.datatype,
      shape: [1, ...model.input.shape],
      data:
        model.input.datatype === 'INT64'
          ? BigInt64Array.from({ length: size }, () => BigInt(random.index(VOCABULARY)))
          : // Seven digits, as people's numbers are written; a float read from them is the same again.
            Float32Array.from({ length: size }, () => Number((2 * random.uniform() - 1).toFixed(4))),
    };
    const answer = (await session.run(new Map([[model.input.name, tensor]]))).get(model.output.name);
    if (answer === undefined) throw new Error(`${model.name} has no output ${model.output.name}`);
    cases.push({ id: `${model.name}-${index}`, tensor, numbers: Array.from(answer.data, Number) });
  }
  await session.close();
  return cases;
}

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

/** Requests as they go over the wire. Each has a caller of its own (`x-user-id`), whom arms keep. */
export function httpRequests(
  model: BenchModel,
  cases: readonly BenchCase[],
  form: 'v2-json' | 'v2-binary',
  target: Target,
): readonly LoadRequest[] {
  return cases.map((each) => ({
    bytes: form === 'v2-json' ? jsonRequest(model, each, target) : binaryRequest(model, each, target),
    expects: expectationOf(each, form),
  }));
}

/** The same requests as messages of gRPC, with their numbers as raw bytes. */
export function grpcRequests(model: BenchModel, cases: readonly BenchCase[]): readonly LoadRequest[] {
  return cases.map((each) => ({ bytes: grpcMessage(model, each), expects: expectationOf(each, 'grpc') }));
}

export function expectationOf({ id, numbers }: Pick<BenchCase, 'id' | 'numbers'>, form: AnswerForm): Expectation {
  return { kind: 'numbers', form, id, numbers, tolerance: TOLERANCE };
}

/** A request's JSON as clients write it. */
export function jsonBody(model: BenchModel, { id, tensor }: BenchCase): string {
  return v2Body(id, new Map([[model.input.name, tensor]]));
}

/** The same of any feeds; `outputs`: those that are asked for, all of them when left out. */
export function v2Body(id: string, feeds: ReadonlyMap<string, Tensor>, outputs?: readonly string[]): string {
  const inputs = [...feeds].map(([name, { datatype, shape, data }]) => {
    const values: readonly (number | bigint | string)[] = [...data];
    return { name, datatype, shape, data: values.map((value) => jsonValue(datatype, value)) };
  });
  return JSON.stringify({
    id,
    inputs,
    ...(outputs === undefined ? {} : { outputs: outputs.map((name) => ({ name })) }),
  });
}

/** Digits that give the same float again; the fewest are what people write, not those of a double. */
const FLOAT_DIGITS = 9;
const FEW_DIGITS = 7;

function jsonValue(datatype: Tensor['datatype'], value: number | bigint | string): number | string {
  if (typeof value === 'string') return value;
  if (datatype !== 'FP32') return Number(value);
  const few = Number(Number(value).toPrecision(FEW_DIGITS));
  return Math.fround(few) === value ? few : Number(Number(value).toPrecision(FLOAT_DIGITS));
}

/** A request's JSON and the bytes behind it. */
export function binaryBody(
  model: BenchModel,
  { id, tensor }: BenchCase,
): { readonly json: Buffer; readonly bytes: Buffer } {
  const bytes = bytesOf(tensor);
  const { name } = model.input;
  const json = JSON.stringify({
    id,
    parameters: { binary_data_output: true },
    inputs: [{ name, datatype: tensor.datatype, shape: tensor.shape, parameters: { binary_data_size: bytes.length } }],
  });
  return { json: Buffer.from(json), bytes };
}

function jsonRequest(model: BenchModel, each: BenchCase, target: Target): Uint8Array {
  return httpRequest(target, each.id, { 'content-type': 'application/json' }, Buffer.from(jsonBody(model, each)));
}

function binaryRequest(model: BenchModel, each: BenchCase, target: Target): Uint8Array {
  const { json, bytes } = binaryBody(model, each);
  const headers = {
    'content-type': 'application/octet-stream',
    'inference-header-content-length': String(json.length),
  };
  return httpRequest(target, each.id, headers, Buffer.concat([json, bytes]));
}

/** A POST as bytes. */
export function httpRequest(
  { host, port, path }: Target,
  caller: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
): Uint8Array {
  const lines = Object.entries({ host: `${host}:${port}`, 'x-user-id': caller, ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const head = `POST ${path} HTTP/1.1\r\n${lines.join('')}content-length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

function grpcMessage(model: BenchModel, { id, tensor }: BenchCase): Uint8Array {
  return joined([
    textField(1, model.name),
    textField(3, id),
    messageField(5, [
      textField(1, model.input.name),
      textField(2, tensor.datatype),
      ...tensor.shape.map((size) => varintField(3, size)),
    ]),
    bytesField(7, bytesOf(tensor)),
  ]);
}

function bytesOf({ data }: Tensor): Buffer {
  if (!ArrayBuffer.isView(data)) throw new Error('text is not sent by the bench');
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
