import { fileURLToPath } from 'node:url';
import {
  type Client,
  Metadata,
  credentials,
  loadPackageDefinition,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sticky } from '../fleet.ts';
import { binomialInterval } from '../../checks/stats/binomial-interval.ts';
import { loansFiles, loansRecord, loansRevision } from './loans.fixture.ts';
import { type TestFleet, openTestFleet } from './test-fleet.ts';

const model = 'loans';
const revisions = [
  loansRevision('1.0.0', 'v1_champion'),
  loansRevision('2.0.0', 'v1b_equivalent'),
  loansRevision('3.0.0', 'v3_cohort_regression'),
] as const;
const WEIGHTS = [50, 30, 20] as const;
const CALLERS = 3000;
const AT_ONCE = 32;

let fleet: TestFleet;
let grpc: Client;

beforeAll(async () => {
  fleet = await openTestFleet({ grpcPort: 0, args: ['--no-log'] });
  await fleet.bring(loansFiles(), ...revisions);
  const proto = fileURLToPath(new URL('../protocol/inference.proto', import.meta.url));
  const { inference } = loadPackageDefinition(loadSync(proto, { keepCase: true })) as unknown as {
    readonly inference: { readonly GRPCInferenceService: ServiceClientConstructor };
  };
  grpc = new inference.GRPCInferenceService(fleet.grpc ?? '', credentials.createInsecure());
});
afterAll(async () => {
  grpc.close();
  await fleet.close();
});

async function shareAs(weights: readonly number[], sticky?: Sticky): Promise<void> {
  const arms = revisions.map(({ revision }, k) => ({ revision, weight: weights[k] ?? 0 }));
  await fleet.turn(model, arms, sticky === undefined ? {} : { sticky });
  await fleet.until('every arm has its share', async () =>
    (await fleet.find(model)).effective.every(({ weight }, k) => Math.abs(weight - (weights[k] ?? 0)) < 1e-9),
  );
}

/** The version that answered each caller; so many are asked at once. */
async function versionsOf(ask: (caller: number) => Promise<string>): Promise<readonly string[]> {
  const versions: string[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let caller = next++; caller < CALLERS; caller = next++) versions[caller] = await ask(caller);
    }),
  );
  return versions;
}

async function versionIn(response: Response): Promise<string> {
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.headers.get('x-slipway-model-version') ?? '';
}

const keyOf = (caller: number): string => `caller ${caller}`;
const byHeader = (caller: number) => fleet.predict(model, loansRecord, { 'x-user-id': keyOf(caller) }).then(versionIn);
const byColumn = (caller: number) => fleet.predict(model, { ...loansRecord, customer: keyOf(caller) }).then(versionIn);
const byNobody = () => fleet.predict(model, loansRecord).then(versionIn);

const tensors = Object.entries({ ...loansRecord }).map(([name, value]) =>
  typeof value === 'number'
    ? { name, datatype: 'FP32', shape: [1, 1], contents: { fp32_contents: [value] } }
    : { name, datatype: 'BYTES', shape: [1, 1], contents: { bytes_contents: [Buffer.from(value)] } },
);

function overGrpc(caller: number): Promise<string> {
  const metadata = new Metadata();
  metadata.set('x-user-id', keyOf(caller));
  return new Promise((resolve, reject) => {
    let version = '';
    const call = (grpc as unknown as Record<string, Function>)['ModelInfer']?.(
      { model_name: model, inputs: tensors },
      metadata,
      { deadline: Date.now() + 60_000 },
      (error: Error | null) => (error === null ? resolve(version) : reject(error)),
    );
    call.on('metadata', (each: Metadata) => {
      version = String(each.get('x-slipway-model-version')[0]);
    });
  });
}

/** The arms that answered more or less often than the exact binomial interval of this alpha around their weight allows. */
function missedShares(versions: readonly string[], alpha: number): readonly string[] {
  const missed: string[] = [];
  for (const [k, { version }] of revisions.entries()) {
    const hits = versions.filter((each) => each === version).length;
    const { lower, upper } = binomialInterval(hits, versions.length, alpha);
    const share = (WEIGHTS[k] ?? 0) / 100;
    if (share < lower || share > upper) missed.push(`${version} answered ${hits}`);
  }
  return missed;
}

describe(`shares of ${WEIGHTS.join(', ')} % over ${CALLERS} requests`, () => {
  it('are hit by callers who stick by header, over HTTP and gRPC alike, to the caller', async () => {
    await shareAs(WEIGHTS, { header: 'x-user-id' });
    const versions = await versionsOf(byHeader);
    expect(missedShares(versions, 0.01)).toEqual([]);
    expect(await versionsOf(overGrpc)).toEqual(versions);
  });

  it('are hit by callers who stick by a column of their records', async () => {
    await shareAs(WEIGHTS, { column: 'customer' });
    const versions = await versionsOf(byColumn);
    expect(missedShares(versions, 0.01)).toEqual([]);
    await shareAs(WEIGHTS, { header: 'x-user-id' });
    expect(await versionsOf(byHeader)).toEqual(versions);
  });

  it('are hit by requests that stick to nothing', async () => {
    await shareAs(WEIGHTS);
    // Their ids are drawn anew in each run: at 99 % three arms would fail in one run of forty, at this rate in one of a million.
    expect(missedShares(await versionsOf(byNobody), 3e-7)).toEqual([]);
  });

  it('move callers to the arm that rises, and none of another experiment', async () => {
    await shareAs(WEIGHTS, { header: 'x-user-id' });
    const before = await versionsOf(byHeader);
    await shareAs([20, 60, 20], { header: 'x-user-id' });
    const after = await versionsOf(byHeader);
    const moves = new Set(before.flatMap((from, k) => (from === after[k] ? [] : [`${from} to ${after[k]}`])));
    expect([...moves]).toEqual(['1.0.0 to 2.0.0']);
  });
});
