import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestFleet, openTestFleet } from '../daemon/test-fleet.ts';
import { awkwardRevision, loansFiles, loansRecord, loansRevision } from '../daemon/loans.fixture.ts';

/** One fleet for all: nothing here changes it. */
let fleet: TestFleet;
const loans = loansRevision('1.0.0', 'v1_champion');
const AWKWARD: Readonly<Record<string, string>> = {
  'int64_identity.onnx': '',
  'bool_in_string_out.onnx': '',
  'three_outputs.onnx': '',
  'nan_output.onnx': '',
  'fixed_batch_1.onnx': 'columns: { x: { type: list } }\noutputs: { task: multiclass, classes: [a, b, c] }',
  'dynamic_batch.onnx': '',
  'float64_io.onnx': '',
  'optional_default_input.onnx': '',
  'external_ok.onnx': '',
};

beforeAll(async () => {
  fleet = await openTestFleet();
  await fleet.bring(loansFiles(), loans);
  await fleet.turn('loans', [{ revision: loans.revision, weight: 100 }]);
  const awkward = Object.entries(AWKWARD).map(([file, more]) => awkwardRevision(file, more));
  for (const { target, bytes } of awkward) {
    await fleet.bring(bytes, target);
    await fleet.turn(target.model, [{ revision: target.revision, weight: 100 }]);
  }
  for (const { model, revision } of [loans, ...awkward.map(({ target }) => target)]) await fleet.ready(model, revision);
});
afterAll(async () => {
  await fleet.close();
});

const tensor = (name: string, datatype: string, shape: readonly number[], data: readonly unknown[]) => ({
  name,
  datatype,
  shape,
  data,
});
const loansTensors = [
  tensor('age', 'FP32', [1, 1], [41]),
  tensor('employment_years', 'FP32', [1, 1], [6.5]),
  tensor('income', 'FP32', [1, 1], [52_000]),
  tensor('region', 'BYTES', [1, 1], ['west']),
];

async function answerOf(response: Response): Promise<{ readonly status: number; readonly body: unknown }> {
  return { status: response.status, body: await response.json() };
}

const get = async (path: string) => answerOf(await fetch(`${fleet.url}${path}`));
const infer = async (model: string, body: unknown) => answerOf(await fleet.infer(model, body));
/** A body as it is, byte for byte. */
const postText = async (path: string, body: string, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`${fleet.url}${path}`, { method: 'POST', body, headers });

describe('V2: what a server and a model are', () => {
  it.each([
    [
      '/v2',
      {
        name: 'slipway',
        version: expect.any(String),
        extensions: expect.arrayContaining(['binary_tensor_data', 'statistics']),
      },
    ],
    ['/v2/health/live', { live: true }],
    ['/v2/health/ready', { ready: true }],
    ['/v2/models/loans/ready', { name: 'loans', ready: true }],
    ['/v2/models/loans/versions/1.0.0/ready', { name: 'loans', ready: true }],
    [
      '/v2/models/loans',
      {
        name: 'loans',
        versions: ['1.0.0'],
        platform: 'onnxruntime_onnx',
        inputs: [
          { name: 'age', datatype: 'FP32', shape: [-1, 1] },
          { name: 'employment_years', datatype: 'FP32', shape: [-1, 1] },
          { name: 'income', datatype: 'FP32', shape: [-1, 1] },
          { name: 'region', datatype: 'BYTES', shape: [-1, 1] },
        ],
        outputs: [
          { name: 'label', datatype: 'INT64', shape: [-1] },
          { name: 'probabilities', datatype: 'FP32', shape: [-1, 2] },
        ],
      },
    ],
  ])('%s', async (path, body) => {
    const answer = await get(path);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject(body);
  });
});

