import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Scores } from '../../serving/model/score.ts';
import { takeRows } from '../../serving/model/rows.ts';
import type { Table } from '../../serving/model/table.ts';
import { readTable } from '../data/read-table.ts';
import { answer, openModel } from '../evidence/open-model.ts';
import { seededRandom } from '../stats/seeded-random.ts';
import { exactShapley } from './exact-shapley.ts';
import type { AnswerRows } from './explained-model.ts';
import type { Factor } from './factors.ts';
import { joinRows } from './join-rows.ts';
import { shapleyValues } from './shapley-values.ts';

const plenty = { rows: Infinity, timeMs: Infinity };
const first = ({ scores }: Scores, row: number): number => scores[row] ?? NaN;

/** A table of number columns x0, x1, … and its factors. */
function numbers(rows: readonly (readonly number[])[]): { readonly table: Table; readonly factors: readonly Factor[] } {
  const width = rows[0]?.length ?? 0;
  const names = Array.from({ length: width }, (_, k) => `x${k}`);
  const columns = new Map(
    names.map((name, k) => [
      name,
      { kind: 'number', name, values: Float64Array.from(rows, (row) => row[k] ?? NaN) } as const,
    ]),
  );
  return { table: { rows: rows.length, columns }, factors: names.map((name) => ({ name, column: name })) };
}

/** A model that is a function of one row's numbers. */
function modelOf(of: (x: readonly number[]) => number): AnswerRows {
  return (table) => {
    const columns = [...table.columns.values()];
    const scores = Float64Array.from({ length: table.rows }, (_, row) =>
      of(columns.map((column) => (column.kind === 'number' ? (column.values[row] ?? NaN) : NaN))),
    );
    return Promise.resolve({ task: 'regression', rows: table.rows, scores });
  };
}

function randomRows(rows: number, width: number, seed: number): readonly (readonly number[])[] {
  const random = seededRandom(seed);
  return Array.from({ length: rows }, () => Array.from({ length: width }, () => random.normal()));
}

