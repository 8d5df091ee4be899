import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type LoadResult, runLoad } from '../../bench/autocannon.ts';
import type { ModelTarget, ObservedCapacity, ObservedReplica } from '../../fleet.ts';
import { loansFiles, loansRecord, loansRevision } from '../loans.fixture.ts';
import { machineOf } from './machine.ts';
import { type TestFleet, openTestFleet } from '../test-fleet.ts';

const PATIENT = { timeout: 240_000 };
const { revision } = loansRevision('1.0.0', 'v1_champion');

let fleet: TestFleet;
afterEach(async () => {
  await fleet.close();
});

async function serve(args: readonly string[], replicas: ModelTarget['replicas']): Promise<void> {
  fleet = await openTestFleet({ args });
  await fleet.bring(loansFiles(), loansRevision('1.0.0', 'v1_champion'));
  await fleet.turn('loans', [{ revision, weight: 100 }], { replicas });
  await fleet.ready('loans', revision);
}

const load = (seconds: number): Promise<LoadResult> =>
  runLoad({
    url: `${fleet.url}/v1/models/loans:predict`,
    body: JSON.stringify({ instances: [loansRecord] }),
    connections: 12,
    seconds,
  });

const observe = () => fleet.driver.observe(AbortSignal.timeout(30_000));
const capacity = async (): Promise<ObservedCapacity | undefined> => (await observe()).capacity;
const publics = async (): Promise<readonly ObservedReplica[]> =>
  (await observe()).replicas.filter(({ role, state }) => role === 'public' && state === 'ready');
const isResting = async (): Promise<boolean> => (await fleet.find('loans')).resting === true;

async function statusOf(): Promise<number> {
  const response = await fleet.predict('loans', loansRecord);
  await response.arrayBuffer();
  return response.status;
}

describe('a fleet under load', PATIENT, () => {
  it.skipIf(machineOf().cores < 2)('goes from one replica to two and back, without one failed request', async () => {
    await serve(['--scale-window-seconds', '5'], { min: 1, max: 2, target: 2 });
    expect(await publics()).toHaveLength(1);
    const loading = load(12);
    await fleet.until('there are two', async () => (await publics()).length === 2);
    expect(await loading).toMatchObject({ errors: 0, non2xx: 0 });
    await fleet.until('there is one again', async () => (await publics()).length === 1);
    expect(await statusOf()).toBe(200);
  });

  it('says what it would need and its machine has not', async () => {
    const { cores } = machineOf();
    await serve(['--scale-window-seconds', '5'], { min: 1, max: 50, target: 0.01 });
    const loading = load(6);
    await fleet.until('it says so', async () => ((await capacity())?.notes.length ?? 0) > 0);
    expect((await capacity())?.notes).toEqual([
      expect.stringMatching(new RegExp(`^replicas wanted 50, ${cores} core`)),
    ]);
    expect(await loading).toMatchObject({ errors: 0, non2xx: 0 });
    expect((await publics()).length).toBeLessThanOrEqual(cores);
  });

  it('replaces a replica that has grown, once and not again at once, without one failed request', async () => {
    await serve(['--replica-memory', '1M'], { min: 1, max: 1, target: 4 });
    const before = (await observe()).replicas[0]?.id;
    const loading = load(8);
    await fleet.until('another one serves', async () => {
      const serving = await publics();
      return serving.length === 1 && serving[0]?.id !== before;
    });
    expect(await loading).toMatchObject({ errors: 0, non2xx: 0 });
    expect(await capacity()).toMatchObject({ recycled: 1 });
  });
});

describe('a model with replicas.min 0', PATIENT, () => {
  const replicas = { min: 0, max: 1, target: 4 };

  it('rests when nobody asks, says that it is ready, and answers everybody who comes while it is loaded', async () => {
    await serve(['--idle-seconds', '1'], replicas);
    await fleet.until('it rests', isResting);
    expect((await fetch(`${fleet.url}/v2/models/loans/ready`)).status).toBe(200);
    expect((await fetch(`${fleet.url}/v2/health/ready`)).status).toBe(200);
    expect(await fleet.find('loans')).toMatchObject({ health: 'healthy', effective: [{ revision, weight: 100 }] });
    expect(await Promise.all(Array.from({ length: 30 }, statusOf))).toEqual(Array.from({ length: 30 }, () => 200));
    expect(await isResting()).toBe(false);
    await fleet.until('it rests again', isResting);
  });

  it('is loaded in a process of its own where loading would hold up the callers of others', async () => {
    const other = loansRevision('1.0.0', 'v2_better', [], 'others');
    await serve(['--idle-seconds', '1'], replicas);
    await fleet.bring(loansFiles(), other);
    await fleet.turn('others', [{ revision: other.revision, weight: 100 }]);
    await fleet.ready('others', other.revision);
    await fleet.kill();
    await rememberLoading(500);
    await fleet.restart();
    await fleet.ready('others', other.revision);
    await fleet.until('it rests', isResting);
    const [serving] = await publics();
    expect(await Promise.all(Array.from({ length: 8 }, statusOf))).toEqual(Array.from({ length: 8 }, () => 200));
    const { replicas: running } = await observe();
    expect(running.filter(({ role }) => role === 'candidate')).toHaveLength(1);
    expect(running.filter(({ role }) => role === 'public').map(({ id }) => id)).toEqual([serving?.id]);
    const metadata = await fetch(`${fleet.url}/v2/models/loans`);
    expect(await metadata.json()).toMatchObject({ name: 'loans', versions: ['1.0.0'], inputs: expect.any(Array) });
    await fleet.until('its process is gone', async () =>
      (await observe()).replicas.every(({ role }) => role === 'public'),
    );
    expect(await statusOf()).toBe(200);
  });
});

/** The fleet's memory of how long the revision took to load, as if it were a large one. */
async function rememberLoading(provenMs: number): Promise<void> {
  const file = join(fleet.folder, 'models', 'loans.json');
  const memory = JSON.parse(await readFile(file, 'utf8')) as { revisions: { provenMs?: number }[] };
  for (const stored of memory.revisions) stored.provenMs = provenMs;
  await writeFile(file, JSON.stringify(memory));
}
