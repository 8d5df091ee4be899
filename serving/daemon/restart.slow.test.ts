import { spawnSync } from 'node:child_process';
import { copyFile, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type Client, type ServiceClientConstructor, credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runLoad } from '../bench/autocannon.ts';
import { makeCertificate } from './certificate.fixture.ts';
import { loansFiles, loansRecord, loansRevision } from './loans.fixture.ts';
import { type TestFleet, openTestFleet } from './test-fleet.ts';

const PATIENT = { timeout: 240_000 };
const LIMIT_MS = 30_000;
const first = loansRevision('1.0.0', 'v1_champion');
const second = loansRevision('2.0.0', 'v2_better');
const body = JSON.stringify({ instances: [loansRecord] });

let fleet: TestFleet;
beforeEach(async () => {
  fleet = await openTestFleet({ grpcPort: 0 });
  await fleet.bring(loansFiles(), first, second);
  await fleet.turn('loans', [
    { revision: first.revision, weight: 70 },
    { revision: second.revision, weight: 30, leased: true },
  ]);
  await fleet.ready('loans', first.revision);
  await fleet.ready('loans', second.revision);
  await fleet.renew('loans', 300);
});
afterEach(() => fleet.close());

const daemons = (): readonly number[] =>
  spawnSync('ps', ['-o', 'pid=', '--ppid', String(fleet.pid)], { encoding: 'utf8' })
    .stdout.split('\n')
    .flatMap((line) => (line.trim() === '' ? [] : [Number(line)]));

async function restarted(ask: () => unknown): Promise<void> {
  const [before] = daemons();
  await ask();
  await fleet.until('another daemon runs alone', async () => {
    const now = daemons();
    return now.length === 1 && now[0] !== before;
  });
}

/** Asks in a loop until it is told to stop; each request that was not answered well, as a sentence. */
function asking(ask: () => Promise<string | undefined>): {
  stop(): Promise<readonly string[]>;
  readonly asked: number;
} {
  const problems: string[] = [];
  let goesOn = true;
  let asked = 0;
  const loop = (async () => {
    while (goesOn) {
      const problem = await ask().catch((error: unknown) => String(error));
      asked += 1;
      if (problem !== undefined) problems.push(problem);
    }
  })();
  return {
    get asked() {
      return asked;
    },
    async stop() {
      goesOn = false;
      await loop;
      return problems;
    },
  };
}

/** On a connection of its own, as callers without keep-alive do, or on kept ones. */
function predicting(agent: Agent | false): () => Promise<string | undefined> {
  return () =>
    new Promise((resolve, reject) => {
      const asked = request(
        `${fleet.url}/v1/models/loans:predict`,
        { method: 'POST', agent, signal: AbortSignal.timeout(LIMIT_MS) },
        (response) => {
          text(response).then((answer) => resolve(response.statusCode === 200 ? undefined : answer), reject);
        },
      );
      asked.on('error', reject);
      asked.end(body);
    });
}

function grpcClient(): Client {
  const proto = fileURLToPath(new URL('../protocol/inference.proto', import.meta.url));
  const loaded: unknown = loadPackageDefinition(loadSync(proto, { keepCase: true }))['inference'];
  const { GRPCInferenceService: Service } = loaded as Record<string, ServiceClientConstructor>;
  if (Service === undefined) throw new Error('the definition names no service');
  return new Service(fleet.grpc ?? '', credentials.createInsecure());
}

const ready = (client: Client) => (): Promise<string | undefined> =>
  new Promise((resolve, reject) => {
    const message = { name: 'loans' };
    const serialize = (): Buffer =>
      Buffer.concat([Buffer.from([0x0a, message.name.length]), Buffer.from(message.name)]);
    client.makeUnaryRequest(
      '/inference.GRPCInferenceService/ModelReady',
      serialize,
      (bytes) => bytes[1] === 1,
      message,
      { deadline: Date.now() + LIMIT_MS },
      (error, isReady) => (error === null ? resolve(isReady === true ? undefined : 'not ready') : reject(error)),
    );
  });

