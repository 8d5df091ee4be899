import { gunzipSync, gzipSync, deflateSync, inflateSync } from 'node:zlib';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestFleet, openTestFleet } from '../daemon/test-fleet.ts';
import { awkwardRevision, loansFiles, loansRevision } from '../daemon/loans.fixture.ts';
import { halfOfNumber } from '../model/datatype.ts';

/** One fleet for all: a graph a datatype that answers what it is asked. Nothing here changes it, but for one model's arms. */
let fleet: TestFleet;

const utf8 = (...texts: readonly string[]): Buffer =>
  Buffer.concat(
    texts.flatMap((text) => {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
const bytesOf = (view: ArrayBufferView): Buffer => Buffer.from(view.buffer, view.byteOffset, view.byteLength);

/** Two values of each datatype, at its edges where it has them, as JSON and as the bytes of the specification. */
const DATATYPES = {
  BOOL: { json: [true, false], bytes: Buffer.of(1, 0) },
  UINT8: { json: [0, 255], bytes: Buffer.of(0, 255) },
  UINT16: { json: [1, 65_535], bytes: bytesOf(Uint16Array.of(1, 65_535)) },
  UINT32: { json: [1, 4_294_967_295], bytes: bytesOf(Uint32Array.of(1, 4_294_967_295)) },
  UINT64: { json: [1, 18_446_744_073_709_551_615n], bytes: bytesOf(BigUint64Array.of(1n, 2n ** 64n - 1n)) },
  INT8: { json: [-128, 127], bytes: bytesOf(Int8Array.of(-128, 127)) },
  INT16: { json: [-32_768, 32_767], bytes: bytesOf(Int16Array.of(-32_768, 32_767)) },
  INT32: { json: [-2_147_483_648, 2_147_483_647], bytes: bytesOf(Int32Array.of(-(2 ** 31), 2 ** 31 - 1)) },
  INT64: { json: [-9_007_199_254_740_993n, 5], bytes: bytesOf(BigInt64Array.of(-9_007_199_254_740_993n, 5n)) },
  FP16: { json: [0.5, -2], bytes: bytesOf(Uint16Array.of(halfOfNumber(0.5), halfOfNumber(-2))) },
  FP32: { json: [1.5, -0.25], bytes: bytesOf(Float32Array.of(1.5, -0.25)) },
  FP64: { json: [0.1, 1e300], bytes: bytesOf(Float64Array.of(0.1, 1e300)) },
  BYTES: { json: ['', 'grün 🟢'], bytes: utf8('', 'grün 🟢') },
};

const loans = loansRevision('1.0.0', 'v1_champion');

beforeAll(async () => {
  fleet = await openTestFleet();
  await fleet.bring(loansFiles(), loans);
  await fleet.turn('loans', [{ revision: loans.revision, weight: 100 }]);
  const graphs = [...Object.keys(DATATYPES).map((name) => name.toLowerCase()), 'pair'].map((name) =>
    awkwardRevision(
      `${name}.onnx`,
      name === 'pair' ? 'outputs: { task: multiclass, score: { output: scores }, classes: [red, green, blue] }' : '',
      'datatypes',
    ),
  );
  for (const { target, bytes } of graphs) {
    await fleet.bring(bytes, target);
    await fleet.turn(target.model, [{ revision: target.revision, weight: 100 }]);
  }
  for (const { target } of graphs) await fleet.ready(target.model, target.revision);
  await fleet.ready('loans', loans.revision);
});
afterAll(async () => {
  await fleet.close();
});

/** JSON with integers of any size. */
const jsonOf = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? `#${each}#` : each)).replace(
    /"#(-?\d+)#"/g,
    '$1',
  );

interface Message {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Posts bytes as they are: `fetch` would unpack the answer and name encodings of its own. */
function post(
  path: string,
  body: Uint8Array,
  headers: Readonly<Record<string, string | number>> = {},
): Promise<Message> {
  return new Promise((resolve, reject) => {
    const asking = request(
      `${fleet.url}${path}`,
      { method: 'POST', headers: { 'content-length': body.length, ...headers } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
        );
      },
    );
    asking.on('error', reject);
    asking.end(body);
  });
}

const JSON_LENGTH = 'inference-header-content-length';
const inferPath = (model: string) => `/v2/models/${model}/infer`;
const binary = (
  model: string,
  json: unknown,
  tail: Uint8Array,
  headers: Readonly<Record<string, string | number>> = {},
) => {
  const text = Buffer.from(jsonOf(json));
  return post(inferPath(model), Buffer.concat([text, tail]), { [JSON_LENGTH]: text.length, ...headers });
};

/** An answer taken apart: its JSON, and the bytes behind it. */
function taken({ headers, body }: Message): { readonly json: unknown; readonly text: string; readonly tail: Buffer } {
  const length = headers[JSON_LENGTH] === undefined ? body.length : Number(headers[JSON_LENGTH]);
  const text = body.toString('utf8', 0, length);
  return { text, json: JSON.parse(text), tail: body.subarray(length) };
}

describe('every datatype, as JSON and as bytes, in and out', () => {
  const names = Object.keys(DATATYPES) as (keyof typeof DATATYPES)[];
  const cases = names.flatMap((datatype) =>
    ['JSON', 'bytes'].flatMap((asked) => ['JSON', 'bytes'].map((answered) => [datatype, asked, answered] as const)),
  );
  it.each(cases)('%s asked as %s, answered as %s', async (datatype, asked, answered) => {
    const { json, bytes } = DATATYPES[datatype];
    const head = { name: 'x', datatype, shape: [1, 2] };
    const input =
      asked === 'JSON' ? { ...head, data: json } : { ...head, parameters: { binary_data_size: bytes.length } };
    const outputs = [{ name: 'y', parameters: { binary_data: answered === 'bytes' } }];
    const tail = asked === 'JSON' ? Buffer.alloc(0) : bytes;
    const answer = await binary(datatype.toLowerCase(), { id: 'a', inputs: [input], outputs }, tail);
    expect([answer.status, answer.body.toString('latin1')]).toEqual([200, expect.anything()]);
    const { text, tail: back } = taken(answer);
    const isText = answered === 'JSON';
    const data = isText ? `"data":${jsonOf(json)}` : `"parameters":{"binary_data_size":${bytes.length}}`;
    const model = datatype.toLowerCase();
    expect(text).toBe(
      `{"id":"a","model_name":"${model}","model_version":"1.0.0","outputs":[{"name":"y","datatype":"${datatype}","shape":[1,2],${data}}]}`,
    );
    expect(back.toString('hex')).toBe(isText ? '' : bytes.toString('hex'));
    expect(answer.headers['content-type']).toBe(isText ? 'application/json' : 'application/octet-stream');
    expect(answer.headers[JSON_LENGTH]).toBe(isText ? undefined : String(Buffer.byteLength(text)));
  });
});

const pairInputs = [
  { name: 'a', datatype: 'FP32', shape: [2, 3], parameters: { binary_data_size: 24 } },
  { name: 'b', datatype: 'BYTES', shape: [2], data: ['x', 'y'] },
];
const pairBytes = bytesOf(Float32Array.of(0.1, 0.7, 0.2, NaN, Infinity, -Infinity));

describe('the binary extension', () => {
  it('mixes JSON and bytes, and answers all outputs as bytes when binary_data_output says so', async () => {
    const answer = await binary('pair', { inputs: pairInputs, parameters: { binary_data_output: true } }, pairBytes);
    const { json, tail } = taken(answer);
    expect(json).toMatchObject({
      outputs: [
        { name: 'scores', shape: [2, 3], parameters: { binary_data_size: 24 } },
        { name: 'text', shape: [2], parameters: { binary_data_size: 10 } },
      ],
    });
    // NaN and infinities, which JSON has no word for, travel as they are.
    expect(tail.toString('hex')).toBe(Buffer.concat([pairBytes, utf8('x', 'y')]).toString('hex'));
  });

  it('says of each output for itself how it comes', async () => {
    const outputs = [{ name: 'text' }, { name: 'scores', parameters: { binary_data: true } }];
    const { json, tail } = taken(await binary('pair', { inputs: pairInputs, outputs }, pairBytes));
    expect(json).toMatchObject({ outputs: [{ name: 'text', data: ['x', 'y'] }, { name: 'scores' }] });
    expect(tail).toEqual(pairBytes);
  });

  it('takes a body without JSON as the one input of the model, and answers bytes', async () => {
    const row = bytesOf(Float32Array.of(1, 2));
    const answer = await post(inferPath('fp32'), row, { [JSON_LENGTH]: 0 });
    expect(taken(answer)).toMatchObject({ json: { outputs: [{ name: 'y', shape: [1, 2] }] }, tail: row });
    const refused = await post(inferPath('pair'), row, { [JSON_LENGTH]: 0 });
    expect([refused.status, taken(refused).json]).toEqual([400, { error: expect.stringContaining('takes 2 inputs') }]);
  });

  it('answers an empty batch with no bytes', async () => {
    const input = { name: 'x', datatype: 'FP32', shape: [0, 2], parameters: { binary_data_size: 0 } };
    const answer = await binary('fp32', { inputs: [input], parameters: { binary_data_output: true } }, Buffer.alloc(0));
    expect(taken(answer)).toMatchObject({
      json: { outputs: [{ shape: [0, 2], parameters: { binary_data_size: 0 } }] },
    });
  });

  const one = (more: object) => ({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], ...more }] });
  const size = (bytes: unknown) => ({ parameters: { binary_data_size: bytes } });
  it.each([
    ['bytes that are missing', one(size(8)), 4, /expecting 4 additional bytes: binary_data_size is 8, and 4 are left/],
    ['bytes that belong to nobody', one(size(8)), 12, /unexpected additional input data: 4 bytes belong to no input/],
    ['a size that is not the shape’s', one(size(4)), 4, /2 elements of FP32 are 8 bytes, binary_data_size is 4/],
    ['a size that is no number', one(size('8')), 8, /binary_data_size must be a number of bytes, found string "8"/],
    ['a negative size', one(size(-8)), 8, /binary_data_size must be a number of bytes/],
    ['JSON and bytes at once', one({ ...size(8), data: [1, 2] }), 8, /has both data and binary_data_size/],
    ['neither', one({}), 0, /data must be a list of values/],
    [
      'a shape of 10⁹ elements',
      { inputs: [{ ...one(size(8)).inputs[0], shape: [500_000_000, 2] }] },
      8,
      /more than 268435456 elements/,
    ],
    ['parameters that are no object', one({ parameters: 7 }), 0, /parameters must be an object/],
    [
      'a wish that is neither true nor false',
      { ...one(size(8)), outputs: [{ name: 'y', parameters: { binary_data: 1 } }] },
      8,
      /binary_data must be true or false/,
    ],
  ])('refuses %s with what was found and expected', async (_, json, bytes, error) => {
    const answer = await binary('fp32', json, Buffer.alloc(bytes));
    expect([answer.status, taken(answer).json]).toEqual([400, { error: expect.stringMatching(error) }]);
  });

  it.each([
    ['a length that is cut off', Buffer.of(1, 0), /the length of element 0 is cut off/],
    [
      'a length beyond the bytes',
      Buffer.of(200, 0, 0, 0, 65),
      /element 0 is said to be 200 bytes long, and 1 are left/,
    ],
    ['too few elements', utf8('a'), /the shape holds 2 elements, the bytes hold 1/],
    ['too many elements', utf8('a', 'b', 'c'), /hold 2 and 5 bytes more/],
    ['text that is not UTF-8', Buffer.concat([Buffer.of(1, 0, 0, 0, 0xff), utf8('b')]), /element 0 is not valid UTF-8/],
    ['a NUL', utf8('a', 'b\0c'), /element 1 holds a NUL character/],
  ])('refuses BYTES with %s', async (_, tail, error) => {
    const json = {
      inputs: [{ name: 'x', datatype: 'BYTES', shape: [1, 2], parameters: { binary_data_size: tail.length } }],
    };
    const answer = await binary('bytes', json, tail);
    expect([answer.status, taken(answer).json]).toEqual([400, { error: expect.stringMatching(error) }]);
  });

  it.each(['-1', 'ten', '1e3', '999999', ''])('refuses the header length %j', async (length) => {
    const answer = await post(inferPath('fp32'), Buffer.from('{"inputs":[]}'), { [JSON_LENGTH]: length });
    expect([answer.status, taken(answer).json]).toEqual([
      400,
      { error: expect.stringMatching(/must be a number from 0 to the body's 13 bytes/) },
    ]);
  });

  it('belongs to tensors: records refuse it', async () => {
    const answer = await post('/v1/models/loans:predict', Buffer.from('{}xx'), { [JSON_LENGTH]: 2 });
    expect(answer.status).toBe(415);
  });

  it('refuses a BOOL that is neither 0 nor 1', async () => {
    const json = { inputs: [{ name: 'x', datatype: 'BOOL', shape: [1, 2], parameters: { binary_data_size: 2 } }] };
    const answer = await binary('bool', json, Buffer.of(1, 7));
    expect([answer.status, taken(answer).json]).toEqual([
      400,
      { error: expect.stringMatching(/found 7 at element 1/) },
    ]);
  });
});

