import { describe, expect, it } from 'vitest';
import type { Scores } from '../../serving/model/score.ts';
import type { Table } from '../../serving/model/table.ts';
import { jackknifeError } from '../stats/jackknife-error.ts';
import { seededRandom } from '../stats/seeded-random.ts';
import type { AnswerRows } from './explained-model.ts';
import type { Factor } from './factors.ts';
import {
  type Importance,
  type ImportanceQuestion,
  jointImportance,
  permutationImportance,
} from './permutation-importance.ts';

const ROWS = 2000;
const PARTS = 20;
const plenty = { rows: Infinity, timeMs: Infinity };

/** Standard normal columns, and y = 2a + b exactly, which c has no part in. */
function sample(seed: number, rows = ROWS) {
  const random = seededRandom(seed);
  const column = (name: string) =>
    ({ kind: 'number', name, values: Float64Array.from({ length: rows }, () => random.normal()) }) as const;
  const [a, b, c] = [column('a'), column('b'), column('c')];
  const table: Table = { rows, columns: new Map([a, b, c].map((each) => [each.name, each])) };
  return { table, truth: a.values.map((value, row) => 2 * value + (b.values[row] ?? 0)) };
}

const linear: AnswerRows = (table) => {
  const at = (name: string) => {
    const column = table.columns.get(name);
    return column?.kind === 'number' ? column.values : new Float64Array(table.rows);
  };
  const [a, b] = [at('a'), at('b')];
  return Promise.resolve({
    task: 'regression',
    rows: table.rows,
    scores: a.map((value, row) => 2 * value + (b[row] ?? 0)),
  });
};

const factors: readonly Factor[] = ['a', 'b', 'c'].map((name) => ({ name, column: name }));

function squaredErrors(truth: Float64Array): ImportanceQuestion['lossOf'] {
  return ({ scores }: Scores, rows) => {
    let sum = 0;
    for (const row of rows) sum += ((scores[row] ?? NaN) - (truth[row] ?? NaN)) ** 2;
    return sum / rows.length;
  };
}

async function ask(more: Partial<ImportanceQuestion> = {}, seed = 1, rows = ROWS, answerRows = linear) {
  const { table, truth } = sample(seed, rows);
  return permutationImportance(answerRows, table, await answerRows(table), {
    factors,
    parts: Int32Array.from({ length: rows }, (_, row) => row % PARTS),
    subsets: [],
    shuffles: 5,
    seed: 7,
    lossOf: squaredErrors(truth),
    budget: plenty,
    ...more,
  });
}

async function importances(...given: Parameters<typeof ask>): Promise<readonly Importance[]> {
  const found = await ask(...given);
  if (found.kind === 'undefined') throw new Error(found.reason);
  return found.importances;
}

const meanOf = (values: Float64Array): number => values.reduce((sum, each) => sum + each, 0) / values.length;

describe('joint importance', () => {
  it('shows what columns that stand in for each other are worth, and keeps their relation to each other', async () => {
    const { table, truth } = sample(1);
    const a = table.columns.get('a');
    if (a?.kind !== 'number') throw new Error('a is a number');
    // `twin` says what `a` says.
    const twins: Table = { rows: ROWS, columns: new Map([...table.columns, ['twin', { ...a, name: 'twin' }]]) };
    const apart: number[] = [];
    const spy: AnswerRows = (asked) => {
      const [own, twin] = ['a', 'twin'].map((name) => asked.columns.get(name));
      if (own?.kind === 'number' && twin?.kind === 'number')
        apart.push(own.values.filter((value, row) => value !== twin.values[row]).length);
      return linear(asked);
    };
    const question: ImportanceQuestion = {
      factors: ['a', 'twin'].map((name) => ({ name, column: name })),
      parts: Int32Array.from({ length: ROWS }, (_, row) => row % PARTS),
      subsets: [],
      shuffles: 2,
      seed: 7,
      lossOf: squaredErrors(truth),
      budget: plenty,
    };
    const found = await jointImportance(spy, twins, await linear(twins), question, 'both');
    if (found.kind === 'undefined') throw new Error(found.reason);
    expect(found.importances.map(({ factor }) => factor)).toEqual(['both']);
    expect(meanOf(found.importances[0]?.losses ?? new Float64Array())).toBeCloseTo(8, 0);
    expect(apart).toEqual([0, 0]);
  });
});

