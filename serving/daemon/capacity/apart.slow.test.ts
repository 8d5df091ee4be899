import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { connect } from '@nats-io/transport-node';
import { explainable, loansBackground, loansRecords } from '../../explain/background.fixture.ts';
import type { RevisionTarget } from '../../fleet.ts';
import { loansInputs } from '../../messaging/loans-inputs.fixture.ts';
import { type NatsServer, findNatsServer, openNatsServer } from '../../messaging/nats-server.fixture.ts';
import { loansFiles, loansRecord, loansRevision, sha256Of } from '../loans.fixture.ts';
import { slowModel } from '../slow-model.fixture.ts';
import { type TestFleet, openTestFleet } from '../test-fleet.ts';

const PATIENT = { timeout: 240_000 };
const LIMIT_MS = 30_000;
const background = loansBackground();
const first = explainable(loansRevision('1.0.0', 'v1_champion'), background);
const shadow = explainable(loansRevision('2.0.0', 'v3_cohort_regression'), background);
/** Two columns lie in one tensor: only who knows the model finds the one that callers stick by. */
const packing = 'inputs: [{ name: value, columns: [a, b] }]';
const packed = ['1.0.0', '2.0.0'].map((version, k) => slowModel('packed', version, k + 1, packing, 2));
const other = loansRevision('1.0.0', 'v2_better', [], 'others');
const natsServer = findNatsServer(process.env['SLIPWAY_TEST_NATS_SERVER']);

let fleet: TestFleet;
let bus: NatsServer | undefined;
beforeAll(async () => {
  if (natsServer !== undefined) {
    bus = await openNatsServer(natsServer);
    vi.stubEnv('NATS_URL', bus.url);
  }
  fleet = await openTestFleet({ grpcPort: 0 });
  const files = new Map([...loansFiles(), ...packed.flatMap((each) => [...each.files])]);
  await fleet.bring(files.set(sha256Of(background), background), first, shadow, other);
  await fleet.bring(files, ...packed.map(({ target }) => target));
  await fleet.turn('others', [{ revision: other.revision, weight: 100 }]);
  await fleet.turn('loans', [
    { revision: first.revision, weight: 100 },
    { revision: shadow.revision, weight: 0, leased: true, shadow: true },
  ]);
  const arms = packed.map(({ target }) => ({ revision: target.revision, weight: 50 }));
  await fleet.turn('packed', arms, { sticky: { column: 'b' } });
  await allReady();
}, PATIENT.timeout);
afterAll(async () => {
  vi.unstubAllEnvs();
  await fleet?.close();
  await bus?.close();
});

async function allReady(): Promise<void> {
  const targets: readonly RevisionTarget[] = [first, shadow, other, ...packed.map(({ target }) => target)];
  for (const { model, revision } of targets) await fleet.ready(model, revision);
  await fleet.renew('loans', 600);
}

/** As if the daemon had found the model slow before it was started anew. */
async function remember(model: string): Promise<void> {
  const file = join(fleet.folder, 'models', `${model}.json`);
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), slow: true }));
}

