import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type Client, type ServiceClientConstructor, credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { awkwardRevision } from '../daemon/loans.fixture.ts';
import { type TestFleet, openTestFleet } from '../daemon/test-fleet.ts';

const PATIENT = { timeout: 120_000 };
const LIMIT_MS = 30_000;
const { target, bytes } = awkwardRevision('fp32.onnx', '', 'datatypes');

let fleet: TestFleet;
let gate: Gate;
const clients: Client[] = [];

/** Counts the connections that clients open. */
interface Gate {
  readonly server: Server;
  readonly address: string;
  readonly counted: () => number;
  readonly sockets: Set<Socket>;
}

async function openGate(address: string): Promise<Gate> {
  let counted = 0;
  const sockets = new Set<Socket>();
  const [host = '', port = ''] = address.split(':');
  const server = createServer({ allowHalfOpen: true }, (near) => {
    counted += 1;
    const far = connect({ host, port: Number(port), allowHalfOpen: true });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on('error', () => to.destroy());
      from.on('close', () => sockets.delete(from));
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    server,
    sockets,
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    counted: () => counted,
  };
}

async function openFleet(args: readonly string[], replicas: { min: number; max: number; target: number }) {
  fleet = await openTestFleet({ grpcPort: 0, args });
  gate = await openGate(fleet.grpc ?? '');
  await fleet.bring(bytes, target);
  await fleet.turn(target.model, [{ revision: target.revision, weight: 100 }], { replicas });
  await fleet.ready(target.model, target.revision);
}

beforeEach(() => {
  clients.length = 0;
});
afterEach(async () => {
  for (const client of clients) client.close();
  gate.server.close();
  for (const socket of gate.sockets) socket.destroy();
  await fleet.close();
});

/** A client with a connection of its own. */
function openClient(): Client {
  const proto = fileURLToPath(new URL('../protocol/inference.proto', import.meta.url));
  const loaded: unknown = loadPackageDefinition(loadSync(proto, { keepCase: true }))['inference'];
  const { GRPCInferenceService: Service } = loaded as Record<string, ServiceClientConstructor>;
  if (Service === undefined) throw new Error('the definition names no service');
  const client = new Service(gate.address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  clients.push(client);
  return client;
}

type Answer = Readonly<Record<string, unknown>>;

function ask(client: Client, method: string, message: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    (client as unknown as Record<string, Function>)[method]?.(
      message,
      { deadline: Date.now() + LIMIT_MS },
      (error: Error | null, answer: Answer) => (error === null ? resolve(answer) : reject(error)),
    );
  });
}

async function infer(client: Client, value: number): Promise<string | undefined> {
  const sent = Buffer.from(Float32Array.of(value, -value).buffer);
  const { raw_output_contents: raw } = await ask(client, 'ModelInfer', {
    model_name: target.model,
    inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2] }],
    raw_input_contents: [sent],
  });
  const [back] = raw as readonly Buffer[];
  return back?.equals(sent) === true ? undefined : `asked with ${value}, found ${back?.toString('hex')}`;
}

async function isReady(client: Client): Promise<string | undefined> {
  const { ready } = await ask(client, 'ModelReady', { name: target.model });
  return ready === true ? undefined : 'not ready';
}

/** Asks over and over until it is told to stop; what was not answered well, in sentences. */
function asking(client: Client, ask: (client: Client, turn: number) => Promise<string | undefined>) {
  const problems: string[] = [];
  let goesOn = true;
  let asked = 0;
  const loop = (async () => {
    for (; goesOn; asked += 1) {
      const problem = await ask(client, asked).catch((error: unknown) => String(error));
      if (problem !== undefined) problems.push(problem);
    }
  })();
  return {
    asked: () => asked,
    async stop(): Promise<readonly string[]> {
      goesOn = false;
      await loop;
      return problems;
    },
  };
}

it('connections end after their time, and not one call of clients under load fails', PATIENT, async () => {
  await openFleet(['--grpc-connection-seconds', '1'], { min: 1, max: 1, target: 4 });
  const loops = Array.from({ length: 4 }, openClient).flatMap((client) => [
    ...Array.from({ length: 8 }, () => asking(client, (each, turn) => infer(each, turn))),
    asking(client, isReady),
  ]);
  await fleet.until('each client has come several times', async () => gate.counted() >= 4 * 5);
  expect((await Promise.all(loops.map((loop) => loop.stop()))).flat()).toEqual([]);
  expect(loops.every((loop) => loop.asked() > 0)).toBe(true);
});

it('connections move to a replica that opens, and not one call fails', PATIENT, async () => {
  await openFleet([], { min: 1, max: 1, target: 4 });
  const loops = Array.from({ length: 8 }, openClient).map((client) =>
    asking(client, (each, turn) => (turn % 2 === 0 ? infer(each, turn) : isReady(each))),
  );
  await fleet.until('all are answered', async () => loops.every((loop) => loop.asked() > 10));
  await fleet.turn(target.model, [{ revision: target.revision, weight: 100 }], {
    replicas: { min: 2, max: 2, target: 4 },
  });
  await fleet.until('both replicas have a share', async () => {
    const metrics = await (await fetch(`${fleet.adminUrl}/metrics`)).text();
    const held = [...metrics.matchAll(/^slipway_replica_connections\{[^}]*\} (\d+)/gm)].map(([, count]) =>
      Number(count),
    );
    return held.length === 2 && held.every((count) => count >= 2);
  });
  expect((await Promise.all(loops.map((loop) => loop.stop()))).flat()).toEqual([]);
  // Those that had to move, and no others.
  expect(gate.counted()).toBeLessThanOrEqual(8 + 4);
});
