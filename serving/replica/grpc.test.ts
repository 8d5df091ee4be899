import { fileURLToPath } from 'node:url';
import {
  type Client,
  Metadata,
  credentials,
  loadPackageDefinition,
  status as codes,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { protoPath as healthProtoPath } from 'grpc-health-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestFleet, openTestFleet } from '../daemon/test-fleet.ts';
import { awkwardRevision, loansFiles, loansRevision } from '../daemon/loans.fixture.ts';

/** One fleet for all, spoken to by gRPC's own client. */
let fleet: TestFleet;
let clients: Readonly<Record<'inference' | 'health', Client>>;
const loans = loansRevision('1.0.0', 'v1_champion');
const PROTO = fileURLToPath(new URL('../protocol/inference.proto', import.meta.url));
const LOADING = { keepCase: true, longs: String, enums: String, defaults: true } as const;

function clientOf(proto: string, path: readonly string[], address: string): Client {
  let found: unknown = loadPackageDefinition(loadSync(proto, LOADING));
  for (const part of path) found = (found as Record<string, unknown>)[part];
  return new (found as ServiceClientConstructor)(address, credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
  });
}

beforeAll(async () => {
  fleet = await openTestFleet({ grpcPort: 0 });
  await fleet.bring(loansFiles(), loans);
  await fleet.turn('loans', [{ revision: loans.revision, weight: 100 }]);
  for (const name of ['fp32', 'int64', 'uint64', 'bytes', 'fp16', 'bool', 'int8']) {
    const { target, bytes } = awkwardRevision(`${name}.onnx`, '', 'datatypes');
    await fleet.bring(bytes, target);
    await fleet.turn(target.model, [{ revision: target.revision, weight: 100 }]);
    await fleet.ready(target.model, target.revision);
  }
  await fleet.ready('loans', loans.revision);
  const address = fleet.grpc ?? '';
  clients = {
    inference: clientOf(PROTO, ['inference', 'GRPCInferenceService'], address),
    health: clientOf(healthProtoPath, ['grpc', 'health', 'v1', 'Health'], address),
  };
});
afterAll(async () => {
  for (const client of Object.values(clients ?? {})) client.close();
  await fleet.close();
});

interface Answer {
  readonly value: Readonly<Record<string, unknown>>;
  readonly metadata: Metadata;
}

function ask(
  method: string,
  message: object,
  metadata = new Metadata(),
  client: Client = clients.inference,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let received = new Metadata();
    const call = (client as unknown as Record<string, Function>)[method]?.(
      message,
      metadata,
      { deadline: Date.now() + 30_000 },
      (error: Error | null, value: Answer['value']) =>
        error === null ? resolve({ value, metadata: received }) : reject(error),
    );
    call.on('metadata', (each: Metadata) => {
      received = each;
    });
  });
}

const floats = (...values: readonly number[]): Buffer => Buffer.from(Float32Array.from(values).buffer);
const inferFloats = (shape: readonly number[], raw: readonly Buffer[], more: object = {}) =>
  ask('ModelInfer', {
    model_name: 'fp32',
    inputs: [{ name: 'x', datatype: 'FP32', shape }],
    raw_input_contents: raw,
    ...more,
  });

describe('what a server and a model are', () => {
  it.each([
    ['ServerLive', {}, { live: true }],
    ['ServerReady', {}, { ready: true }],
    ['ModelReady', { name: 'loans' }, { ready: true }],
    ['ModelReady', { name: 'loans', version: '9.9.9' }, { ready: false }],
    ['ModelReady', { name: 'nobody' }, { ready: false }],
    [
      'ServerMetadata',
      {},
      { name: 'slipway', extensions: expect.arrayContaining(['statistics', 'model_configuration']) },
    ],
    [
      'ModelMetadata',
      { name: 'fp32', version: '1.0.0' },
      {
        name: 'fp32',
        versions: ['1.0.0'],
        platform: 'onnxruntime_onnx',
        inputs: [{ name: 'x', datatype: 'FP32', shape: ['-1', '2'] }],
        outputs: [{ name: 'y', datatype: 'FP32', shape: ['-1', '2'] }],
      },
    ],
    [
      'ModelConfig',
      { name: 'loans' },
      {
        config: expect.objectContaining({
          name: 'loans',
          max_batch_size: 64,
          backend: 'onnxruntime',
          input: expect.arrayContaining([{ name: 'region', data_type: 'TYPE_STRING', dims: ['1'] }]),
          output: [
            { name: 'label', data_type: 'TYPE_INT64', dims: [] },
            { name: 'probabilities', data_type: 'TYPE_FP32', dims: ['2'] },
          ],
        }),
      },
    ],
  ])('%s', async (method, message, expected) => {
    expect((await ask(method, message)).value).toMatchObject(expected);
  });

  it('says what runs, and refuses to load by hand', async () => {
    const { value } = await ask('RepositoryIndex', { ready: true });
    expect(value['models']).toContainEqual({ name: 'loans', version: '1.0.0', state: 'READY', reason: '' });
    await expect(ask('RepositoryModelLoad', { model_name: 'loans' })).rejects.toMatchObject({
      code: codes.PERMISSION_DENIED,
      details: expect.stringContaining('git decides'),
    });
  });

  it('is healthy by grpc.health.v1, as a whole and by model', async () => {
    for (const service of ['', 'inference.GRPCInferenceService', 'loans'])
      expect((await ask('Check', { service }, new Metadata(), clients.health)).value).toEqual({ status: 'SERVING' });
    await expect(ask('Check', { service: 'nobody' }, new Metadata(), clients.health)).rejects.toMatchObject({
      code: codes.NOT_FOUND,
    });
  });

  it('counts what it answered, by version', async () => {
    const before = await statisticsOf('int8');
    await ask('ModelInfer', {
      model_name: 'int8',
      inputs: [{ name: 'x', datatype: 'INT8', shape: [3, 2] }],
      raw_input_contents: [Buffer.alloc(6)],
    });
    const after = await statisticsOf('int8');
    expect(Number(after['inference_count']) - Number(before['inference_count'])).toBe(3);
    expect(Number(after['execution_count']) - Number(before['execution_count'])).toBe(1);
    expect(after).toMatchObject({
      name: 'int8',
      version: '1.0.0',
      inference_stats: { compute_infer: { count: after['execution_count'] } },
    });
    expect(Number(after['last_inference'])).toBeGreaterThan(Number(before['last_inference']));
  });
  const statisticsOf = async (name: string): Promise<Readonly<Record<string, unknown>>> => {
    const { value } = await ask('ModelStatistics', { name });
    return (value['model_stats'] as readonly Readonly<Record<string, unknown>>[])[0] ?? {};
  };
});

