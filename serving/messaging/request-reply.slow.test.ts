import { type NatsConnection, connect, headers } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { loansFiles, loansRevision } from '../daemon/loans.fixture.ts';
import { type TestFleet, openTestFleet } from '../daemon/test-fleet.ts';
import { loansInputs } from './loans-inputs.fixture.ts';
import { type NatsServer, findNatsServer, openNatsServer } from './nats-server.fixture.ts';

const natsServer = findNatsServer(process.env['SLIPWAY_TEST_NATS_SERVER']);
const v1 = loansRevision('1.0.0', 'v1_champion');
const v2 = loansRevision('2.0.0-rc.1', 'v2_better');

describe.skipIf(natsServer === undefined)('a model is asked over NATS', () => {
  let server: NatsServer;
  let fleet: TestFleet;
  let client: NatsConnection;

  beforeAll(async () => {
    server = await openNatsServer(natsServer);
    vi.stubEnv('NATS_URL', server.url);
    vi.stubEnv('NATS_IN_FLIGHT', '64');
    fleet = await openTestFleet();
    vi.unstubAllEnvs();
    client = await connect({ servers: server.url });
    await fleet.bring(loansFiles(), v1, v2);
    await fleet.turn('loans', [
      { revision: v1.revision, weight: 100 },
      { revision: v2.revision, weight: 0 },
    ]);
    await fleet.ready('loans', v1.revision);
    await fleet.ready('loans', v2.revision);
    await heard('loans');
    await fleet.until('both versions answer', async () => {
      const answer = await ask('slipway.infer.loans.2.0.0-rc.1', { inputs: loansInputs });
      return answer.headers?.get('x-slipway-model-version') === '2.0.0-rc.1';
    });
  });

  afterAll(async () => {
    await client?.close();
    await fleet?.close();
    await server?.close();
  });

  /** Somebody listens for the model. */
  async function heard(model: string): Promise<void> {
    await fleet.until(`${model} is heard on the bus`, async () => {
      try {
        await client.request(`slipway.infer.${model}`, '{}', { timeout: 5_000 });
        return true;
      } catch {
        return false;
      }
    });
  }

  const ask = (subject: string, body: unknown, given: Readonly<Record<string, string>> = {}) => {
    const sent = headers();
    for (const [name, value] of Object.entries(given)) sent.set(name, value);
    return client.request(subject, JSON.stringify(body), { timeout: 10_000, headers: sent });
  };

  test('with the answer that HTTP gives, and its headers', async () => {
    const body = { id: 'mine', inputs: loansInputs, outputs: [{ name: 'probabilities' }] };
    const answer = await ask('slipway.infer.loans', body);
    const overHttp = await fleet.infer('loans', body);
    expect(answer.json()).toEqual(await overHttp.json());
    expect(answer.headers?.get('x-slipway-revision')).toBe(v1.revision);
    expect(answer.headers?.get('x-slipway-model-version')).toBe('1.0.0');
    expect(answer.headers?.get('x-slipway-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('a version behind the model, points and all, asks for that version', async () => {
    const answer = await ask('slipway.infer.loans.2.0.0-rc.1', { inputs: loansInputs });
    expect(answer.headers?.get('x-slipway-model-version')).toBe('2.0.0-rc.1');
    const missing = await ask('slipway.infer.loans.3.0.0', { inputs: loansInputs });
    expect(missing.headers?.get('Nats-Service-Error-Code')).toBe('404');
    expect(missing.json()).toEqual({ error: expect.stringContaining('version 3.0.0 is not found') });
  });

  test('a trace goes on in the answer', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const answer = await ask('slipway.infer.loans', { inputs: loansInputs }, { traceparent });
    expect(answer.headers?.get('traceparent')).toBe(traceparent);
  });

  test('tensors go as bytes both ways, by the header that HTTP has, however it is written', async () => {
    const numbers = loansInputs.map(({ name, datatype, shape, data }) =>
      datatype === 'FP32'
        ? { name, datatype, shape, parameters: { binary_data_size: 4 } }
        : { name, datatype, shape, data },
    );
    const json = Buffer.from(
      JSON.stringify({
        inputs: numbers,
        outputs: [{ name: 'probabilities', parameters: { binary_data: true } }],
      }),
    );
    const floats = loansInputs.flatMap(({ datatype, data }) => (datatype === 'FP32' ? data.map(Number) : []));
    const body = Buffer.concat([json, Buffer.from(Float32Array.from(floats).buffer)]);
    const sent = headers();
    sent.set('INFERENCE-HEADER-CONTENT-LENGTH', String(json.length));
    const answer = await client.request('slipway.infer.loans', body, { timeout: 10_000, headers: sent });
    const jsonBytes = Number(answer.headers?.get('inference-header-content-length'));
    const told: unknown = JSON.parse(Buffer.from(answer.data.subarray(0, jsonBytes)).toString());
    expect(told).toMatchObject({ outputs: [{ parameters: { binary_data_size: 8 } }] });
    const probabilities = new Float32Array(Uint8Array.from(answer.data.subarray(jsonBytes)).buffer);
    const plain = await (await fleet.infer('loans', { inputs: loansInputs })).json();
    expect(plain).toMatchObject({
      outputs: expect.arrayContaining([expect.objectContaining({ name: 'probabilities', data: [...probabilities] })]),
    });
  });

  test.each([
    ['{', '400', /JSON/],
    ['{"inputs": []}', '400', /"age" of model "loans"/],
    ['{"inputs": 7}', '400', /inputs must be a list/],
  ])('%s is refused in words and by the code of NATS services', async (body, code, words) => {
    const answer = await client.request('slipway.infer.loans', body, { timeout: 10_000 });
    expect(answer.headers?.get('Nats-Service-Error-Code')).toBe(code);
    expect(answer.headers?.get('Nats-Service-Error')).toMatch(words);
    expect(answer.json()).toEqual({ error: expect.stringMatching(words) });
  });

  test('what cannot be a request is refused and does no harm', async () => {
    const garbage = await client.request('slipway.infer.loans', Uint8Array.of(0xff, 0xfe, 0), { timeout: 10_000 });
    expect(garbage.headers?.get('Nats-Service-Error-Code')).toBe('400');
    const lying = await ask('slipway.infer.loans', {}, { 'Inference-Header-Content-Length': '1000000' });
    expect(lying.headers?.get('Nats-Service-Error-Code')).toBe('400');
    const packed = await ask('slipway.infer.loans', {}, { 'Content-Encoding': 'gzip' });
    expect(packed.headers?.get('Nats-Service-Error-Code')).toBe('415');
    client.publish('slipway.infer.loans', 'nobody waits for this');
    await heard('loans');
  });

  test('a model that nobody serves is nobody on the bus', async () => {
    await expect(client.request('slipway.infer.unknown', '{}', { timeout: 5_000 })).rejects.toThrow(/no responders/i);
  });

  test('requests beyond the limit are turned away at once, the others are answered, none is lost', async () => {
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) =>
        ask('slipway.infer.loans', { id: String(index), inputs: loansInputs }),
      ),
    );
    const told = answers.map((answer, index) => ({
      index: String(index),
      code: answer.headers?.get('Nats-Service-Error-Code') ?? '',
      body: answer.json<{ readonly id?: string }>(),
    }));
    const answered = told.filter(({ code }) => code === '');
    expect(answered.filter(({ index, body }) => body.id !== index)).toEqual([]);
    expect(told.filter(({ code }) => code !== '' && code !== '429')).toEqual([]);
    expect(answered.length).toBeGreaterThanOrEqual(64);
  });

  test('a bus that goes away and comes back costs HTTP nothing, and is used again', async () => {
    await server.kill();
    const answer = await fleet.infer('loans', { inputs: loansInputs });
    expect(answer.status).toBe(200);
    await server.start();
    await heard('loans');
  });

  test('a promotion and a rollback lose no request', async () => {
    let stop = false;
    const failures: string[] = [];
    let answered = 0;
    const caller = async (): Promise<void> => {
      while (!stop) {
        try {
          const answer = await ask('slipway.infer.loans', { inputs: loansInputs });
          const code = answer.headers?.get('Nats-Service-Error-Code') ?? '';
          if (code !== '') failures.push(`${code} ${answer.string()}`);
          answered += 1;
        } catch (error) {
          failures.push(String(error));
        }
      }
    };
    const callers = Promise.all(Array.from({ length: 8 }, caller));
    for (const [version, arms] of [
      ['2.0.0-rc.1', [{ revision: v2.revision, weight: 100 }]],
      ['1.0.0', [{ revision: v1.revision, weight: 100 }]],
    ] as const) {
      await fleet.turn('loans', arms);
      await fleet.until(`${version} answers`, async () => {
        const answer = await ask('slipway.infer.loans', { inputs: loansInputs });
        return answer.headers?.get('x-slipway-model-version') === version;
      });
      const before = answered;
      await fleet.until('callers are answered afterwards', async () => answered > before + 100);
    }
    stop = true;
    await callers;
    expect(failures).toEqual([]);
  });
});