describe('V2: infer', () => {
  it('echoes the id, answers every output, and says in headers who answered', async () => {
    const response = await fleet.infer('loans', { id: 'a "quoted" id', inputs: loansTensors });
    expect(response.headers.get('x-slipway-revision')).toBe(loans.revision);
    expect(response.headers.get('x-slipway-model-version')).toBe('1.0.0');
    expect(response.headers.get('x-slipway-id')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(await response.json()).toEqual({
      id: 'a "quoted" id',
      model_name: 'loans',
      model_version: '1.0.0',
      outputs: [
        { name: 'label', datatype: 'INT64', shape: [1], data: [0] },
        // What onnxruntime answers for these four values.
        {
          name: 'probabilities',
          datatype: 'FP32',
          shape: [1, 2],
          data: [expect.any(Number), expect.closeTo(0.162046, 6)],
        },
      ],
    });
  });

  it('answers exactly the outputs that were asked for, in their order, and no id when none was given', async () => {
    const outputs = [{ name: 'probabilities' }, { name: 'label' }];
    const { body } = await infer('loans', { inputs: loansTensors, outputs });
    expect(body).not.toHaveProperty('id');
    expect((body as { outputs: { name: string }[] }).outputs.map(({ name }) => name)).toEqual([
      'probabilities',
      'label',
    ]);
  });

  it('takes nested data as well as flat', async () => {
    const rows = [
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ];
    const nested = await infer('dynamic-batch', { inputs: [tensor('x', 'FP32', [2, 4], rows)] });
    const flat = await infer('dynamic-batch', { inputs: [tensor('x', 'FP32', [2, 4], rows.flat())] });
    expect(nested.status).toBe(200);
    expect(nested.body).toEqual(flat.body);
  });

  it('keeps 64-bit integers beyond 2^53 exact, both ways', async () => {
    const response = await postText(
      '/v2/models/int64-identity/infer',
      '{"inputs":[{"name":"x","datatype":"INT64","shape":[3],"data":[9007199254740993,-9223372036854775808,7]}]}',
    );
    expect(await response.text()).toContain('"data":[9007199254740993,-9223372036854775808,7]');
  });

  it('carries booleans and text', async () => {
    const { body } = await infer('bool-in-string-out', { inputs: [tensor('x', 'BOOL', [3], [true, false, 1])] });
    expect(body).toMatchObject({ outputs: [{ name: 'y', datatype: 'BYTES', shape: [3], data: ['yes', 'no', 'yes'] }] });
  });

  it('writes NaN and infinity as null, since JSON has neither, and says how many', async () => {
    const response = await fleet.infer('nan-output', {
      inputs: [tensor('x', 'FP32', [2, 4], [-1, 0, 1, 1, 1, 1, 1, 1])],
    });
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      parameters: { non_finite: 2 },
      outputs: [{ data: [null, null, 0, 0, 0, 0, 0, 0] }],
    });
  });

  it('takes an empty batch', async () => {
    const { status, body } = await infer('dynamic-batch', { inputs: [tensor('x', 'FP32', [0, 4], [])] });
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({ outputs: [{ name: 'y', datatype: 'FP32', shape: [0, 3], data: [] }] }),
    ]);
  });

  it('answers by version, and 404 for a version that is not served', async () => {
    const versioned = await postText('/v2/models/loans/versions/1.0.0/infer', JSON.stringify({ inputs: loansTensors }));
    expect(versioned.status).toBe(200);
    const unknown = await answerOf(
      await postText('/v2/models/loans/versions/3.0.0/infer', JSON.stringify({ inputs: loansTensors })),
    );
    expect(unknown).toEqual({ status: 404, body: { error: expect.stringContaining('served: 1.0.0') } });
  });

  it('runs concurrent requests together, and each gets its own rows', async () => {
    const alone = await Promise.all(
      Array.from({ length: 40 }, async (_, k) => {
        const { body } = await infer('dynamic-batch', { inputs: [tensor('x', 'FP32', [1, 4], [k, 1, 2, 3])] });
        return (body as { outputs: { data: number[] }[] }).outputs[0]?.data;
      }),
    );
    const { body } = await infer('dynamic-batch', {
      inputs: [
        tensor(
          'x',
          'FP32',
          [40, 4],
          Array.from({ length: 40 }, (_, k) => [k, 1, 2, 3]),
        ),
      ],
    });
    const together = (body as { outputs: { data: number[] }[] }).outputs[0]?.data ?? [];
    for (const [k, row] of alone.entries())
      for (const [j, value] of (row ?? []).entries()) expect(value).toBeCloseTo(together[k * 3 + j] ?? Number.NaN, 4);
  });

  it('ignores an input that no revision knows, and takes the same request without it', async () => {
    const { status } = await infer('loans', { inputs: [...loansTensors, tensor('shoe_size', 'FP32', [1, 1], [43])] });
    expect(status).toBe(200);
  });
});