describe('permutation importance', () => {
  it('of squared error is twice the weight squared times the variance: E(w(x − x′))² = 2w²σ²', async () => {
    const [a, b, c] = await importances();
    // σ² is the sample's own, within a few percent of 1: 2·4 and 2·1.
    expect(meanOf(a?.losses ?? new Float64Array())).toBeCloseTo(8, 0);
    expect(meanOf(b?.losses ?? new Float64Array())).toBeCloseTo(2, 0);
    expect(meanOf(c?.losses ?? Float64Array.of(1))).toBe(0);
    expect(c?.changed).toBe(0);
    expect(a?.changed).toBeGreaterThan(0.99 * ROWS);
  });

  it('has a jackknife error that is the spread of the importance over new samples', async () => {
    const repetitions = 40;
    const errors: number[] = [];
    const estimates: number[] = [];
    for (let seed = 1; seed <= repetitions; seed++) {
      const [a] = await importances({ shuffles: 3, seed }, seed, 400);
      errors.push(jackknifeError(a?.withoutPart ?? new Float64Array()));
      estimates.push(meanOf(a?.losses ?? new Float64Array()));
    }
    const mean = estimates.reduce((sum, each) => sum + each, 0) / repetitions;
    const spread = Math.sqrt(estimates.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (repetitions - 1));
    const error = Math.sqrt(errors.reduce((sum, each) => sum + each ** 2, 0) / repetitions);
    // Forty repetitions tell a standard deviation to about 11 %; seeds are fixed.
    expect(error / spread).toBeGreaterThan(0.7);
    expect(error / spread).toBeLessThan(1.4);
  });

  it('on subsets of the parts is the importance of those rows', async () => {
    const halves = [Array.from({ length: 10 }, (_, part) => part), Array.from({ length: 10 }, (_, part) => part + 10)];
    const [a] = await importances({ subsets: [...halves, halves.flat()] });
    const [first = NaN, second = NaN, whole = NaN] = a?.onSubsets ?? [];
    expect((first + second) / 2).toBeCloseTo(whole, 9);
    expect(whole).toBeCloseTo(meanOf(a?.losses ?? new Float64Array()), 9);
  });

  it('gives no row its own value: parts of two rows are exchanged whole', async () => {
    const { table, truth } = sample(1);
    const a = table.columns.get('a');
    const values = a?.kind === 'number' ? a.values : new Float64Array();
    const expected = values.reduce((sum, value, row) => sum + (2 * (value - (values[row ^ 1] ?? NaN))) ** 2, 0) / ROWS;
    const parts = Int32Array.from({ length: ROWS }, (_, row) => row >> 1);
    const [found] = await importances({ parts, shuffles: 1, lossOf: squaredErrors(truth) });
    expect(found?.losses[0]).toBeCloseTo(expected, 9);
  });

  it('keeps values within their part, so that a part never sees another’s', async () => {
    const seen: number[] = [];
    const spy: AnswerRows = (table) => {
      const column = table.columns.get('a');
      if (column?.kind === 'number') seen.push(...column.values.subarray(0, 2));
      return linear(table);
    };
    const { table } = sample(1, 40);
    const own = table.columns.get('a');
    await importances({ parts: Int32Array.from({ length: 40 }, (_, row) => (row < 2 ? 0 : 1)) }, 1, 40, spy);
    const allowed = new Set(own?.kind === 'number' ? own.values.subarray(0, 2) : []);
    expect(seen.every((value) => allowed.has(value))).toBe(true);
  });

  it('says the same with the same seed, and something else with another', async () => {
    const [first, again, other] = [await importances(), await importances(), await importances({ seed: 8 })];
    expect(again).toEqual(first);
    expect(other[0]?.losses).not.toEqual(first[0]?.losses);
  });

  it('shuffles less often where fewer rows may be asked', async () => {
    const found = await ask({ budget: { rows: 2 * 3 * ROWS + 1, timeMs: Infinity } });
    expect(found).toMatchObject({ kind: 'importances', shuffles: 2, left: [] });
  });

  it('stops when the time is over, and names what it did not reach', async () => {
    let now = 0;
    const slow: AnswerRows = (table) => {
      now += 100;
      return linear(table);
    };
    const found = await ask({ budget: { rows: Infinity, timeMs: 150, now: () => now } }, 1, ROWS, slow);
    expect(found).toMatchObject({ kind: 'importances', shuffles: 1, left: ['c'] });
  });

  it('has no replicate where the loss is not defined without a part, and is told all the same', async () => {
    const { truth } = sample(1);
    const [a] = await importances({
      lossOf: (scores, rows) => (rows.includes(0) ? squaredErrors(truth)(scores, rows) : undefined),
    });
    expect([...(a?.withoutPart ?? [])].map(Number.isNaN)).toEqual(
      Array.from({ length: PARTS }, (_, part) => part === 0),
    );
    expect(meanOf(a?.losses ?? new Float64Array())).toBeCloseTo(8, 0);
  });

  it('is undefined, with the reason, where the loss is', async () => {
    expect(await ask({ lossOf: () => undefined })).toMatchObject({ kind: 'undefined' });
  });

  it('ends when the caller gives up', async () => {
    const budget = { ...plenty, signal: AbortSignal.abort(new Error('nobody waits')) };
    await expect(ask({ budget })).rejects.toThrow('nobody waits');
  });
});
