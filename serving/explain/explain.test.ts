import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LoansModel, loansFiles, loansRevision, sha256Of } from '../daemon/loans.fixture.ts';
import { type TestFleet, openTestFleet } from '../daemon/test-fleet.ts';
import { explainable, loansBackground, loansRecords } from './background.fixture.ts';

const background = loansBackground();
const files = new Map([...loansFiles(), [sha256Of(background), background]]);
const revisionOf = (version: string, name: LoansModel) => explainable(loansRevision(version, name), background);
const [stable, candidate] = [revisionOf('1.0.0', 'v1_champion'), revisionOf('2.0.0', 'v2_better')];
const records = loansRecords(0, 2);
const LIMIT_MS = 30_000;

interface Told {
  readonly id: string;
  readonly version: string;
  readonly revision: string;
  readonly error?: string;
  readonly predictions?: readonly { readonly score: number }[];
  readonly explanations?: readonly Explanation[];
  readonly explanation?: Explanation;
  readonly recorded?: { readonly score: number; readonly agrees: boolean };
}

interface Explanation {
  readonly score: number;
  readonly background: { readonly mean: number };
  readonly columns: readonly { readonly column: string; readonly contribution: number }[];
}

let fleet: TestFleet;
beforeAll(async () => {
  fleet = await openTestFleet();
  await fleet.bring(files, stable, candidate);
  await fleet.turn('loans', [{ revision: stable.revision, weight: 100 }]);
  await fleet.ready('loans', stable.revision);
}, LIMIT_MS);
afterAll(() => fleet.close());