describe('a restart of the daemon', PATIENT, () => {
  it('twice in a row under load fails no request, over HTTP or gRPC, and keeps arms, lease and what is asked meanwhile', async () => {
    const client = grpcClient();
    const loading = runLoad({ url: `${fleet.url}/v1/models/loans:predict`, body, connections: 16, seconds: 30 });
    const fresh = asking(predicting(false));
    const overGrpc = asking(ready(client));
    const before = await fleet.find('loans');
    const { replicas } = await fleet.driver.observe(AbortSignal.timeout(LIMIT_MS));
    await fleet.until('requests are answered', async () => fresh.asked > 20 && overGrpc.asked > 20);

    await restarted(() => process.kill(fleet.pid, 'SIGHUP'));
    const after = await fleet.find('loans');
    expect(after).toMatchObject({ generation: before.generation, arms: before.arms, leaseUntil: before.leaseUntil });
    expect(after.effective).toEqual([
      { revision: first.revision, weight: 70 },
      { revision: second.revision, weight: 30 },
    ]);
    for (const { id } of replicas) expect(() => process.kill(Number(id), 0)).toThrow('ESRCH');

    await restarted(async () => {
      const response = await fetch(`${fleet.adminUrl}/fleet/restart`, { method: 'POST' });
      expect(response.status).toBe(202);
      // A change that is asked for while the successor prepares is the successor's, too.
      const turned = await fleet.turn('loans', [{ revision: second.revision, weight: 100 }]);
      expect(turned.kind).toBe('applied');
    });
    await fleet.until('it is promoted', async () =>
      (await fleet.find('loans')).effective.some((arm) => arm.revision === second.revision && arm.weight === 100),
    );

    expect(await fresh.stop()).toEqual([]);
    expect(await overGrpc.stop()).toEqual([]);
    expect(await loading).toMatchObject({ errors: 0, non2xx: 0 });
    client.close();
  });

  it('that cannot succeed leaves the daemon as it was', async () => {
    await fleet.close();
    const tls = await makeCertificate();
    fleet = await openTestFleet({ tls });
    const kept = `${tls.certFile}.kept`;
    await copyFile(tls.certFile, kept);
    const epoch = daemons();
    await writeFile(tls.certFile, 'spoiled');
    process.kill(fleet.pid, 'SIGHUP');
    await fleet.until('a successor tries', async () => daemons().length === 2);
    await fleet.until('it has ended', async () => daemons().length === 1);
    expect(daemons()).toEqual(epoch);
    await fleet.bring(loansFiles(), first);
    await fleet.turn('loans', [{ revision: first.revision, weight: 100 }]);
    await fleet.ready('loans', first.revision);
    await copyFile(kept, tls.certFile);
    await restarted(() => process.kill(fleet.pid, 'SIGHUP'));
    await fleet.ready('loans', first.revision);
    await rm(tls.folder, { recursive: true, force: true });
  });
});

describe('a daemon that is killed', PATIENT, () => {
  it('is followed by another on the same ports: connections wait, those that are open are answered, and orphans end', async () => {
    const { replicas } = await fleet.driver.observe(AbortSignal.timeout(LIMIT_MS));
    const fresh = asking(predicting(false));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const kept = asking(predicting(agent));
    await fleet.until('requests are answered', async () => fresh.asked > 20 && kept.asked > 20);
    const [killed] = daemons();
    process.kill(killed ?? 0, 'SIGKILL');
    await fleet.until('another daemon runs', async () => daemons().some((pid) => pid !== killed));
    await fleet.ready('loans', first.revision);
    const [a, b] = [fresh.asked, kept.asked];
    await fleet.until('requests go on', async () => fresh.asked > a + 20 && kept.asked > b + 20);
    expect(await fresh.stop()).toEqual([]);
    expect(await kept.stop()).toEqual([]);
    agent.destroy();
    await fleet.until('the orphans end', async () =>
      replicas.every(({ id }) => {
        try {
          return !process.kill(Number(id), 0);
        } catch {
          return true;
        }
      }),
    );
  });
});
