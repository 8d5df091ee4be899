import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LoadResult, runLoad } from '../bench/autocannon.ts';
import type { ObservedReplica, RevisionTarget } from '../fleet.ts';
import { type TestFleet, openTestFleet } from './test-fleet.ts';
import { awkwardRevision, loansFiles, loansRecord, loansRevision } from './loans.fixture.ts';

/** Load tests wait for what a busy machine does when it comes to it. */
const PATIENT = { timeout: 180_000 };

let fleet: TestFleet;
/** Every test has a model of its own in the one fleet: counters of the same name would go on. */
let model = '';
let first: RevisionTarget;
let second: RevisionTarget;
let count = 0;
beforeAll(async () => {
  fleet = await openTestFleet();
});
beforeEach(() => {
  count += 1;
  model = `loans-${count}`;
  first = loansRevision('1.0.0', 'v1_champion', [], model);
  second = loansRevision('2.0.0', 'v2_better', [], model);
});
afterEach(async () => {
  const { models } = await fleet.driver.observe(AbortSignal.timeout(30_000));
  for (const { model: name, generation } of models)
    await fleet.apply({ kind: 'retire-model', model: name, generation });
});
afterAll(async () => {
  await fleet.close();
});

const only = (revision: string) => [{ revision, weight: 100 }];
const canary = (weight: number) => [
  { revision: first.revision, weight: 100 - weight },
  { revision: second.revision, weight, leased: true },
];

const serveFirst = async (more?: Parameters<TestFleet['turn']>[2]): Promise<void> => {
  await fleet.bring(loansFiles(), first, second);
  await fleet.turn(model, only(first.revision), more);
  await fleet.ready(model, first.revision);
};

const load = (seconds: number): Promise<LoadResult> =>
  runLoad({
    url: `${fleet.url}/v1/models/${model}:predict`,
    body: JSON.stringify({ instances: [loansRecord] }),
    connections: 8,
    seconds,
  });

const replicas = async (role: ObservedReplica['role']): Promise<readonly ObservedReplica[]> =>
  (await fleet.driver.observe(AbortSignal.timeout(10_000))).replicas.filter((each) => each.role === role);

const share = async (revision: string): Promise<number> =>
  (await fleet.find(model)).effective.find((each) => each.revision === revision)?.weight ?? 0;

const statsOf = async (revision: string) =>
  (await fleet.driver.stats(model, AbortSignal.timeout(10_000))).arms.find((arm) => arm.revision === revision);

/** Who answered each of so many requests, by version; anything but status 200 by its status. */
async function versionsOf(count: number): Promise<ReadonlyMap<string, number>> {
  const versions = new Map<string, number>();
  for (let k = 0; k < count; k++) {
    const response = await fleet.predict(model, loansRecord);
    await response.arrayBuffer();
    const name = response.ok ? (response.headers.get('x-slipway-model-version') ?? '') : String(response.status);
    versions.set(name, (versions.get(name) ?? 0) + 1);
  }
  return versions;
}