describe('packed bodies', () => {
  const rows = 600;
  const many = Float32Array.from({ length: rows * 2 }, (_, i) => i / 8);
  const json = { inputs: [{ name: 'x', datatype: 'FP32', shape: [rows, 2], data: [...many] }] };

  it.each([
    ['gzip', gzipSync, gunzipSync],
    ['deflate', deflateSync, inflateSync],
  ] as const)('%s both ways', async (encoding, pack, unpack) => {
    const packed = pack(Buffer.from(JSON.stringify(json)));
    const headers = { 'content-encoding': encoding, 'accept-encoding': encoding };
    const answer = await post(inferPath('fp32'), packed, headers);
    expect([answer.status, answer.headers['content-encoding']]).toEqual([200, encoding]);
    expect(JSON.parse(unpack(answer.body).toString())).toMatchObject({
      outputs: [{ shape: [rows, 2], data: [...many] }],
    });
  });

  it('the header length counts the unpacked body', async () => {
    const text = Buffer.from(
      JSON.stringify({
        inputs: [{ name: 'x', datatype: 'FP32', shape: [rows, 2], parameters: { binary_data_size: many.byteLength } }],
        parameters: { binary_data_output: true },
      }),
    );
    const packed = gzipSync(Buffer.concat([text, bytesOf(many)]));
    const answer = await post(inferPath('fp32'), packed, {
      'content-encoding': 'gzip',
      'accept-encoding': 'gzip',
      [JSON_LENGTH]: text.length,
    });
    const { tail } = taken({ ...answer, body: gunzipSync(answer.body) });
    expect(tail).toEqual(bytesOf(many));
  });

  it('small answers, and callers that refuse, get plain ones', async () => {
    const small = Buffer.from(
      JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] }] }),
    );
    expect(
      (await post(inferPath('fp32'), small, { 'accept-encoding': 'gzip' })).headers['content-encoding'],
    ).toBeUndefined();
    const refusing = await post(inferPath('fp32'), Buffer.from(JSON.stringify(json)), {
      'accept-encoding': 'gzip;q=0, br',
    });
    expect(refusing.headers['content-encoding']).toBeUndefined();
  });

  it('refuses what is not what its encoding says, what it does not know, and a small body that unpacks to a huge one', async () => {
    const shouted = gzipSync(Buffer.from(JSON.stringify(json)));
    expect((await post(inferPath('fp32'), shouted, { 'content-encoding': 'GZIP' })).status).toBe(200);
    const spoiled = await post(inferPath('fp32'), Buffer.from('not gzip'), { 'content-encoding': 'gzip' });
    expect([spoiled.status, taken(spoiled).json]).toEqual([
      400,
      { error: expect.stringMatching(/the body is not gzip/) },
    ]);
    expect((await post(inferPath('fp32'), Buffer.from('x'), { 'content-encoding': 'br' })).status).toBe(415);
    const bomb = gzipSync(Buffer.alloc(65 * 2 ** 20, 0x20));
    expect(bomb.length).toBeLessThan(100_000);
    expect((await post(inferPath('fp32'), bomb, { 'content-encoding': 'gzip' })).status).toBe(413);
    const after = await post(inferPath('fp32'), Buffer.from(JSON.stringify(json)));
    expect(after.status).toBe(200);
  });
});

