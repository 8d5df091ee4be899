import { type Socket, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Door } from './door.ts';

test('connections that wait for a replica are all offered together, once a turn, however many they are', async () => {
  const waiting = 40;
  let [offers, open] = [0, false];
  const taken = new Set<Socket>();
  const taker = {
    connections: 0,
    take: (socket: Socket) => {
      taken.add(socket);
      return Promise.resolve(true);
    },
  };
  const door = new Door(() => {
    offers += 1;
    return open ? [taker] : [];
  }, 'http');
  const port = await door.listen('127.0.0.1', 0);
  const callers = Array.from({ length: waiting }, () => connect(port, '127.0.0.1'));
  for (const caller of callers) caller.on('error', () => {});
  try {
    while (door.waiting < waiting) await sleep(5);
    // Turns come a tenth of a second apart; a timer for each connection made forty times as many offers each turn.
    const [before, since] = [offers, performance.now()];
    while (offers < before + 2 * waiting) await sleep(5);
    const turns = (performance.now() - since) / 100;
    expect(offers - before).toBeLessThanOrEqual(waiting * (turns + 2));
    open = true;
    while (taken.size < waiting) await sleep(5);
    expect(door.waiting).toBe(0);
  } finally {
    for (const socket of [...callers, ...taken]) socket.destroy();
    door.close();
  }
});
