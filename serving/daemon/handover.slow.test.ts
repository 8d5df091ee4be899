import { type Socket, connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { usageOf } from '../bench/process-usage.ts';
import { REPLICA } from '../bench/measured.ts';
import { loansFiles, loansRecord, loansRevision } from './loans.fixture.ts';
import { type TestFleet, openTestFleet } from './test-fleet.ts';

const revision = loansRevision('1.0.0', 'v2_better');
let fleet: TestFleet;
beforeAll(async () => {
  fleet = await openTestFleet();
  await fleet.bring(loansFiles(), revision);
  await fleet.turn('loans', [{ revision: revision.revision, weight: 100 }], {
    replicas: { min: 1, max: 1, target: 4 },
  });
  await fleet.ready('loans', revision.revision);
});
afterAll(() => fleet.close());

const BODY = JSON.stringify({ instances: [loansRecord] });
const REQUEST = `POST /v1/models/loans:predict HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`;

/** How a caller's connection ended: with an answer, or without. */
function ending(socket: Socket): Promise<string> {
  let heard = '';
  socket.on('data', (part: Buffer) => (heard += part.toString()));
  socket.on('error', () => {});
  return new Promise((resolve) => socket.once('close', () => resolve(heard === '' ? 'reset' : heard.slice(0, 12))));
}

test.skipIf(process.platform !== 'linux')(
  'connections on their way to a replica that dies are answered by the next, all but the one that it may have begun with',
  async () => {
    const replica = (await usageOf(fleet.pid))?.processes.find(({ command }) => REPLICA.test(command));
    if (replica === undefined) throw new Error('there is no replica');
    // It takes nothing from its channel any more, as if it were busy with a long run.
    process.kill(replica.pid, 'SIGSTOP');
    const { hostname, port } = new URL(fleet.url);
    const callers = Array.from({ length: 6 }, () => connect(Number(port), hostname));
    await Promise.all(callers.map((caller) => new Promise((resolve) => caller.once('connect', resolve))));
    const endings = callers.map(ending);
    for (const caller of callers) caller.write(REQUEST);
    process.kill(replica.pid, 'SIGKILL');
    const ended = await Promise.all(endings);
    expect(ended.filter((how) => how === 'reset').length).toBeLessThanOrEqual(1);
    expect(ended.filter((how) => how !== 'reset')).toEqual(
      Array.from({ length: ended.filter((how) => how !== 'reset').length }, () => 'HTTP/1.1 200'),
    );
  },
);
