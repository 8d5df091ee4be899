import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Call } from './call.ts';
import { RemoteArm } from './remote-arm.ts';

const folder = mkdtempSync(join(tmpdir(), 'slipway-remote-'));
const servers: Server[] = [];
const arms: RemoteArm[] = [];
afterEach(async () => {
  for (const arm of arms.splice(0)) arm.close();
  for (const server of servers.splice(0)) end(server);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function end(server: Server): void {
  server.close();
  server.closeAllConnections();
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

interface Process {
  readonly socket: string;
  readonly server: Server;
  /** What it was asked, in order. */
  readonly asked: IncomingMessage[];
}

let count = 0;

async function listen(answer: Answer): Promise<Process> {
  const socket = join(folder, `${++count}.sock`);
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    request.resume();
    request.on('end', () => answer(request, response));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return { socket, server, asked };
}

function armOf(isStable: boolean, ...sockets: readonly string[]): RemoteArm {
  const arm = new RemoteArm();
  arm.isStable = isStable;
  arm.follow(sockets);
  arms.push(arm);
  return arm;
}

const call: Call = {
  protocol: 'v2',
  model: 'm',
  version: undefined,
  id: 'the id',
  path: '/v2/models/m/infer',
  body: { text: '{}' },
  headers: {},
  at: 0,
  startedAt: 0,
  relayed: false,
};

const fine: Answer = (_, response) => response.end('{"fine":true}');
const die: Answer = (request) => request.socket.destroy();
const textOf = async (asking: ReturnType<RemoteArm['ask']>): Promise<string> => (await asking).body().text;

describe('an arm of several processes', () => {
  it('asks the one that has the fewest requests in hand, and of equals the one that waits longest', async () => {
    const held: ServerResponse[] = [];
    const [busy, free] = [await listen((_, response) => held.push(response)), await listen(fine)];
    const arm = armOf(true, busy.socket, free.socket);
    const first = arm.ask(call);
    for (let k = 0; k < 5; k++) await arm.ask(call);
    expect([busy.asked.length, free.asked.length]).toEqual([1, 5]);
    expect(arm.inFlight).toBe(1);
    for (const response of held) response.end('{}');
    await first;
    const [a, b] = [await listen(fine), await listen(fine)];
    const even = armOf(true, a.socket, b.socket);
    for (let k = 0; k < 6; k++) await even.ask(call);
    expect([a.asked.length, b.asked.length]).toEqual([3, 3]);
  });

  it('asks another one, as often as it takes, where nobody listens: nothing was asked yet', async () => {
    const there = await listen(fine);
    const arm = armOf(true, join(folder, 'nobody'), join(folder, 'no-one'), there.socket);
    expect(await textOf(arm.ask(call))).toBe('{"fine":true}');
    expect(there.asked).toHaveLength(1);
  });

  it('asks another one when a process dies with the request in hand, and no third: the request may be why', async () => {
    const [dying, there] = [await listen(die), await listen(fine)];
    expect(await textOf(armOf(true, dying.socket, there.socket).ask(call))).toBe('{"fine":true}');
    const [one, two, three] = [await listen(die), await listen(die), await listen(fine)];
    const poisoned = armOf(true, one.socket, two.socket, three.socket).ask(call);
    await expect(poisoned).rejects.toMatchObject({ status: 503, retryAfterSeconds: 1 });
    expect(three.asked).toHaveLength(0);
  });

  it('waits for the process that takes the place of the only one', async () => {
    const dying = await listen(die);
    const arm = armOf(true, dying.socket);
    const asking = arm.ask(call);
    await new Promise((resolve) => dying.server.once('request', resolve));
    expect(arm.inFlight).toBe(1);
    arm.follow([]);
    arm.follow([(await listen(fine)).socket]);
    expect(await textOf(asking)).toBe('{"fine":true}');
    expect(arm.inFlight).toBe(0);
  });

  it('answers what it has in hand when it is let go, and lets nobody wait who waits for another process', async () => {
    let release = (): void => undefined;
    const slow = await listen((_, response) => {
      release = () => response.end('{"late":true}');
    });
    const arm = armOf(true, slow.socket);
    const asking = arm.ask(call);
    await new Promise((resolve) => slow.server.once('request', resolve));
    arm.close();
    await new Promise((resolve) => setImmediate(resolve));
    release();
    expect(await textOf(asking)).toBe('{"late":true}');
    const nobody = armOf(true, join(folder, 'nobody'));
    const waiting = nobody.ask(call);
    waiting.catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    nobody.close();
    await expect(waiting).rejects.toMatchObject({ status: 503 });
  });

  it('has no second try where the stable arm answers in its place', async () => {
    const [dying, there] = [await listen(die), await listen(fine)];
    await expect(armOf(false, dying.socket, there.socket).ask(call)).rejects.toMatchObject({ status: 503 });
    expect(there.asked).toHaveLength(0);
  });

  it('tells the process what it cannot know, and passes on what it refuses as it was refused', async () => {
    const full = await listen((_, response) => {
      response.writeHead(429, { 'retry-after': '3', 'content-type': 'application/json' });
      response.end('{"error":"the queue is full"}');
    });
    const asking = armOf(true, full.socket).ask(call, { role: 'stable', flags: ['fell back'] });
    await expect(asking).rejects.toMatchObject({ status: 429, message: 'the queue is full', retryAfterSeconds: 3 });
    expect(full.asked[0]?.headers).toMatchObject({
      'x-slipway-id': 'the id',
      'x-slipway-role': 'stable',
      'x-slipway-flags': '["fell back"]',
    });
    const lacking = await listen((_, response) => {
      response.writeHead(400, { 'x-slipway-unservable': 'true' });
      response.end('{"error":"input \\"x\\" is missing"}');
    });
    await expect(armOf(false, lacking.socket).ask(call)).rejects.toMatchObject({ status: 400, unservable: true });
  });
});
