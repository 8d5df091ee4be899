import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ServiceClientConstructor, credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { bareContext } from './bare-context.fixture.ts';
import { type GrpcDoor, openGrpcDoor } from './grpc.ts';
import type { Told } from './messages.ts';

const LIMIT_MS = 10_000;
const INDEX: Told = {
  status: 200,
  contentType: 'application/json',
  body: '[{"name":"loans","version":"1.0.0","state":"READY","reason":""}]',
};

let folder: string;
let door: GrpcDoor;
let port: number;
const sockets = new Set<Socket>();
const server = createServer({ pauseOnConnect: true }, (socket) => {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
  door.accept(socket);
  socket.resume();
});
/** The daemon's answers to what it is asked: given when the test says so. */
let asked: PromiseWithResolvers<void>;
let answer: PromiseWithResolvers<Told>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-drain-'));
  asked = Promise.withResolvers();
  answer = Promise.withResolvers();
  door = openGrpcDoor(
    bareContext(join(folder, 'r.sock'), {
      ask: () => {
        asked.resolve();
        return answer.promise;
      },
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
afterEach(async () => {
  door.close();
  server.close();
  for (const socket of sockets) socket.destroy();
  await rm(folder, { recursive: true, force: true });
});

type Answer = Readonly<Record<string, unknown>>;

function openClient() {
  const proto = fileURLToPath(new URL('../protocol/inference.proto', import.meta.url));
  const loaded: unknown = loadPackageDefinition(loadSync(proto, { keepCase: true, enums: String }))['inference'];
  const { GRPCInferenceService: Service } = loaded as Record<string, ServiceClientConstructor>;
  if (Service === undefined) throw new Error('the definition names no service');
  const client = new Service(`127.0.0.1:${port}`, credentials.createInsecure());
  const ask = (method: string): Promise<Answer> =>
    new Promise((resolve, reject) => {
      (client as unknown as Record<string, Function>)[method]?.(
        {},
        { deadline: Date.now() + LIMIT_MS },
        (error: Error | null, found: Answer) => (error === null ? resolve(found) : reject(error)),
      );
    });
  return { ask, close: () => client.close() };
}

it('a call that was handed on before a drain is answered in it, and so is one that comes meanwhile', async () => {
  const client = openClient();
  const index = client.ask('RepositoryIndex');
  await asked.promise;
  door.drain(LIMIT_MS);
  expect(await client.ask('ServerLive')).toEqual({ live: true });
  answer.resolve(INDEX);
  expect((await index)['models']).toEqual([{ name: 'loans', version: '1.0.0', state: 'READY', reason: '' }]);
  await Promise.all([...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
  expect(door.connections).toBe(0);
  client.close();
});

it('what is not answered by a drain’s limit is cut off', async () => {
  const client = openClient();
  const index = client.ask('RepositoryIndex');
  await asked.promise;
  door.drain(0);
  await expect(index).rejects.toMatchObject({ code: 14 });
  client.close();
  answer.resolve(INDEX);
});