describe('Shapley values of one row', () => {
  it('are weight times distance from the background mean for a linear model, however many columns there are', async () => {
    const width = 14;
    const rows = randomRows(21, width, 3);
    const weights = Array.from({ length: width }, (_, k) => k - 6);
    const { table, factors } = numbers(rows);
    const found = await shapleyValues(
      modelOf((x) => x.reduce((sum, value, k) => sum + value * (weights[k] ?? 0), 5)),
      table,
      { factors, scoreOf: first, seed: 1, budget: plenty },
    );
    const background = rows.slice(0, -1);
    for (const [k, { value, standardError }] of found.contributions.entries()) {
      const mean = background.reduce((sum, row) => sum + (row[k] ?? 0), 0) / background.length;
      expect(value).toBeCloseTo((weights[k] ?? 0) * ((rows.at(-1)?.[k] ?? 0) - mean), 9);
      expect(standardError).toBeCloseTo(0, 9);
    }
    expect(found.additivity.holds).toBe(true);
    expect({ exactRows: found.exactRows, orders: found.orders }).toEqual({ exactRows: 0, orders: 100 });
  });

  it('share the worth of an interaction equally, and give nothing to a column that is the same on both sides', async () => {
    const { table, factors } = numbers([
      [0, 0, 7],
      [2, 3, 7],
    ]);
    const found = await shapleyValues(
      modelOf(([a = 0, b = 0, c = 0]) => a * b + c),
      table,
      { factors, scoreOf: first, seed: 1, budget: plenty },
    );
    expect(found.contributions.map(({ value }) => value)).toEqual([3, 3, 0]);
    expect(found).toMatchObject({ score: 13, background: 7, backgroundRows: 1, exactRows: 1, asked: 3 + 2 });
  });

  it('equal brute force over all orders of a real model (oracle/tables.json: onnxruntime and numpy)', async () => {
    const { table, model } = await loans();
    const oracle = JSON.parse(readFileSync(join(import.meta.dirname, 'oracle/tables.json'), 'utf8')) as {
      readonly background: readonly [number, number];
      readonly rows: readonly {
        readonly row: number;
        readonly score: number;
        readonly background: number;
        readonly values: Readonly<Record<string, number>>;
      }[];
    };
    const factors = model.signature.columns.map(({ name }) => ({ name, column: name }));
    const [from, to] = oracle.background;
    for (const expected of oracle.rows) {
      const rows = [...Array.from({ length: to - from }, (_, i) => from + i), expected.row];
      const found = await shapleyValues((asked) => answer(model, asked), takeRows(table, rows), {
        factors,
        scoreOf: first,
        seed: 1,
        budget: plenty,
      });
      expect(found.score).toBeCloseTo(expected.score, 6);
      expect(found.background).toBeCloseTo(expected.background, 6);
      for (const { factor, value, standardError } of found.contributions) {
        expect(value).toBeCloseTo(expected.values[factor] ?? NaN, 6);
        expect(standardError).toBe(0);
      }
      expect(found.additivity.holds).toBe(true);
    }
  });

  it('come within their standard errors where orders are drawn', async () => {
    const width = 12;
    const { table, factors } = numbers(randomRows(11, width, 5));
    const curved = modelOf(
      (x) => Math.tanh(x.reduce((sum, value, k) => sum + value * (k % 3), 0)) + (x[0] ?? 0) * (x[1] ?? 0),
    );
    const exact = await exactByHand(curved, table, factors);
    const drawn = await shapleyValues(curved, table, { factors, scoreOf: first, seed: 7, budget: plenty });
    expect(drawn.exactRows).toBe(0);
    for (const [k, { value, standardError }] of drawn.contributions.entries()) {
      expect(standardError).toBeLessThan(0.02);
      // Four standard errors: one in 16,000, and the seed is fixed.
      expect(Math.abs(value - (exact[k] ?? NaN))).toBeLessThanOrEqual(4 * standardError + 1e-12);
    }
    expect(drawn.additivity.holds).toBe(true);
  });

  it('become coarser, never late, when the budget is small: fewer orders, then fewer background rows', async () => {
    const { table, factors } = numbers(randomRows(51, 12, 9));
    const curved = modelOf((x) => Math.tanh(x.reduce((sum, value) => sum + value, 0)));
    const ask = (rows: number) =>
      shapleyValues(curved, table, { factors, scoreOf: first, seed: 1, budget: { rows, timeMs: Infinity } });
    const [many, some, few] = [await ask(20_000), await ask(3_000), await ask(500)];
    expect(many.orders).toBeGreaterThan(some.orders);
    expect(some.backgroundRows).toBe(50);
    expect(few.backgroundRows).toBeLessThan(50);
    expect(many.contributions[0]?.standardError).toBeLessThan(some.contributions[0]?.standardError ?? 0);
    for (const [budget, { asked, additivity }] of [
      [20_000, many],
      [3_000, some],
      [500, few],
    ] as const) {
      expect(asked).toBeLessThanOrEqual(budget);
      expect(additivity.holds).toBe(true);
    }
  });

  it('stop when the time is over, with what is settled by then', async () => {
    const { table, factors } = numbers(randomRows(51, 12, 9));
    let now = 0;
    const slow: AnswerRows = (asked) => {
      now += asked.rows;
      return modelOf(([a = 0]) => a)(asked);
    };
    const found = await shapleyValues(slow, table, {
      factors,
      scoreOf: first,
      seed: 1,
      budget: { rows: Infinity, timeMs: 1_000, now: () => now },
    });
    expect(now).toBeLessThan(2 * 1_000);
    expect(found.backgroundRows).toBeGreaterThan(0);
    expect(found.backgroundRows).toBeLessThan(50);
  });

  it('say so when they do not add up: answers that depend on the batch', async () => {
    const { table, factors } = numbers(randomRows(11, 4, 2));
    const dependent: AnswerRows = async (asked) => {
      const answers = await modelOf(([a = 0, b = 0]) => a + b)(asked);
      return { task: 'regression', rows: asked.rows, scores: answers.scores.map((score) => score + asked.rows / 10) };
    };
    const { additivity } = await shapleyValues(dependent, table, { factors, scoreOf: first, seed: 1, budget: plenty });
    expect(additivity.holds).toBe(false);
    expect(Math.abs(additivity.difference)).toBeGreaterThan(0.1);
  });

  it('end when the caller gives up', async () => {
    const { table, factors } = numbers(randomRows(51, 12, 9));
    const budget = { ...plenty, signal: AbortSignal.abort(new Error('nobody waits')) };
    await expect(
      shapleyValues(
        modelOf(([a = 0]) => a),
        table,
        { factors, scoreOf: first, seed: 1, budget },
      ),
    ).rejects.toThrow('nobody waits');
  });
});

