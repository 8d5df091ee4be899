import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import { type ObjectStore, Objm } from '@nats-io/obj';
import { type Msg, type NatsConnection, connect, headers, nkeys } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { makeCertificate } from '../daemon/certificate.fixture.ts';
import { loansFiles, loansRecord, loansRevision, revisionOfManifest } from '../daemon/loans.fixture.ts';
import { type TestFleet, openTestFleet } from '../daemon/test-fleet.ts';
import { connectBus } from './connect-bus.ts';
import { loansInputs } from './loans-inputs.fixture.ts';
import { messagingSettingsOf } from './messaging-settings.ts';
import { type NatsServer, findNatsServer, openNatsServer } from './nats-server.fixture.ts';

const natsServer = findNatsServer(process.env['SLIPWAY_TEST_NATS_SERVER']);
const loans = loansRevision('1.0.0', 'v1_champion');
const pii = revisionOfManifest(
  loans.manifest.replace('name: loans', 'name: guarded').replace('columns:\n', 'columns:\n  income: { pii: true }\n'),
);
/** Small, so that what is larger than a message is quick to make. */
const MAX_PAYLOAD_BYTES = 65_536;

describe.skipIf(natsServer === undefined)('a fleet on the bus', () => {
  let server: NatsServer;
  let fleet: TestFleet;
  let client: NatsConnection;
  let bucket: ObjectStore;
  const events: Msg[] = [];

  beforeAll(async () => {
    server = await openNatsServer(natsServer, `max_payload: ${MAX_PAYLOAD_BYTES}`);
    vi.stubEnv('NATS_URL', server.url);
    vi.stubEnv('NATS_EVENTS', '1');
    fleet = await openTestFleet();
    vi.unstubAllEnvs();
    client = await connect({ servers: server.url });
    client.subscribe('slipway.events.prediction.>', { callback: (_, message) => void events.push(message) });
    await fleet.bring(loansFiles(), loans, pii);
    await fleet.turn('loans', [{ revision: loans.revision, weight: 100 }]);
    await fleet.turn('guarded', [{ revision: pii.revision, weight: 100 }]);
    for (const model of ['loans', 'guarded'])
      await fleet.until(`${model} is heard`, async () =>
        client.request(`slipway.infer.${model}`, '{}', { timeout: 5_000 }).then(
          () => true,
          () => false,
        ),
      );
    bucket = await new Objm(jetstream(client)).create('slipway');
  });

  afterAll(async () => {
    await client?.close();
    await fleet?.close();
    await server?.close();
  });

  const ask = (body: string | Uint8Array, given: Readonly<Record<string, string>>) => {
    const sent = headers();
    for (const [name, value] of Object.entries(given)) sent.set(name, value);
    return client.request('slipway.infer.loans', body, { timeout: 20_000, headers: sent });
  };
  const put = (name: string, bytes: Uint8Array) => bucket.putBlob({ name }, bytes);
  const many = (rows: number) => ({
    inputs: loansInputs.map(({ name, datatype, data }) => ({
      name,
      datatype,
      shape: [rows, 1],
      data: Array.from({ length: rows }, () => data[0]),
    })),
    outputs: [{ name: 'probabilities' }],
  });

  test('requests and answers that are larger than a message lie in the object store', async () => {
    const body = many(4_000);
    await put('large', Buffer.from(JSON.stringify(body)));
    const answer = await ask('', { 'Slipway-Object': 'large' });
    expect(answer.headers?.get('Nats-Service-Error')).toBe('');
    const name = answer.headers?.get('slipway-object') ?? '';
    expect(name).toBe(`answer-${answer.headers?.get('x-slipway-id')}`);
    const kept: unknown = JSON.parse(Buffer.from((await bucket.getBlob(name)) ?? []).toString());
    const overHttp: unknown = await (await fleet.infer('loans', body)).json();
    expect(kept).toEqual(overHttp);
  });

  test('tensors may lie there alone, behind the JSON of the message', async () => {
    const json = JSON.stringify({
      inputs: loansInputs.map(({ name, datatype, shape, data }) =>
        name === 'age'
          ? { name, datatype, shape, parameters: { binary_data_size: 4 } }
          : { name, datatype, shape, data },
      ),
    });
    await put('age', Buffer.from(Float32Array.of(loansRecord.age).buffer));
    const answer = await ask(json, {
      'Slipway-Object': 'age',
      'Inference-Header-Content-Length': String(Buffer.byteLength(json)),
    });
    expect(answer.json()).toEqual(await (await fleet.infer('loans', { inputs: loansInputs })).json());
  });

  test('an object that is not there, is a link, or is damaged is refused', async () => {
    const info = await put('sound', Buffer.from(JSON.stringify({ inputs: loansInputs })));
    await bucket.link('link', info);
    const damaged = await put('damaged', Buffer.from(JSON.stringify({ inputs: loansInputs })));
    await jetstream(client).publish(`$O.slipway.C.${damaged.nuid}`, 'more than there was');
    const codes = await Promise.all(
      ['missing', 'link', 'damaged', 'sound'].map(async (name) => {
        const answer = await ask('', { 'Slipway-Object': name });
        return [name, answer.headers?.get('Nats-Service-Error-Code')];
      }),
    );
    expect(codes).toEqual([
      ['missing', '404'],
      ['link', '400'],
      ['damaged', '400'],
      ['sound', ''],
    ]);
  });

  test("a request over HTTP is two events of KServe's types with one id, and so is one that is refused", async () => {
    const body = { id: 'seen', inputs: loansInputs };
    const response = await fleet.infer('loans', body);
    const id = response.headers.get('x-slipway-id') ?? '';
    const answer: unknown = await response.json();
    const told = (wanted: string) => events.filter((event) => event.headers?.get('ce-id') === wanted);
    await fleet.until('both are published', async () => told(id).length === 2);
    const [request, reply] = told(id);
    expect(request?.subject).toBe('slipway.events.prediction.loans');
    expect([request, reply].map((event) => event?.headers?.get('ce-type'))).toEqual([
      'org.kubeflow.serving.inference.request',
      'org.kubeflow.serving.inference.response',
    ]);
    expect(request?.headers?.get('ce-datacontenttype')).toBe('application/json');
    expect(reply?.headers?.get('ce-inferenceservicename')).toBe('loans');
    expect(reply?.headers?.get('ce-revision')).toBe(loans.revision);
    expect(request?.json()).toEqual(body);
    expect(reply?.json()).toEqual(answer);
    const refused = await fleet.infer('loans', { inputs: [] });
    const refusedId = refused.headers.get('x-slipway-id') ?? '';
    await fleet.until('the refusal is published', async () => told(refusedId).length === 2);
    expect(told(refusedId)[1]?.headers?.get('ce-status')).toBe('400');
    expect(told(refusedId)[1]?.json()).toEqual(await refused.json());
  });

  test('of a body that is larger than a message an event says how large it was', async () => {
    const response = await fleet.infer('loans', many(3_000));
    const id = response.headers.get('x-slipway-id') ?? '';
    const told = () => events.filter((event) => event.headers?.get('ce-id') === id);
    await fleet.until('it is published', async () => told().length === 2);
    expect(told().map((event) => event.data.length)).toEqual([0, 0]);
    expect(told()[0]?.headers?.get('ce-omitted')).toMatch(/^\d{5,} bytes$/);
  });

  test('of a model with private columns nothing is told but that it was asked', async () => {
    await fleet.infer('guarded', { inputs: loansInputs });
    const told = () => events.filter((event) => event.subject === 'slipway.events.prediction.guarded');
    await fleet.until('it is published', async () => told().length >= 2);
    for (const event of told()) {
      expect(event.data.length).toBe(0);
      expect(event.headers?.get('ce-omitted')).toBe('private');
      expect([...(event.headers ?? [])].flat(2)).not.toContain(String(loansRecord.income));
    }
  });

  test('it is a NATS service that can be found, with the models as its endpoints', async () => {
    const find = async (subject: string): Promise<unknown> => (await client.request(subject)).json();
    expect(await find('$SRV.PING.slipway')).toMatchObject({
      type: 'io.nats.micro.v1.ping_response',
      name: 'slipway',
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    });
    expect(await find('$SRV.INFO')).toMatchObject({
      type: 'io.nats.micro.v1.info_response',
      endpoints: expect.arrayContaining([
        { name: 'loans', subject: 'slipway.infer.loans', queue_group: 'slipway', metadata: { model: 'loans' } },
      ]),
    });
    expect(await find('$SRV.STATS.slipway')).toMatchObject({
      type: 'io.nats.micro.v1.stats_response',
      endpoints: [{ num_requests: expect.any(Number), num_errors: expect.any(Number) }],
    });
  });

  test('what it does there, and what waits, is told under /metrics', async () => {
    await jetstream(client).publish('slipway.async.loans', JSON.stringify({ inputs: loansInputs }));
    const wanted = [
      /^slipway_nats_connected\{[^}]*\} 1$/m,
      /^slipway_async_pending\{model="loans"\} 0$/m,
      /^slipway_async_answered_total 1$/m,
      /^slipway_events_total [1-9]/m,
      /^slipway_events_dropped_total 0$/m,
    ];
    const missing = async (): Promise<readonly RegExp[]> => {
      const text = await (await fetch(`${fleet.url}/metrics`, { signal: AbortSignal.timeout(10_000) })).text();
      return wanted.filter((line) => !line.test(text));
    };
    await fleet.until('all of it is told', async () => (await missing()).length === 0);
    expect(await missing()).toEqual([]);
  });
});