async function get(path: string, body?: unknown): Promise<{ readonly status: number; readonly told: unknown }> {
  const response = await fetch(`${fleet.url}${path}`, {
    signal: AbortSignal.timeout(LIMIT_MS),
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  return { status: response.status, told: await response.json() };
}

const versionOf = (response: Response): string =>
  `${response.status} ${response.headers.get('x-slipway-model-version')}`;

/** Who answers callers that stick by the second of two columns in one tensor. */
async function armsOfCallers(): Promise<readonly string[]> {
  const versions: string[] = [];
  for (let caller = 0; caller < 24; caller++) {
    const inputs = [{ name: 'value', datatype: 'FP32', shape: [1, 2], data: [7, caller] }];
    versions.push(versionOf(await fleet.infer('packed', { inputs })));
  }
  return versions;
}

const statsOf = async (revision: string) => {
  const { arms } = await fleet.driver.stats('loans', AbortSignal.timeout(LIMIT_MS));
  return arms.find((arm) => arm.revision === revision);
};

type Row = Readonly<Record<string, unknown>>;

/** What the log holds of these requests, in their order, without what differs from day to day. */
async function logOf(ids: readonly string[], query: string): Promise<readonly string[]> {
  const response = await fetch(`${fleet.adminUrl}/fleet/models/loans/predictions?format=json&limit=10000${query}`);
  const { rows } = (await response.json()) as { readonly rows: readonly Row[] };
  const known = new Map(ids.map((id, place) => [id, place]));
  return rows
    .filter(({ id }) => known.has(String(id)))
    .map(({ id, arm, shadow: isShadow, version, status, flags }) =>
      JSON.stringify([known.get(String(id)), arm, isShadow, version, status, flags]),
    )
    .toSorted();
}

async function overTheBus(): Promise<unknown> {
  if (bus === undefined) return undefined;
  const client = await connect({ servers: bus.url });
  try {
    const answer = await client.request('slipway.infer.loans', JSON.stringify({ id: 'bus', inputs: loansInputs }), {
      timeout: LIMIT_MS,
    });
    return [answer.headers?.get('x-slipway-model-version'), answer.json()];
  } finally {
    await client.close();
  }
}

/** Everything that callers, the log and the counters say of the same requests. */
async function observations() {
  const ids: string[] = [];
  const noting = async (response: Response): Promise<readonly [string, string]> => {
    ids.push(response.headers.get('x-slipway-id') ?? '');
    return [versionOf(response), (await response.text()).replace(ids.at(-1) ?? '', 'its id')];
  };
  await fleet.until('copies arrive', async () => {
    await fleet.predict('loans', loansRecord);
    return ((await statsOf(shadow.revision))?.shadow?.requests ?? 0) > 0;
  });
  await settled();
  const before = await counts();
  const answers: unknown[] = [];
  for (const record of loansRecords(0, 20)) answers.push(await noting(await fleet.predict('loans', record)));
  for (let k = 0; k < 5; k++) answers.push(await noting(await fleet.infer('loans', { id: 'i', inputs: loansInputs })));
  // No sample of the traffic: neither counted nor copied.
  answers.push(await noting(await fleet.predict('loans', loansRecord, { 'x-slipway-arm': 'stable' })));
  // What nobody can answer is a failure, once.
  answers.push(await noting(await fleet.predict('loans', { age: 7 })));
  answers.push(await noting(await fleet.infer('loans', { inputs: 'none' })));
  await settled();
  const after = await counts();
  const explained = await get('/v1/models/loans:explain', { instances: [loansRecord], budgetMs: 2000 });
  const why = await get(`/v1/predictions/${ids[0]}:explain?budgetMs=2000`);
  return {
    answers,
    counted: after.map((value, k) => Math.round(1e6 * (value - (before[k] ?? NaN))) / 1e6),
    log: await logOf(ids, '&failures=true'),
    copies: await logOf(ids, '&arm=shadow'),
    explained: [explained.status, contributionsIn(explained.told), why.status],
    metadata: await get('/v2/models/loans'),
    config: await get('/v2/models/loans/config'),
    bus: await overTheBus(),
    callers: await armsOfCallers(),
  };
}

function contributionsIn(told: unknown): unknown {
  const { explanations } = told as { readonly explanations: readonly { readonly columns: unknown }[] };
  return explanations.map(({ columns }) => columns);
}

async function counts(): Promise<readonly number[]> {
  const own = await statsOf(first.revision);
  const copies = (await statsOf(shadow.revision))?.shadow;
  return [
    own?.requests,
    own?.errors,
    own?.unservable,
    own?.score.count,
    own?.score.sum,
    own?.latencyMs.count,
    own?.computeMs.count,
    copies?.requests,
    copies?.errors,
    copies?.skipped,
    copies?.rows,
    copies?.decided,
    copies?.flips,
    copies?.distance.sum,
  ].map((value) => value ?? 0);
}

/** No copy is under way any more. */
async function settled(): Promise<void> {
  let last = '';
  await fleet.until('nothing is counted any more', async () => {
    const before = last;
    last = JSON.stringify(await counts());
    return before === last && (JSON.parse(last) as number[])[7] !== 0;
  });
}

describe('models that run apart', PATIENT, () => {
  it('are answered, assigned, copied, explained, counted and logged as they are in public replicas', async () => {
    const together = await observations();
    expect(new Set(together.callers)).toEqual(new Set(['200 1.0.0', '200 2.0.0']));
    expect(together.log).toHaveLength(28);
    expect(together.copies).toHaveLength(25);
    await fleet.kill();
    await remember('loans');
    await remember('packed');
    await fleet.restart();
    await allReady();
    const { capacity, replicas } = await fleet.driver.observe(AbortSignal.timeout(LIMIT_MS));
    expect(capacity?.apart?.map(({ model }) => model).toSorted()).toEqual(['loans', 'packed']);
    // The loans, their shadow, and two revisions that share the other model's requests.
    expect(replicas.filter(({ role }) => role === 'candidate')).toHaveLength(4);
    expect(await observations()).toEqual(together);
  });
});
