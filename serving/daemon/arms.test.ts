import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArmStats } from '../fleet.ts';
import { loansFiles, loansRecord, loansRevision } from './loans.fixture.ts';
import { type TestFleet, openTestFleet } from './test-fleet.ts';

const model = 'loans';
const first = loansRevision('1.0.0', 'v1_champion');
const second = loansRevision('2.0.0', 'v3_cohort_regression');

let fleet: TestFleet;
beforeAll(async () => {
  fleet = await openTestFleet();
  await fleet.bring(loansFiles(), first, second);
});
afterAll(async () => {
  await fleet.close();
});

/** Records that the two revisions answer differently in part. */
const records = Array.from({ length: 60 }, (_, k) => ({
  age: 22 + (k % 40),
  income: 9000 + 700 * k,
  debt_ratio: 0.25 + 0.012 * k,
  employment_years: (k % 12) / 2,
  region: ['north', 'south', 'east', 'west'][k % 4],
  group: k % 2 === 0 ? 'A' : 'B',
}));

interface Answered {
  readonly version: string;
  readonly predictions: readonly { readonly score: number; readonly class: number }[];
  readonly flags?: readonly string[];
}

async function answerOf(record: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answered> {
  const response = await fleet.predict(model, record, headers);
  expect(response.status).toBe(200);
  return (await response.json()) as Answered;
}

async function armOf(revision: string): Promise<ArmStats> {
  const { arms } = await fleet.driver.stats(model, AbortSignal.timeout(10_000));
  const found = arms.find((arm) => arm.revision === revision);
  if (found === undefined) throw new Error(`no arm ${revision}`);
  return found;
}

type Row = Readonly<Record<string, unknown>>;

async function loggedRows(ids: readonly string[], query = ''): Promise<readonly Row[]> {
  const response = await fetch(`${fleet.adminUrl}/fleet/models/${model}/predictions?format=json&limit=1000${query}`);
  const { rows } = (await response.json()) as { readonly rows: readonly Row[] };
  return rows.filter(({ id }) => ids.includes(String(id)));
}

describe('a shadow arm', () => {
  beforeAll(async () => {
    await fleet.turn(model, [
      { revision: first.revision, weight: 100 },
      { revision: second.revision, weight: 0, leased: true, shadow: true },
    ]);
    await fleet.renew(model, 60);
    await fleet.ready(model, first.revision);
    await fleet.ready(model, second.revision);
  });

  it('answers a copy of what the stable arm answered, compared row by row, and no caller sees it', async () => {
    // Its process may still be opening its ear for copies: what is skipped by then is not what this test is about.
    await fleet.until('copies arrive', async () => {
      await answerOf(loansRecord);
      return ((await armOf(second.revision)).shadow?.requests ?? 0) > 0;
    });
    const before = (await armOf(second.revision)).shadow;
    const answers = [];
    for (const record of records) answers.push(await answerOf(record));
    expect(new Set(answers.map(({ version }) => version))).toEqual(new Set(['1.0.0']));
    const taken = () => armOf(second.revision).then(({ shadow }) => (shadow?.requests ?? 0) - (before?.requests ?? 0));
    await fleet.until('every copy is answered', async () => (await taken()) === records.length);

    const own = await Promise.all(records.map((record) => answerOf(record, { 'x-slipway-arm': 'candidate' })));
    const pairs = answers.map((answer, k) => [answer.predictions[0], own[k]?.predictions[0]] as const);
    const flips = pairs.filter(([a, b]) => a?.class !== b?.class).length;
    const distance = pairs.reduce((sum, [a, b]) => sum + Math.abs((a?.score ?? NaN) - (b?.score ?? NaN)), 0);
    const { shadow, requests, errors } = await armOf(second.revision);
    expect(flips).toBeGreaterThan(0);
    expect((shadow?.flips ?? NaN) - (before?.flips ?? NaN)).toBe(flips);
    expect((shadow?.decided ?? NaN) - (before?.decided ?? NaN)).toBe(records.length);
    expect((shadow?.distance.sum ?? NaN) - (before?.distance.sum ?? NaN)).toBeCloseTo(distance, 6);
    expect([requests, errors, shadow?.errors]).toEqual([0, 0, 0]);
  });

  it.each([
    ['JSON', false],
    ['bytes', true],
  ])('compares answers in tensors, too, that came as %s', async (_, isBinary) => {
    const before = (await armOf(second.revision)).shadow;
    const rows = 3;
    const bytes = Buffer.from(Float32Array.of(28, 41, 63).buffer);
    const tail: Buffer[] = [];
    const inputs = Object.entries(loansRecord).map(([name, value]) => {
      const shape = [rows, 1];
      if (typeof value !== 'number')
        return { name, datatype: 'BYTES', shape, data: Array.from({ length: rows }, () => value) };
      if (!isBinary) return { name, datatype: 'FP32', shape, data: Array.from({ length: rows }, () => value) };
      tail.push(bytes);
      return { name, datatype: 'FP32', shape, parameters: { binary_data_size: bytes.length } };
    });
    const head = Buffer.from(JSON.stringify({ inputs }));
    const response = await fetch(`${fleet.url}/v2/models/${model}/infer`, {
      method: 'POST',
      headers: isBinary ? { 'inference-header-content-length': String(head.length) } : {},
      body: Buffer.concat([head, ...tail]),
    });
    expect(response.status).toBe(200);
    await fleet.until('the copy is compared', async () => {
      const { shadow } = await armOf(second.revision);
      return (shadow?.rows ?? 0) - (before?.rows ?? 0) === rows;
    });
    expect((await armOf(second.revision)).shadow?.errors).toBe(0);
  });

  it('is logged apart from what callers got, under the same id', async () => {
    const id = (await fleet.predict(model, loansRecord)).headers.get('x-slipway-id') ?? '';
    await fleet.until('both are logged', async () => {
      const [own, shadow] = [await loggedRows([id]), await loggedRows([id], '&arm=shadow')];
      return own.length > 0 && shadow.length > 0;
    });
    const shown = ({ arm, shadow, version }: Row) => [arm, shadow, version];
    expect((await loggedRows([id])).map(shown)).toEqual([['stable', false, '1.0.0']]);
    expect((await loggedRows([id], '&arm=shadow')).map(shown)).toEqual([['candidate', true, '2.0.0']]);
    const told = await (await fetch(`${fleet.url}/v1/predictions/${id}`)).json();
    expect(told).toMatchObject({ version: '1.0.0', arm: 'stable', rows: [{ row: 0 }] });
  });

  it('gets no more copies when its lease has lapsed', async () => {
    await fleet.renew(model, 0.001);
    const before = (await armOf(second.revision)).shadow;
    for (const record of records.slice(0, 10)) await answerOf(record);
    expect((await armOf(second.revision)).shadow).toEqual(before);
    await fleet.renew(model, 60);
  });

  it('is refused with a share', async () => {
    const refused = await fleet.turn(model, [
      { revision: first.revision, weight: 100 },
      { revision: second.revision, weight: 10, shadow: true },
    ]);
    expect(refused).toMatchObject({ kind: 'refused', reason: expect.stringContaining('its weight must be 0') });
  });
});

describe('a request that names its arm', () => {
  const named = (arm: string) => fleet.predict(model, loansRecord, { 'x-slipway-arm': arm });

  beforeAll(async () => {
    await fleet.turn(model, [
      { revision: first.revision, weight: 100 },
      { revision: second.revision, weight: 0, leased: true },
    ]);
    await fleet.until('the candidate can be asked', async () => (await named('candidate')).status === 200);
  });

  it.each([
    ['candidate', '2.0.0'],
    ['2.0.0', '2.0.0'],
    [second.revision, '2.0.0'],
    ['stable', '1.0.0'],
    ['1.0.0', '1.0.0'],
  ])('%s is answered by %s, whatever the shares', async (arm, version) => {
    const response = await named(arm);
    expect(response.headers.get('x-slipway-model-version')).toBe(version);
    expect(response.status).toBe(200);
  });

  it('gets a 404 that lists what there is when nothing is called so', async () => {
    const response = await named('3.0.0');
    expect(response.status).toBe(404);
    const { error } = (await response.json()) as { readonly error: string };
    expect(error).toContain('1.0.0 (stable), 2.0.0 (candidate)');
  });

  it('counts for no comparison of arms, and is flagged in the log', async () => {
    const counted = async (revision: string) => {
      const { requests, errors, score } = await armOf(revision);
      return { requests, errors, score };
    };
    const before = [await counted(first.revision), await counted(second.revision)];
    const ids: string[] = [];
    for (const arm of ['stable', 'candidate', 'candidate'])
      ids.push((await named(arm)).headers.get('x-slipway-id') ?? '');
    expect([await counted(first.revision), await counted(second.revision)]).toEqual(before);
    const metrics = await (await fetch(`${fleet.url}/metrics`)).text();
    expect(metrics).toMatch(/slipway_overrides_total\{model="loans",version="2.0.0",revision="[^"]+"\} [1-9]/);
    await fleet.until('all are logged', async () => (await loggedRows(ids)).length === ids.length);
    expect((await loggedRows(ids)).map(({ flags }) => flags)).toEqual(['override', 'override', 'override']);
  });
});

describe('a model with a response cache', () => {
  const cached = [{ revision: first.revision, weight: 100 }];

  it('answers what comes again from it: counted as a request, under an id of its own, and logged as such', async () => {
    await fleet.turn(model, cached, { cacheBytes: 2 ** 20 });
    const before = await armOf(first.revision);
    const record = { ...loansRecord, age: 77 };
    const responses = [await fleet.predict(model, record), await fleet.predict(model, record)];
    const ids = responses.map(({ headers }) => headers.get('x-slipway-id') ?? '');
    const [one, two] = await Promise.all(responses.map((response) => response.json() as Promise<Answered>));
    expect(new Set(ids).size).toBe(2);
    expect(two?.predictions).toEqual(one?.predictions);
    const after = await armOf(first.revision);
    expect(after.requests - before.requests).toBe(2);
    expect(after.computeMs.count - before.computeMs.count).toBe(1);
    await fleet.until('both are logged', async () => (await loggedRows(ids)).length === 2);
    const flags = (await loggedRows(ids)).toSorted(
      (a, b) => ids.indexOf(String(a['id'])) - ids.indexOf(String(b['id'])),
    );
    expect(flags.map((row) => String(row['flags']).includes('cached'))).toEqual([false, true]);
    const stats = await (await fetch(`${fleet.url}/v2/models/${model}/versions/1.0.0/stats`)).json();
    expect(stats).toMatchObject({
      model_stats: [{ inference_stats: { cache_hit: { count: 1 }, cache_miss: { count: 1 } } }],
    });
  });

  it('keeps nothing once it is turned off', async () => {
    await fleet.turn(model, cached);
    const before = await armOf(first.revision);
    for (let k = 0; k < 2; k++) await answerOf({ ...loansRecord, age: 77 });
    const after = await armOf(first.revision);
    expect(after.computeMs.count - before.computeMs.count).toBe(2);
  });
});

describe('two revisions with different inputs', () => {
  it('answer the same request each with its own, and what the candidate lacks an input for the stable arm answers', async () => {
    await fleet.turn(model, [
      { revision: first.revision, weight: 100 },
      { revision: second.revision, weight: 0, leased: true },
    ]);
    await fleet.until('both can be asked', async () => {
      const named = ['stable', 'candidate'].map((arm) => fleet.predict(model, loansRecord, { 'x-slipway-arm': arm }));
      return (await Promise.all(named)).every(({ status }) => status === 200);
    });
    const scores = await Promise.all(
      ['stable', 'candidate'].map((arm) => answerOf(loansRecord, { 'x-slipway-arm': arm })),
    );
    expect(new Set(scores.map(({ version }) => version)).size).toBe(2);
    // What only the candidate takes is no mistake of the caller's, and is not told as one.
    expect(scores.map(({ flags = [] }) => flags)).toEqual([[], []]);
    await fleet.turn(model, [
      { revision: first.revision, weight: 1 },
      { revision: second.revision, weight: 99, leased: true },
    ]);
    await fleet.renew(model, 60);
    const { group: _, ...without } = loansRecord;
    const before = await armOf(second.revision);
    for (let k = 0; k < 20; k++) expect((await answerOf(without)).version).toBe('1.0.0');
    const after = await armOf(second.revision);
    expect(after.unservable - before.unservable).toBeGreaterThan(0);
    expect([after.requests, after.errors]).toEqual([before.requests, before.errors]);
  });
});

describe('labels that callers send back', () => {
  it('are joined to the arm that answered, in the statistics since an instant', async () => {
    const since = new Date();
    await fleet.turn(model, [
      { revision: first.revision, weight: 50 },
      { revision: second.revision, weight: 50 },
    ]);
    await fleet.until('both have their share', async () =>
      (await fleet.find(model)).effective.every(({ weight }) => weight === 50),
    );
    const right = new Map<string, { readonly rows: number; readonly correct: number }>();
    const labels: unknown[] = [];
    for (const [k, record] of records.entries()) {
      const response = await fleet.predict(model, record);
      const { version, predictions } = (await response.json()) as Answered;
      const label = k % 3 === 0 ? 1 : 0;
      labels.push({ id: response.headers.get('x-slipway-id'), row: 0, label });
      const counted = right.get(version) ?? { rows: 0, correct: 0 };
      right.set(version, {
        rows: counted.rows + 1,
        correct: counted.correct + (predictions[0]?.class === label ? 1 : 0),
      });
    }
    // A tester's label is nobody's evidence.
    const tested = await fleet.predict(model, loansRecord, { 'x-slipway-arm': '2.0.0' });
    labels.push({ id: tested.headers.get('x-slipway-id'), row: 0, label: 1 });
    const body = JSON.stringify(labels);
    expect((await fetch(`${fleet.url}/v1/models/${model}:feedback`, { method: 'POST', body })).ok).toBe(true);
    const { arms } = await fleet.driver.stats(model, AbortSignal.timeout(30_000), since);
    for (const { version, revision } of [first, second]) {
      const { rows, correct } = right.get(version) ?? {};
      expect(arms.find((arm) => arm.revision === revision)?.feedback).toMatchObject({ rows, decided: rows, correct });
    }
    expect((await fleet.driver.stats(model, AbortSignal.timeout(30_000))).arms[0]?.feedback).toBeUndefined();
  });
});
