import { Agent, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObservedFleet } from '../fleet.ts';
import { loansFiles, loansRecord, loansRevision } from './loans.fixture.ts';
import { type TestFleet, openTestFleet } from './test-fleet.ts';

const PATIENT = { timeout: 600_000 };
const MODELS = 500;
const MAX_LOADED = 50;
const REQUESTS = 1_500;
const CALLERS = 8;

let fleet: TestFleet;
const names = Array.from({ length: MODELS }, (_, k) => `loans-${k}`);
const agent = new Agent({ keepAlive: true, maxSockets: CALLERS });

beforeAll(async () => {
  fleet = await openTestFleet({ args: ['--max-loaded', String(MAX_LOADED)] });
  for (const name of names) {
    const revision = loansRevision('1.0.0', 'v1_champion', [], name);
    await fleet.bring(loansFiles(), revision);
    const arms = [{ revision: revision.revision, weight: 100 }];
    const target = { arms, salt: 'salt', replicas: { min: 1, max: 1, target: 4 } };
    await fleet.apply({ kind: 'put-model', model: name, generation: 0, target });
  }
}, PATIENT.timeout);
afterAll(async () => {
  agent.destroy();
  await fleet.close();
});

const observe = (): Promise<ObservedFleet> => fleet.driver.observe(AbortSignal.timeout(60_000));

/** The same order in every run, and no model near where it was before. */
function* randomNames(): Generator<string> {
  let state = 42;
  for (;;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield names[Math.floor((state / 2 ** 32) * MODELS)] ?? '';
  }
}

function ask(model: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asking = request(
      `${fleet.url}/v1/models/${model}:predict`,
      { method: 'POST', agent, headers: { 'content-type': 'application/json' } },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      },
    );
    asking.on('error', reject);
    asking.end(JSON.stringify({ instances: [loansRecord] }));
  });
}

describe(`a fleet of ${MODELS} models with room for ${MAX_LOADED}`, PATIENT, () => {
  it('proves all of them in few processes, and says that all can be asked', async () => {
    let most = 0;
    await fleet.until('all can be asked', async () => {
      const { models, replicas } = await observe();
      most = Math.max(most, replicas.length);
      return models.every(({ revisions }) => revisions[0]?.state === 'ready');
    });
    expect(most).toBeLessThanOrEqual(4);
    const { models, capacity } = await observe();
    expect(models.filter(({ resting }) => resting === true)).toHaveLength(MODELS - MAX_LOADED);
    expect(models.every(({ health }) => health === 'healthy')).toBe(true);
    expect(capacity).toMatchObject({ loaded: MAX_LOADED, maxLoaded: MAX_LOADED });
    expect((await fetch(`${fleet.url}/v2/health/ready`)).status).toBe(200);
  });

  it('answers whatever is asked for, in any order, loading it while the caller waits', async () => {
    const order = randomNames();
    const latencies: number[] = [];
    const statuses = new Map<number, number>();
    let left = REQUESTS;
    const caller = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        const started = performance.now();
        const status = await ask(order.next().value);
        latencies.push(performance.now() - started);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
    expect(statuses).toEqual(new Map([[200, REQUESTS]]));
    latencies.sort((a, b) => a - b);
    const at = (share: number): number => Math.round(latencies[Math.floor(share * (latencies.length - 1))] ?? 0);
    const { models, replicas } = await observe();
    const rssMb =
      Math.max(...replicas.filter(({ role }) => role === 'public').map(({ rssBytes }) => rssBytes)) / 2 ** 20;
    console.log(`p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms; replica ${Math.round(rssMb)} MB`);
    expect(models.filter(({ resting }) => resting !== true).length).toBeLessThanOrEqual(MAX_LOADED);
  });

  it('loads what rests when its metadata are asked for', async () => {
    const { models } = await observe();
    const resting = models.find((model) => model.resting === true)?.model ?? '';
    const metadata = await fetch(`${fleet.url}/v2/models/${resting}`);
    expect(await metadata.json()).toMatchObject({ name: resting, inputs: expect.any(Array) });
  });
});