describe('large requests', () => {
  const ROWS = 20_000;
  const SIZES = [ROWS, ROWS + 1, 2 * ROWS];
  /** A tensor that no other request has. */
  const tensorOf = (index: number): Buffer => {
    const rows = SIZES[index % SIZES.length] ?? ROWS;
    return bytesOf(Float32Array.from({ length: 2 * rows }, (_, k) => index + k / 100_000));
  };
  const ask = async (index: number) => {
    const tensor = tensorOf(index);
    const shape = [tensor.length / 8, 2];
    // An id of another length for each, so that tensors begin at any place.
    const rest = { id: 'x'.repeat(index % 9), parameters: { binary_data_output: true } };
    const isText = index % 4 === 0;
    const data = isText
      ? { data: [...new Float32Array(Uint8Array.from(tensor).buffer)] }
      : { parameters: { binary_data_size: tensor.length } };
    const json = { ...rest, inputs: [{ name: 'x', datatype: 'FP32', shape, ...data }] };
    const text = Buffer.from(jsonOf(json));
    if (isText) return post(inferPath('fp32'), text);
    return binary('fp32', json, tensor);
  };

  it('that come at once and one after the other each get their own answer', async () => {
    for (let round = 0; round < 2; round++) {
      const indexes = Array.from({ length: 12 }, (_, k) => 100 * round + k);
      const answers = await Promise.all(indexes.map(ask));
      for (const [k, answer] of answers.entries()) {
        expect(answer.status).toBe(200);
        expect(taken(answer).tail.equals(tensorOf(indexes[k] ?? -1))).toBe(true);
      }
    }
  });
});