/** A kept connection to a killed process may be used once more before its end is noticed: that is the caller's, not the fleet's. */
async function useUpStaleConnections(): Promise<void> {
  await fleet.until('no stale connection is left', async () => {
    try {
      return (await fetch(`${fleet.url}/v2/health/live`)).ok;
    } catch {
      return false;
    }
  });
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('a fleet', PATIENT, () => {
  it('gives a candidate its share of the requests, within four standard deviations, and counts them by arm', async () => {
    await serveFirst();
    await fleet.turn(model, canary(30));
    await fleet.ready(model, second.revision);
    await fleet.renew(model, 120);
    await fleet.until('the candidate gets its share', async () => (await share(second.revision)) === 30);
    const versions = await versionsOf(400);
    const hits = versions.get('2.0.0') ?? 0;
    expect(versions.size).toBe(2);
    expect(Math.abs(hits - 120)).toBeLessThan(4 * Math.sqrt(400 * 0.3 * 0.7));
    const stats = await statsOf(second.revision);
    expect(stats).toMatchObject({ requests: hits, errors: 0, unservable: 0 });
    expect(stats?.score.count).toBe(hits);
    expect(stats?.computeMs.count).toBe(hits);
    expect(stats?.latencyMs.counts.reduce((sum, count) => sum + count, 0)).toBe(hits);
  });

  it('keeps a caller on its arm by header, and moves none back when the weight rises', async () => {
    await serveFirst();
    const sticky = { sticky: { header: 'X-User-Id' } };
    const armsOfCallers = async (): Promise<readonly (string | null)[]> =>
      Promise.all(
        Array.from({ length: 60 }, async (_, k) => {
          const response = await fleet.predict(model, loansRecord, { 'x-user-id': `user ${k}` });
          await response.arrayBuffer();
          return response.headers.get('x-slipway-model-version');
        }),
      );
    await fleet.turn(model, canary(20), sticky);
    await fleet.ready(model, second.revision);
    await fleet.renew(model, 120);
    const before = await armsOfCallers();
    expect(await armsOfCallers()).toEqual(before);
    await fleet.turn(model, canary(60), sticky);
    const after = await armsOfCallers();
    expect(before.filter((version) => version === '2.0.0').length).toBeGreaterThan(0);
    expect(after.filter((version, k) => version === '1.0.0' && before[k] === '2.0.0')).toEqual([]);
    expect(after.filter((version) => version === '2.0.0').length).toBeGreaterThan(
      before.filter((version) => version === '2.0.0').length,
    );
  });

  it('has the stable arm answer what the candidate lacks an input for, and counts that as unservable, not as an error', async () => {
    await serveFirst();
    await fleet.turn(model, canary(100));
    await fleet.ready(model, second.revision);
    await fleet.renew(model, 120);
    const { age, income, employment_years, region } = loansRecord;
    const response = await fleet.predict(model, { age, income, employment_years, region });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-slipway-model-version')).toBe('1.0.0');
    expect(await statsOf(second.revision)).toMatchObject({ errors: 0, unservable: 1 });
    const refused = await fleet.predict(model, { age, income });
    expect(refused.status).toBe(400);
    expect(await statsOf(second.revision)).toMatchObject({ errors: 0, unservable: 1 });
  });

  it('falls back to the stable arm when the process of the candidate is killed, counts that against it, and starts it anew', async () => {
    await serveFirst();
    await fleet.turn(model, canary(100));
    await fleet.ready(model, second.revision);
    await fleet.renew(model, 120);
    const [candidate] = await replicas('candidate');
    const loading = load(3);
    await fleet.until('the candidate answers', async () => ((await statsOf(second.revision))?.requests ?? 0) > 50);
    process.kill(Number(candidate?.id), 'SIGKILL');
    expect(await loading).toMatchObject({ errors: 0, non2xx: 0 });
    await fleet.until('the candidate is back', async () => (await share(second.revision)) === 100);
    expect((await replicas('candidate'))[0]?.id).not.toBe(candidate?.id);
    expect((await versionsOf(5)).get('2.0.0')).toBe(5);
  });

  it('starts a killed public replica anew, and lets callers wait for it instead of turning them away', async () => {
    await serveFirst();
    const [replica] = await replicas('public');
    process.kill(Number(replica?.id), 'SIGKILL');
    await fleet.until('the replica is gone', async () => !isAlive(Number(replica?.id)));
    await useUpStaleConnections();
    expect(await versionsOf(3)).toEqual(new Map([['1.0.0', 3]]));
    expect((await replicas('public')).map(({ id }) => id)).not.toContain(replica?.id);
  });

  it('goes on answering under load while one of two replicas is killed', async () => {
    await serveFirst({ replicas: { min: 2, max: 2, target: 4 } });
    await fleet.until(
      'two replicas are ready',
      async () => (await replicas('public')).filter(({ state }) => state === 'ready').length === 2,
    );
    const loading = load(3);
    await fleet.until('requests are answered', async () => ((await statsOf(first.revision))?.requests ?? 0) > 100);
    const [replica] = await replicas('public');
    process.kill(Number(replica?.id), 'SIGKILL');
    const { answered, non2xx, errors } = await loading;
    // What was under way in the killed process is lost with it: at most one request a connection.
    expect(non2xx).toBe(0);
    expect(errors).toBeLessThanOrEqual(8);
    expect(answered).toBeGreaterThan(100);
  });

  it.each([
    ['in the process that serves', 1],
    ['by fresh processes, where loading takes long', 500],
  ])('promotes %s and rolls back under load without one failed request', async (_, provenMs) => {
    await serveFirst();
    await fleet.turn(model, canary(50));
    await fleet.ready(model, second.revision);
    await fleet.kill();
    await rememberLoading(second.revision, provenMs);
    await fleet.restart();
    await fleet.ready(model, first.revision);
    await fleet.ready(model, second.revision);
    await fleet.renew(model, 120);
    const [before] = await replicas('public');
    const loading = load(5);
    const requests = async (): Promise<number> => (await statsOf(first.revision))?.requests ?? 0;
    await fleet.until('requests are answered', async () => (await requests()) > 100);
    await fleet.turn(model, [
      { revision: second.revision, weight: 100 },
      { revision: first.revision, weight: 0 },
    ]);
    await fleet.until('it is promoted', async () => (await share(second.revision)) === 100);
    await fleet.turn(model, [
      { revision: first.revision, weight: 100 },
      { revision: second.revision, weight: 0 },
    ]);
    await fleet.until('it is rolled back', async () => (await share(first.revision)) === 100);
    const counted = await requests();
    await fleet.until('the stable arm answers again', async () => (await requests()) > counted + 100);
    expect(await loading).toMatchObject({ errors: 0, non2xx: 0 });
    expect(await statsOf(second.revision)).toMatchObject({ errors: 0, unservable: 0 });
    const isKept = (await replicas('public')).some(({ id, state }) => id === before?.id && state === 'ready');
    expect(isKept).toBe(provenMs === 1);
  });

  /** The fleet's memory of how long a revision took to load, as if it were a large one. */
  async function rememberLoading(revision: string, provenMs: number): Promise<void> {
    const file = join(fleet.folder, 'models', `${model}.json`);
    const memory = JSON.parse(await readFile(file, 'utf8')) as {
      revisions: { target: { revision: string }; provenMs?: number }[];
    };
    for (const stored of memory.revisions) if (stored.target.revision === revision) stored.provenMs = provenMs;
    await writeFile(file, JSON.stringify(memory));
  }

  it('serves again what it served when its daemon was killed, hold, state and lease included, and leaves no process behind', async () => {
    await serveFirst();
    const told = { state: { step: 1 }, held: { by: 'ana', because: 'a reason', since: '2026-11-21T10:00:00.000Z' } };
    await fleet.turn(model, canary(40), told);
    await fleet.ready(model, second.revision);
    await fleet.renew(model, 300);
    const before = await fleet.find(model);
    const orphans = [...(await replicas('public')), ...(await replicas('candidate'))].map(({ id }) => Number(id));
    await fleet.kill();
    await fleet.until('the orphans end', async () => !orphans.some(isAlive));
    await fleet.restart();
    await fleet.until('the candidate has its share again', async () => (await share(second.revision)) === 40);
    const { revisions: _, ...after } = await fleet.find(model);
    const { revisions: __, ...wanted } = before;
    expect(after).toEqual({ ...wanted, effective: after.effective });
    expect((await versionsOf(60)).get('1.0.0')).toBeGreaterThan(0);
  });

  it('gives a candidate nothing after a restart when its lease lapsed meanwhile', async () => {
    await serveFirst();
    await fleet.turn(model, canary(100));
    await fleet.ready(model, second.revision);
    await fleet.renew(model, 0.2);
    await fleet.kill();
    await fleet.restart();
    await fleet.ready(model, first.revision);
    await fleet.ready(model, second.revision);
    await fleet.until('callers are served', async () => (await share(first.revision)) === 100);
    expect(await versionsOf(20)).toEqual(new Map([['1.0.0', 20]]));
  });

  it('gives no request to a revision that fails a self-test, and says which', async () => {
    await fleet.bring(loansFiles(), first);
    const wrong = loansRevision('2.0.0', 'v2_better', [{ record: loansRecord, score: 0.99, tolerance: 1e-4 }], model);
    await fleet.bring(loansFiles(), wrong);
    await fleet.turn(model, only(first.revision));
    await fleet.ready(model, first.revision);
    await fleet.turn(model, only(wrong.revision));
    await fleet.until('it fails', async () =>
      (await fleet.find(model)).revisions.some(({ state }) => state === 'failed'),
    );
    const found = (await fleet.find(model)).revisions.find(({ revision }) => revision === wrong.revision);
    expect(found?.reason).toMatch(/self-test 1 answered 0\.05958\d+, expected 0\.99 within 0\.0001/);
    expect(await versionsOf(10)).toEqual(new Map([['1.0.0', 10]]));
    expect((await fleet.find(model)).health).toBe('degraded');

    // Told again, with a self-test that is right this time, it is tried again.
    await fleet.bring(loansFiles(), second);
    await fleet.until('it is promoted', async () => (await share(second.revision)) === 100);
    expect(await versionsOf(5)).toEqual(new Map([['2.0.0', 5]]));
  });

  it('does not serve bytes that changed on its disk, and does once they are delivered again', async () => {
    await fleet.bring(loansFiles(), first);
    const [sha256 = ''] = Object.values(first.files);
    await writeFile(join(fleet.folder, 'artifacts', sha256), 'something else');
    await fleet.turn(model, only(first.revision));
    await fleet.until('it fails', async () => (await fleet.find(model)).revisions[0]?.state === 'failed');
    expect((await fleet.find(model)).revisions[0]?.reason).toContain(`the manifest says ${sha256}`);
    expect((await fleet.predict(model, loansRecord)).status).toBe(503);
    const artifact = `${fleet.adminUrl}/fleet/artifacts/${sha256}`;
    await fleet.until(
      'the spoiled file is gone',
      async () => (await fetch(artifact, { method: 'HEAD' })).status === 404,
    );
    await fleet.bring(loansFiles(), first);
    await fleet.ready(model, first.revision);
  });

  it('gives up on a revision whose process dies three times while it loads', async () => {
    await serveFirst();
    const { target, bytes } = awkwardRevision('slow_loop.onnx');
    await fleet.bring(bytes, target);
    await fleet.turn(target.model, only(target.revision));
    const killed = new Set<string>();
    await fleet.until('it is given up', async () => {
      // Its warm-up run takes seconds: time enough to be killed in.
      for (const { id } of await replicas('candidate')) {
        if (killed.has(id)) continue;
        killed.add(id);
        process.kill(Number(id), 'SIGKILL');
      }
      return (await fleet.find(target.model)).revisions[0]?.state === 'failed';
    });
    expect((await fleet.find(target.model)).revisions[0]?.reason).toBe(
      'the process that loaded it ended by SIGKILL, 3 times',
    );
    expect(killed.size).toBe(3);
    expect(await versionsOf(5)).toEqual(new Map([['1.0.0', 5]]));
  });

  it('refuses a revision whose manifest, name or digest is another than it says', async () => {
    await fleet.bring(loansFiles(), first);
    const put = (target: typeof first) => fleet.apply({ kind: 'put-revision', target });
    expect(await put({ ...first, version: '9.0.0' })).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('1.0.0'),
    });
    expect(await put({ ...first, revision: second.revision })).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining(first.revision),
    });
    expect(await put({ ...first, manifest: 'kind: Model' })).toMatchObject({ kind: 'refused' });
  });

  it('records what it answered and refused, and answers who allowed it', async () => {
    await serveFirst();
    const response = await fleet.predict(model, loansRecord);
    await response.arrayBuffer();
    const refused = await fleet.predict(model, { age: 'old' });
    const id = response.headers.get('x-slipway-id') ?? '';
    const posted = await fetch(`${fleet.url}/v1/models/${model}:feedback`, {
      method: 'POST',
      body: JSON.stringify({ id, label: 1 }),
    });
    expect(posted.status).toBe(202);
    const looked = await fetch(`${fleet.url}/v1/predictions/${id}`);
    expect(await looked.json()).toMatchObject({
      id,
      model,
      version: '1.0.0',
      revision: first.revision,
      arm: 'stable',
      status: 200,
      rows: [{ row: 0, inputs: { age: 41, income: 52_000, region: 'west' }, class: 0, feedback: '1' }],
      provenance: { repository: 'acme/models', commit: 'c0ffee', pullRequest: 7, approvals: ['ana'] },
    });
    const failed = await fetch(`${fleet.url}/v1/predictions/${refused.headers.get('x-slipway-id')}`);
    expect(await failed.json()).toMatchObject({ status: 400, rows: [{ inputs: { age: null }, score: null }] });
    expect((await fetch(`${fleet.url}/v1/predictions/01a1fd96-e34f-7e09-ad7d-0f04c47a5d02`)).status).toBe(404);
  });

  it('finds what each of its models answered', async () => {
    await serveFirst();
    const { target, bytes } = awkwardRevision('float64_io.onnx');
    await fleet.bring(bytes, target);
    await fleet.turn(target.model, [{ revision: target.revision, weight: 100 }]);
    await fleet.ready(target.model, target.revision);
    const asked = [await fleet.predict(model, loansRecord), await fleet.infer(target.model, { inputs: [] })];
    const found = await Promise.all(
      asked.map(async ({ headers }) =>
        (await fetch(`${fleet.url}/v1/predictions/${headers.get('x-slipway-id')}`)).json(),
      ),
    );
    expect(found).toMatchObject([
      { model, status: 200 },
      { model: target.model, status: 400 },
    ]);
  });

  it('tells its metrics on the public port, of all replicas, under the names that dashboards know', async () => {
    await serveFirst({ replicas: { min: 2, max: 2, target: 4 } });
    expect((await versionsOf(7)).get('1.0.0')).toBe(7);
    const text = await (await fetch(`${fleet.url}/metrics`)).text();
    expect(text).toContain(`nv_inference_request_success{model="${model}",version="1.0.0"} 7\n`);
    expect(text).toContain(`slipway_arm_weight{model="${model}",version="1.0.0",revision="${first.revision}"} 100\n`);
    expect(text).toMatch(/slipway_request_duration_seconds_bucket\{[^}]*le="\+Inf"\} 7\n/);
  });

  it('retires a model: its callers are told that it is unknown', async () => {
    await serveFirst();
    const { generation } = await fleet.find(model);
    expect(await fleet.apply({ kind: 'retire-model', model, generation })).toEqual({ kind: 'applied' });
    await fleet.until('it is unknown', async () => (await fleet.predict(model, loansRecord)).status === 404);
    expect(await readdir(join(fleet.folder, 'models'))).not.toContain(`${model}.json`);
  });
});