describe.skipIf(natsServer === undefined)('a replica logs in', () => {
  let folder: string;
  let server: NatsServer;
  const nkey = nkeys.createUser();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-login-'));
    const { certFile, keyFile } = await makeCertificate(folder, 'bus');
    await writeFile(join(folder, 'slipway.nk'), `# of the fleet\n${Buffer.from(nkey.getSeed()).toString()}\n`);
    server = await openNatsServer(
      natsServer,
      `tls { cert_file: "${certFile}", key_file: "${keyFile}" }
authorization { users: [ { user: fleet, password: secret }, { nkey: "${nkey.getPublicKey()}" } ] }`,
    );
  });

  afterAll(async () => {
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test.each([
    ['by name and password', { NATS_USER: 'fleet', NATS_PASSWORD: 'secret' }],
    ['by the key in a file', { NATS_NKEY: 'slipway.nk' }],
  ])('%s, over TLS with its own authority', async (_, login) => {
    const files = 'NATS_NKEY' in login ? { NATS_NKEY: join(folder, login.NATS_NKEY ?? '') } : {};
    const settings = messagingSettingsOf({
      NATS_URL: `tls://localhost:${server.port}`,
      NATS_CA: join(folder, 'cert.pem'),
      ...login,
      ...files,
    });
    if (settings === undefined) throw new Error('no settings');
    const connection = await connectBus(settings, 'test', () => {}, AbortSignal.timeout(30_000));
    await connection.flush();
    expect(connection.getServer()).toContain(String(server.port));
    await connection.close();
  });

  test.each([
    ['a wrong password', { NATS_USER: 'fleet', NATS_PASSWORD: 'guessed' }, /authorization violation/i],
    ['no authority', { NATS_CA: undefined, NATS_USER: 'fleet', NATS_PASSWORD: 'secret' }, /self-signed certificate/],
    ['no server', { NATS_URL: 'nats://127.0.0.1:1', NATS_USER: 'fleet', NATS_PASSWORD: 'secret' }, /refused/i],
  ])('with %s it says so once, and tries on', async (_, wrong, reason) => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {});
    const leaving = new AbortController();
    try {
      const settings = messagingSettingsOf({
        NATS_URL: `tls://localhost:${server.port}`,
        NATS_CA: join(folder, 'cert.pem'),
        ...wrong,
      });
      if (settings === undefined) throw new Error('no settings');
      const connecting = connectBus(settings, 'test', () => {}, leaving.signal);
      await vi.waitUntil(() => said.mock.calls.length > 0, { timeout: 20_000 });
      expect(said.mock.calls).toEqual([[expect.stringMatching(reason)]]);
      leaving.abort();
      await expect(connecting).rejects.toThrow(/abort/i);
    } finally {
      leaving.abort();
      said.mockRestore();
    }
  });
});