async function ask(path: string, body?: unknown): Promise<{ readonly response: Response; readonly told: Told }> {
  const response = await fetch(`${fleet.url}${path}`, {
    signal: AbortSignal.timeout(LIMIT_MS),
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  return { response, told: (await response.json()) as Told };
}

function sumOf({ columns }: Explanation): number {
  return columns.reduce((sum, { contribution }) => sum + contribution, 0);
}

describe('a fleet that is asked why', () => {
  it('explains each row of records by the arm that answers them, with the score that it predicts', async () => {
    const predicted = await ask('/v1/models/loans:predict', { instances: records });
    const { response, told } = await ask('/v1/models/loans:explain', { instances: records, budgetMs: 2000 });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-slipway-revision')).toBe(stable.revision);
    expect(response.headers.get('x-slipway-id')).toBe(told.id);
    expect(told.explanations).toHaveLength(2);
    for (const [row, explanation] of (told.explanations ?? []).entries()) {
      expect(explanation.score).toBeCloseTo(predicted.told.predictions?.[row]?.score ?? NaN, 6);
      expect(explanation.background.mean + sumOf(explanation)).toBeCloseTo(explanation.score, 6);
    }
  });

  it('explains a prediction that it recorded, by its id and row, and says that the score is the one that was recorded', async () => {
    const predicted = await ask('/v1/models/loans:predict', { instances: records });
    const { id } = predicted.told;
    for (const row of [0, 1]) {
      const { response, told } = await ask(`/v1/predictions/${id}:explain?row=${row}&budgetMs=2000`);
      expect(response.status).toBe(200);
      expect(told).toMatchObject({ id, revision: stable.revision, row, recorded: { agrees: true } });
      expect(told.recorded?.score).toBe(predicted.told.predictions?.[row]?.score);
      expect(told.explanation?.score).toBeCloseTo(told.recorded?.score ?? NaN, 6);
    }
    const posted = await ask(`/v1/predictions/${id}:explain`, { columns: ['age'], budgetMs: 2000 });
    expect(posted.told.explanation?.columns.map(({ column }) => column)).toEqual(['age']);
  });

  it('explains what came as tensors too, since the log holds its columns', async () => {
    const [record = {}] = records;
    const inputs = Object.entries(record).map(([name, value]) => ({
      name,
      datatype: typeof value === 'string' ? 'BYTES' : 'FP32',
      shape: [1, 1],
      data: [value],
    }));
    const inferred = await fleet.infer('loans', { inputs });
    expect(inferred.status).toBe(200);
    const { told } = await ask(`/v1/predictions/${inferred.headers.get('x-slipway-id')}:explain?budgetMs=2000`);
    expect(told).toMatchObject({ recorded: { agrees: true } });
  });

  it.each([
    ['/v1/models/nobody:explain', { instances: records }, 404, "'nobody' is not found"],
    [
      '/v1/models/loans/versions/9.0.0:explain',
      { instances: records },
      404,
      'version 9.0.0 is not found; served: 1.0.0',
    ],
    ['/v1/models/loans:explain', { instances: [{ age: 1 }] }, 400, 'column "income"'],
    ['/v1/models/loans:explain', { instances: records, columns: ['shoe_size'] }, 400, 'no column "shoe_size"'],
    ['/v1/models/loans:explain', undefined, 405, 'use POST'],
    ['/v1/predictions/mine:explain', undefined, 400, 'no identifier of a prediction'],
    ['/v1/predictions/01a1fdbb-970b-7154-8f5c-39da7528f533:explain', undefined, 404, 'is not recorded'],
  ])('refuses %s %j', async (path, body, status, reason) => {
    const { response, told } = await ask(path, body);
    expect(response.status).toBe(status);
    expect(told.error).toContain(reason);
  });

  it('does not explain what was refused, nor a row that was not asked', async () => {
    const refused = await fleet.predict('loans', { age: 'old' });
    const id = refused.headers.get('x-slipway-id');
    expect((await ask(`/v1/predictions/${id}:explain`)).told.error).toContain('was answered with status 400');
    const answered = await fleet.predict('loans', records[0]);
    const beyond = await ask(`/v1/predictions/${answered.headers.get('x-slipway-id')}:explain?row=1`);
    expect(beyond.response.status).toBe(400);
    expect(beyond.told.error).toContain('has 1 row, counted from 0; row 1 was asked for');
  });

  it('goes on predicting while it explains, and refuses what is too much of it', async () => {
    const explaining = Array.from({ length: 6 }, () =>
      ask('/v1/models/loans:explain', { instances: loansRecords(0, 16), budgetMs: 2000 }),
    );
    const predicting = Array.from({ length: 40 }, () => fleet.predict('loans', records[0]));
    expect((await Promise.all(predicting)).map(({ status }) => status)).toEqual(predicting.map(() => 200));
    const statuses = (await Promise.all(explaining)).map(({ response }) => response.status);
    expect(statuses).toContain(200);
    expect(statuses.filter((status) => status !== 200 && status !== 429)).toEqual([]);
  });

  it('explains the candidate by its version, in the candidate’s own process, and its recorded answers after it was turned away from', async () => {
    await fleet.turn('loans', [
      { revision: stable.revision, weight: 50 },
      { revision: candidate.revision, weight: 50, leased: true },
    ]);
    await fleet.ready('loans', candidate.revision);
    await fleet.renew('loans', 60);
    const body = { instances: records, budgetMs: 2000 };
    const { response, told } = await ask('/v1/models/loans/versions/2.0.0:explain', body);
    expect(response.status).toBe(200);
    expect(response.headers.get('x-slipway-revision')).toBe(candidate.revision);
    for (const explanation of told.explanations ?? [])
      expect(explanation.background.mean + sumOf(explanation)).toBeCloseTo(explanation.score, 6);
    const predicted = await ask('/v1/models/loans/versions/2.0.0:predict', { instances: records });
    const path = `/v1/predictions/${predicted.told.id}:explain?row=1&budgetMs=2000`;
    expect((await ask(path)).told).toMatchObject({ revision: candidate.revision, recorded: { agrees: true } });
    await fleet.turn('loans', [{ revision: stable.revision, weight: 100 }]);
    await fleet.until('the candidate has gone', async () => (await fleet.find('loans')).effective.length === 1);
    await fleet.until('its revision is explained no more, and the answer says what to do', async () => {
      const after = await ask(path);
      return after.response.status === 409 && after.told.error?.includes('--manifest') === true;
    });
  }, 60_000);
});