describe('the classification extension', () => {
  const inputs = [{ name: 'a', datatype: 'FP32', shape: [2, 3], data: [0.1, 0.7, 0.2, 0.5, 0.5, 0] }, pairInputs[1]];
  const classified = (classification: unknown) =>
    binary('pair', { inputs, outputs: [{ name: 'scores', parameters: { classification } }] }, Buffer.alloc(0));

  it('answers the greatest values of each row with their places and labels', async () => {
    expect(taken(await classified(2)).json).toMatchObject({
      outputs: [
        {
          name: 'scores',
          datatype: 'BYTES',
          shape: [2, 2],
          data: ['0.700000:1:green', '0.200000:2:blue', '0.500000:0:red', '0.500000:1:green'],
        },
      ],
    });
    expect(taken(await classified(9)).json).toMatchObject({ outputs: [{ shape: [2, 3] }] });
  });

  it.each([[0], ['two'], [1.5]])('refuses %j', async (classification) => {
    expect((await classified(classification)).status).toBe(400);
  });

  it('refuses text', async () => {
    const answer = await binary(
      'pair',
      { inputs, outputs: [{ name: 'text', parameters: { classification: 1 } }] },
      Buffer.alloc(0),
    );
    expect([answer.status, taken(answer).json]).toEqual([400, { error: expect.stringMatching(/"text" holds text/) }]);
  });
});