describe('ModelInfer', () => {
  it('answers raw tensors with raw tensors, echoes the id, and says who answered', async () => {
    const sent = floats(1.5, NaN, -2, Infinity);
    const { value, metadata } = await inferFloats([2, 2], [sent], { id: 'seven' });
    expect(value).toMatchObject({
      model_name: 'fp32',
      model_version: '1.0.0',
      id: 'seven',
      outputs: [{ name: 'y', datatype: 'FP32', shape: ['2', '2'] }],
    });
    expect(value['raw_output_contents']).toEqual([sent]);
    expect(metadata.get('x-slipway-id')[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(metadata.get('x-slipway-model-version')).toEqual(['1.0.0']);
  });

  it.each([
    ['FP32', { fp32_contents: [1.5, -2] }, floats(1.5, -2)],
    ['FP32', { fp32_contents: [Infinity, -0] }, floats(Infinity, -0)],
    ['FP32', { fp32_contents: [NaN, -Infinity] }, floats(NaN, -Infinity)],
    [
      'INT64',
      { int64_contents: ['-9007199254740993', '5'] },
      Buffer.from(BigInt64Array.of(-9_007_199_254_740_993n, 5n).buffer),
    ],
    [
      'UINT64',
      { uint64_contents: ['18446744073709551615', '1'] },
      Buffer.from(BigUint64Array.of(2n ** 64n - 1n, 1n).buffer),
    ],
    ['INT8', { int_contents: [-128, 127] }, Buffer.from(Int8Array.of(-128, 127).buffer)],
    ['BOOL', { bool_contents: [true, false] }, Buffer.of(1, 0)],
    [
      'BYTES',
      { bytes_contents: [Buffer.from('grün'), Buffer.from('')] },
      Buffer.concat([Buffer.of(5, 0, 0, 0), Buffer.from('grün'), Buffer.of(0, 0, 0, 0)]),
    ],
  ])('takes typed contents of %s', async (datatype, contents, raw) => {
    const { value } = await ask('ModelInfer', {
      model_name: datatype.toLowerCase(),
      inputs: [{ name: 'x', datatype, shape: [1, 2], contents }],
    });
    expect(value['raw_output_contents']).toEqual([raw]);
  });

  it.each([
    ['an unknown model', { model_name: 'nobody' }, codes.NOT_FOUND, /unknown model: 'nobody'/],
    ['an unknown version', { model_name: 'fp32', model_version: '9' }, codes.NOT_FOUND, /version 9 is not found/],
    ['a missing input', { model_name: 'fp32' }, codes.INVALID_ARGUMENT, /input "x" of model "fp32" 1.0.0 is missing/],
    [
      'a wrong shape',
      {
        model_name: 'fp32',
        inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3] }],
        raw_input_contents: [floats(1, 2, 3)],
      },
      codes.INVALID_ARGUMENT,
      /Expected \[-1,2\], got \[1,3\]/,
    ],
    [
      'a wrong datatype',
      {
        model_name: 'fp32',
        inputs: [{ name: 'x', datatype: 'FP64', shape: [1, 2] }],
        raw_input_contents: [Buffer.alloc(16)],
      },
      codes.INVALID_ARGUMENT,
      /expected datatype FP32, got FP64/,
    ],
    [
      'too few bytes',
      { model_name: 'fp32', inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2] }], raw_input_contents: [floats(1)] },
      codes.INVALID_ARGUMENT,
      /are 8 bytes, binary_data_size is 4/,
    ],
    [
      'more raw tensors than inputs',
      {
        model_name: 'fp32',
        inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2] }],
        raw_input_contents: [floats(1, 2), floats(3)],
      },
      codes.INVALID_ARGUMENT,
      /holds 2 tensors, inputs names 1/,
    ],
    [
      'raw and typed at once',
      {
        model_name: 'fp32',
        inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], contents: { fp32_contents: [1, 2] } }],
        raw_input_contents: [floats(1, 2)],
      },
      codes.INVALID_ARGUMENT,
      /has one of both/,
    ],
    [
      'a typed FP16',
      { model_name: 'fp16', inputs: [{ name: 'x', datatype: 'FP16', shape: [1, 2], contents: {} }] },
      codes.INVALID_ARGUMENT,
      /travels in raw_input_contents only/,
    ],
  ])('refuses %s with a status and a sentence', async (_, message, code, details) => {
    await expect(ask('ModelInfer', message)).rejects.toMatchObject({ code, details: expect.stringMatching(details) });
  });

  it('is written into the same log, and found by its id', async () => {
    const metadata = new Metadata();
    const tensor = (name: string, value: number) => ({
      name,
      datatype: 'FP32',
      shape: [1, 1],
      contents: { fp32_contents: [value] },
    });
    const inputs = [
      tensor('age', 41),
      tensor('employment_years', 6.5),
      tensor('income', 52_000),
      { name: 'region', datatype: 'BYTES', shape: [1, 1], contents: { bytes_contents: [Buffer.from('west')] } },
    ];
    const answer = await ask('ModelInfer', { model_name: 'loans', inputs }, metadata);
    const [, probabilities] = answer.value['raw_output_contents'] as readonly Buffer[];
    // What onnxruntime answers for these four values.
    expect(new Float32Array(Uint8Array.from(probabilities ?? []).buffer)[1]).toBeCloseTo(0.162046, 6);
    const found = (await (
      await fetch(`${fleet.url}/v1/predictions/${String(answer.metadata.get('x-slipway-id')[0])}`)
    ).json()) as { rows: { inputs: unknown }[] };
    expect(found.rows[0]?.inputs).toEqual({ age: 41, employment_years: 6.5, income: 52_000, region: 'west' });
  });

  it('takes a message of 20 MB, beyond gRPC’s own limit of 4', async () => {
    const rows = 2_500_000;
    const sent = Buffer.alloc(rows * 8, 1);
    const { value } = await inferFloats([rows, 2], [sent]);
    const [back] = value['raw_output_contents'] as readonly Buffer[];
    expect(back?.equals(sent)).toBe(true);
  });

  it('answers many at once over one connection, each its own', async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => inferFloats([1, 2], [floats(i, -i)], { id: String(i) })),
    );
    answers.forEach(({ value }, i) =>
      expect([value['id'], value['raw_output_contents']]).toEqual([String(i), [floats(i, -i)]]),
    );
  });
});