describe('V2: refusals are JSON that says what was found and what was expected', () => {
  const x = (datatype: string, shape: readonly number[], data: readonly unknown[]) => ({
    inputs: [tensor('x', datatype, shape, data)],
  });
  it.each([
    ['no JSON', 'dynamic-batch', '{"inputs":', 400, /is not JSON/],
    ['no inputs', 'dynamic-batch', {}, 400, /inputs must be a list of tensors, found nothing/],
    [
      'an unknown datatype',
      'dynamic-batch',
      x('FLOAT', [1, 4], [1, 2, 3, 4]),
      400,
      /datatype must be one of BOOL, .*found string "FLOAT"/,
    ],
    ['another datatype', 'dynamic-batch', x('FP64', [1, 4], [1, 2, 3, 4]), 400, /expected datatype FP32, got FP64/],
    ['another shape', 'dynamic-batch', x('FP32', [1, 5], [1, 2, 3, 4, 5]), 400, /Expected \[-1,4\], got \[1,5\]/],
    ['another rank', 'dynamic-batch', x('FP32', [4], [1, 2, 3, 4]), 400, /Expected \[-1,4\], got \[4\]/],
    [
      'two rows for a fixed batch of one',
      'fixed-batch-1',
      x('FP32', [2, 4], [1, 2, 3, 4, 5, 6, 7, 8]),
      400,
      /Expected \[1,4\], got \[2,4\]/,
    ],
    ['too few values', 'dynamic-batch', x('FP32', [1, 4], [1, 2, 3]), 400, /holds 4 values, data has 3/],
    [
      'uneven nesting',
      'dynamic-batch',
      x(
        'FP32',
        [2, 4],
        [
          [1, 2, 3, 4],
          [5, 6, 7],
        ],
      ),
      400,
      /nested with 3 values along axis 1, shape says 4/,
    ],
    ['text for a number', 'dynamic-batch', x('FP32', [1, 4], [1, 2, 3, '4']), 400, /holds numbers, found string "4"/],
    [
      'a number beyond its datatype',
      'dynamic-batch',
      x('FP32', [1, 4], [1, 2, 3, 1e39]),
      400,
      /1e\+39 is beyond what FP32 holds/,
    ],
    [
      'a fraction for an integer',
      'int64-identity',
      x('INT64', [1], [1.5]),
      400,
      /holds integers from -9223372036854775808/,
    ],
    [
      'an integer out of range',
      'int64-identity',
      '{"inputs":[{"name":"x","datatype":"INT64","shape":[1],"data":[9223372036854775808]}]}',
      400,
      /found bigint 9223372036854775808/,
    ],
    ['a missing integer', 'int64-identity', x('INT64', [1], [null]), 400, /found null/],
    [
      'text with a NUL',
      'loans',
      { inputs: [...loansTensors.slice(0, 3), tensor('region', 'BYTES', [1, 1], ['we\0st'])] },
      400,
      /NUL/,
    ],
    [
      'a negative dimension',
      'dynamic-batch',
      x('FP32', [-1, 4], [1, 2, 3, 4]),
      400,
      /shape must be a list of integers from 0/,
    ],
    [
      'an input too few',
      'loans',
      { inputs: loansTensors.slice(1) },
      400,
      /input "age" of model "loans" 1\.0\.0 is missing/,
    ],
    [
      'an input twice',
      'dynamic-batch',
      { inputs: [tensor('x', 'FP32', [1, 4], [1, 2, 3, 4]), tensor('x', 'FP32', [1, 4], [1, 2, 3, 4])] },
      400,
      /twice/,
    ],
    [
      'an unknown output',
      'three-outputs',
      { inputs: [], outputs: [{ name: 'nope' }] },
      400,
      /is missing|has no output/,
    ],
    ['an unknown model', 'nobody', x('FP32', [1, 4], [1, 2, 3, 4]), 404, /unknown model: 'nobody'/],
  ])('%s', async (_, model, body, status, message) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await answerOf(await postText(`/v2/models/${model}/infer`, text));
    expect(answer).toEqual({ status, body: { error: expect.stringMatching(message) } });
  });

  it.each([
    ['GET', '/v2/models/loans/infer', 405, 'POST'],
    ['POST', '/v2/health/live', 405, 'GET, HEAD'],
    ['DELETE', '/v2/models/loans', 405, 'GET, HEAD'],
    ['GET', '/nowhere', 404, null],
    ['GET', '/v2/models/%E0%A4%A', 400, null],
    ['POST', '/v2/repository/models/loans/unload', 403, null],
    ['POST', '/v1/models/loans:unheard-of', 404, null],
  ])('%s %s is %i', async (method, path, status, allow) => {
    const response = await fetch(`${fleet.url}${path}`, { method });
    expect(response.headers.get('allow')).toBe(allow);
    expect({ status: response.status, body: await response.json() }).toEqual({
      status,
      body: { error: expect.any(String) },
    });
  });

  it('a path may come with its server, as proxies write it', async () => {
    const { hostname, port } = new URL(fleet.url);
    const status = await new Promise((resolve, reject) => {
      request({ hostname, port, path: 'http://fleet.example/v2/models/loans/ready?a=b' }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(200);
  });

  it('413 for a body beyond the limit, before it has been sent', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const asking = request(
        `${fleet.url}/v2/models/loans/infer`,
        { method: 'POST', headers: { 'content-length': 2 ** 31 } },
        (response) => {
          response.resume();
          resolve(response.statusCode);
          asking.destroy();
        },
      );
      asking.on('error', reject);
      asking.flushHeaders();
    });
    expect(status).toBe(413);
  });
});