describe('behind the door', () => {
  const tensors = (data: (name: string) => object) => [
    { name: 'age', datatype: 'FP32', shape: [1, 1], ...data('age') },
    { name: 'employment_years', datatype: 'FP32', shape: [1, 1], ...data('employment_years') },
    { name: 'income', datatype: 'FP32', shape: [1, 1], ...data('income') },
    { name: 'region', datatype: 'BYTES', shape: [1, 1], ...data('region') },
  ];
  const asBytes = (): Promise<Message> =>
    binary(
      'loans',
      {
        inputs: tensors((name) => ({ parameters: { binary_data_size: name === 'region' ? 8 : 4 } })),
        parameters: { binary_data_output: true },
      },
      Buffer.concat([bytesOf(Float32Array.of(41, 6.5, 52_000)), utf8('west')]),
    );

  it('the log holds what came as bytes in the same columns as what came as JSON', async () => {
    const answer = await asBytes();
    const id = String(answer.headers['x-slipway-id']);
    const found = (await (await fetch(`${fleet.url}/v1/predictions/${id}`)).json()) as { rows: { inputs: unknown }[] };
    expect(found.rows[0]?.inputs).toEqual({ age: 41, employment_years: 6.5, income: 52_000, region: 'west' });
  });

  it('an arm in another process is asked, and answers, in bytes', async () => {
    const candidate = loansRevision('2.0.0', 'v1b_equivalent');
    await fleet.bring(loansFiles(), candidate);
    await fleet.turn('loans', [
      { revision: loans.revision, weight: 0 },
      { revision: candidate.revision, weight: 100, leased: true },
    ]);
    await fleet.ready('loans', candidate.revision);
    await fleet.renew('loans', 60);
    await fleet.until('the candidate answers', async () => {
      const { headers } = await asBytes();
      return headers['x-slipway-model-version'] === '2.0.0';
    });
    const { json, tail } = taken(await asBytes());
    expect(json).toMatchObject({
      model_version: '2.0.0',
      outputs: [{ name: 'label' }, { name: 'probabilities', parameters: { binary_data_size: 8 } }],
    });
    expect(tail.length).toBe(8 + 8);
    const probabilities = new Float32Array(Uint8Array.from(tail.subarray(8)).buffer);
    expect((probabilities[0] ?? 0) + (probabilities[1] ?? 0)).toBeCloseTo(1, 6);
  });
});