it('V2 over HTTP tells statistics, configuration and index alike', async () => {
  const get = async (path: string) => (await fetch(`${fleet.url}${path}`)).json();
  expect(await get('/v2/models/fp32/config')).toMatchObject({
    max_batch_size: 64,
    input: [{ name: 'x', data_type: 'TYPE_FP32', dims: [2] }],
  });
  expect(await get('/v2/models/fp32/versions/1.0.0/stats')).toMatchObject({
    model_stats: [{ name: 'fp32', inference_stats: { success: { count: expect.any(Number) } } }],
  });
  expect(((await get('/v2/models/stats')) as { model_stats: unknown[] }).model_stats.length).toBe(8);
  const index = await fetch(`${fleet.url}/v2/repository/index`, { method: 'POST', body: '' });
  expect(await index.json()).toContainEqual({ name: 'fp32', version: '1.0.0', state: 'READY', reason: '' });
  const load = await fetch(`${fleet.url}/v2/repository/models/fp32/load`, { method: 'POST', body: '' });
  expect(load.status).toBe(403);
});

it('a caller’s token is asked for over gRPC as over HTTP', async () => {
  const guarded = await openTestFleet({ grpcPort: 0, callerToken: 'open sesame' });
  try {
    const { target, bytes } = awkwardRevision('fp32.onnx', '', 'datatypes');
    await guarded.bring(bytes, target);
    await guarded.turn(target.model, [{ revision: target.revision, weight: 100 }]);
    await guarded.ready(target.model, target.revision);
    const client = clientOf(PROTO, ['inference', 'GRPCInferenceService'], guarded.grpc ?? '');
    const message = {
      model_name: 'fp32',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2] }],
      raw_input_contents: [floats(1, 2)],
    };
    await expect(ask('ModelInfer', message, new Metadata(), client)).rejects.toMatchObject({
      code: codes.UNAUTHENTICATED,
    });
    const metadata = new Metadata();
    metadata.set('authorization', 'Bearer open sesame');
    expect((await ask('ModelInfer', message, metadata, client)).value['raw_output_contents']).toEqual([floats(1, 2)]);
    client.close();
  } finally {
    await guarded.close();
  }
});