describe('a game', () => {
  it('gives each player what all orders give it on average', () => {
    // The glove game: one left glove, two right ones. Shapley values 2/3, 1/6, 1/6 (Shapley 1953; any textbook).
    const worth = Float64Array.from({ length: 8 }, (_, mask) => ((mask & 1) === 1 && (mask & 6) !== 0 ? 1 : 0));
    const values = exactShapley(worth, 3);
    for (const [k, expected] of [2 / 3, 1 / 6, 1 / 6].entries()) expect(values[k]).toBeCloseTo(expected, 14);
  });
});

describe('rows joined', () => {
  const category = (values: readonly string[]): Table => ({
    rows: values.length,
    columns: new Map([
      ['c', { kind: 'category', name: 'c', codes: Int32Array.from(values, (_, i) => i), dictionary: values }],
    ]),
  });
  it('keep their words when the dictionaries differ', () => {
    const { columns } = joinRows(category(['a', 'b']), category(['b', 'z']), ['c']);
    expect(columns.get('c')).toMatchObject({ codes: Int32Array.of(0, 1, 1, 2), dictionary: ['a', 'b', 'z'] });
  });
  it('refuse a column that holds text here and numbers there', () => {
    const { table } = numbers([[1]]);
    const named: Table = { rows: 1, columns: new Map([['c', { ...number(table), name: 'c' }]]) };
    expect(() => joinRows(category(['a']), named, ['c'])).toThrow(
      'category values in some rows and number values in others',
    );
  });
});

function number(table: Table) {
  const column = table.columns.get('x0');
  if (column?.kind !== 'number') throw new Error('x0 is a number');
  return column;
}

/** The mean over the background of exact games, asked one coalition at a time. */
async function exactByHand(ask: AnswerRows, table: Table, factors: readonly Factor[]): Promise<Float64Array> {
  const n = factors.length;
  const rows = Array.from({ length: table.rows }, (_, row) => factors.map(({ column }) => valueAt(table, column, row)));
  const explained = rows.at(-1) ?? [];
  const total = new Float64Array(n);
  for (const background of rows.slice(0, -1)) {
    const mixed = Array.from({ length: 2 ** n }, (_, mask) =>
      explained.map((value, k) => (((mask >> k) & 1) === 1 ? value : (background[k] ?? NaN))),
    );
    const { scores } = await ask(numbers(mixed).table);
    exactShapley(Float64Array.from(scores), n).forEach((value, k) => {
      total[k] = (total[k] ?? 0) + value / (rows.length - 1);
    });
  }
  return total;
}

function valueAt(table: Table, name: string, row: number): number {
  const column = table.columns.get(name);
  return column?.kind === 'number' ? (column.values[row] ?? NaN) : NaN;
}

async function loans() {
  const folder = join(import.meta.dirname, '../../fixtures/loans');
  const read = await readTable(readFileSync(join(folder, 'data/evaluation.csv')), { name: 'evaluation.csv' });
  if (read.kind === 'refused') throw new Error('the fixture can be read');
  const artifact = { uri: 'model.onnx', sha256: '', files: [] };
  const specification = {
    artifact,
    inputs: [],
    columns: {},
    outputs: {},
    serving: { maxBatch: 64, strictInputs: false },
  };
  const fit = await openModel({ label: 'loans', model: join(folder, 'models/v2_better.onnx'), specification });
  if (fit.kind === 'misfit') throw new Error('the fixture fits');
  return { table: read.table, model: fit.model };
}
