import { fileURLToPath } from 'node:url';
import { type Client, type ServiceClientConstructor, credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loansFiles, loansRecord, loansRevision } from './loans.fixture.ts';
import { type TestFleet, openTestFleet } from './test-fleet.ts';

let fleet: TestFleet;
let client: Client;
const first = loansRevision('1.0.0', 'v1_champion');
const second = loansRevision('2.0.0', 'v2_better');

beforeAll(async () => {
  fleet = await openTestFleet({ grpcPort: 0, args: ['--model-control'] });
  await fleet.bring(loansFiles(), first, second);
  await fleet.turn('loans', [{ revision: first.revision, weight: 100 }]);
  await fleet.ready('loans', first.revision);
  const proto = fileURLToPath(new URL('../protocol/inference.proto', import.meta.url));
  const loaded: unknown = loadPackageDefinition(loadSync(proto, { keepCase: true }))['inference'];
  const { GRPCInferenceService: Service } = loaded as Record<string, ServiceClientConstructor>;
  if (Service === undefined) throw new Error('the definition names no service');
  client = new Service(fleet.grpc ?? '', credentials.createInsecure());
});
afterAll(async () => {
  client?.close();
  await fleet?.close();
});

async function control(path: string, body = ''): Promise<{ readonly status: number; readonly body: string }> {
  const response = await fetch(`${fleet.url}/v2/repository/models/${path}`, { method: 'POST', body });
  return { status: response.status, body: await response.text() };
}

async function index(): Promise<unknown> {
  return (await fetch(`${fleet.url}/v2/repository/index`, { method: 'POST' })).json();
}

async function asked(): Promise<{ readonly status: number; readonly version: string | null }> {
  const response = await fleet.predict('loans', loansRecord);
  await response.arrayBuffer();
  return { status: response.status, version: response.headers.get('x-slipway-model-version') };
}

/** A method of gRPC's own client, by its name. */
function overGrpc(method: string, message: unknown): Promise<unknown> {
  const call = (client as unknown as Record<string, (...args: readonly unknown[]) => unknown>)[method];
  return new Promise((resolve, reject) => {
    call?.call(client, message, { deadline: Date.now() + 60_000 }, (error: Error | null, value: unknown) =>
      error === null ? resolve(value) : reject(error),
    );
  });
}

const version = (of: string) => JSON.stringify({ version_policy: { specific: { versions: [of] } } });
const DONE = { status: 200, body: '' };

describe('a fleet with --model-control', () => {
  it('gives an unloaded model no request, says so in the index, and brings it back', async () => {
    expect(await control('loans/unload')).toEqual(DONE);
    expect(await asked()).toMatchObject({ status: 404 });
    expect(await index()).toContainEqual({ name: 'loans', version: '1.0.0', state: 'UNAVAILABLE', reason: 'unloaded' });
    expect((await fetch(`${fleet.url}/v2/health/ready`)).status).toBe(200);
    expect((await fleet.find('loans')).unloaded).toBe(true);
    expect(await control('loans/unload')).toEqual(DONE);
    expect(await control('loans/load')).toEqual(DONE);
    expect(await asked()).toEqual({ status: 200, version: '1.0.0' });
    expect(await index()).toContainEqual({ name: 'loans', version: '1.0.0', state: 'READY', reason: '' });
  });

  it('gives every request to the one version that a load names', async () => {
    expect(await control('loans/load', JSON.stringify({ parameters: { config: version('2.0.0') } }))).toEqual(DONE);
    expect(await asked()).toEqual({ status: 200, version: '2.0.0' });
    expect(await control('loans/load', JSON.stringify({ parameters: { config: version('1.0.0') } }))).toEqual(DONE);
    expect(await asked()).toEqual({ status: 200, version: '1.0.0' });
  });

  it('does the same over gRPC', async () => {
    await overGrpc('RepositoryModelUnload', { model_name: 'loans' });
    expect(await asked()).toMatchObject({ status: 404 });
    const parameters = { config: { string_param: version('2.0.0') } };
    await overGrpc('RepositoryModelLoad', { model_name: 'loans', parameters });
    expect(await asked()).toEqual({ status: 200, version: '2.0.0' });
    await expect(overGrpc('RepositoryModelLoad', { model_name: 'nobody' })).rejects.toThrow(
      "INTERNAL: failed to load 'nobody', failed to poll from model repository",
    );
  });

  it('says what cannot be done, with the words of Triton where it has some', async () => {
    expect(await control('nobody/unload')).toEqual(DONE);
    expect(await control('nobody/load')).toEqual({
      status: 500,
      body: `{"error":"failed to load 'nobody', failed to poll from model repository"}`,
    });
    const refused = async (parameters: unknown) => control('loans/load', JSON.stringify({ parameters }));
    expect(await refused({ config: version('9.9.9') })).toMatchObject({
      status: 400,
      body: expect.stringContaining("under the version policy of model 'loans'"),
    });
    expect(await refused({ config: '{"max_batch_size": 8}' })).toMatchObject({ status: 400 });
    expect(await refused({ 'file:1/model.onnx': 'AAAA' })).toMatchObject({
      status: 400,
      body: expect.stringContaining('files come by the admin API'),
    });
    expect(await control('loans/load', 'what')).toMatchObject({ status: 400 });
    expect(await control('loans/unload', '{"parameters":{"unload_dependents":true}}')).toEqual(DONE);
  });

  it('remembers over a death of the daemon that a model is unloaded', async () => {
    expect(await control('loans/unload')).toEqual(DONE);
    await fleet.kill();
    await fleet.restart();
    await fleet.until('it answers', async () => (await fetch(`${fleet.url}/v2/health/ready`)).status === 200);
    expect(await asked()).toMatchObject({ status: 404 });
    expect(await control('loans/load')).toEqual(DONE);
    expect(await asked()).toMatchObject({ status: 200 });
  });
});