describe('V1: records', () => {
  it('answers one prediction a record, by the manifest’s columns', async () => {
    const response = await postText(
      '/v1/models/loans:predict',
      JSON.stringify({ instances: [loansRecord, { ...loansRecord, age: 200 }] }),
    );
    expect(await response.json()).toEqual({
      id: response.headers.get('x-slipway-id'),
      model: 'loans',
      version: '1.0.0',
      revision: loans.revision,
      predictions: [
        { score: expect.closeTo(0.162046, 6), class: 0, flags: [] },
        { score: expect.any(Number), class: 0, flags: ['age: outside 18 to 100'] },
      ],
      flags: ['unused: debt_ratio', 'unused: group'],
    });
  });

  it('names the row, the column, the value and what is expected when it refuses', async () => {
    const { status, body } = await answerOf(
      await postText(
        '/v1/models/loans:predict',
        JSON.stringify({ instances: [loansRecord, { ...loansRecord, age: 'forty', region: null, income: undefined }] }),
      ),
    );
    expect(status).toBe(400);
    expect(body).toEqual({
      error: expect.stringMatching(
        /row 1, column "age": found "forty", expected a finite number.*row 1, column "income": found no such key/,
      ),
    });
  });

  it('answers a graph of one row a run, record by record', async () => {
    const instances = [{ x: [1, 2, 3, 4] }, { x: [5, 6, 7, 8] }];
    const { status, body } = await answerOf(
      await postText('/v1/models/fixed-batch-1:predict', JSON.stringify({ instances })),
    );
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({ predictions: [expect.anything(), expect.anything()] }),
    ]);
  });

  it.each(['{}', '{"instances": {}}', '{"instances": [1]}', 'nonsense'])('refuses %s', async (body) => {
    expect((await postText('/v1/models/loans:predict', body)).status).toBe(400);
  });
});
