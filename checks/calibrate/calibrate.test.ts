import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { driftMethods } from '../drift/column-drift.ts';
import type { BlockResult, Cell } from './cell.ts';
import { columnKinds, drawPair } from './column-kinds.ts';
import { judgeCell, rateInterval } from './judge-cells.ts';
import { planCells, planTasks } from './plan-cells.ts';
import { simulatedRandom } from './simulated-random.ts';
import { simulateColumns } from './simulate-columns.ts';
import { openState } from './state-file.ts';

const cell: Cell = { subject: 'column', kind: 'normal', method: 'ks', reference: 2000, window: 50, shifted: false };
const tally = (significant: number, repetitions: number) => ({ repetitions, events: { significant } });
const placeOf = (significant: number, repetitions: number) =>
  judgeCell(cell, tally(significant, repetitions)).find(({ of }) => of === 'p-value')?.place;

describe('a rate is judged by what its repetitions can tell', () => {
  // scipy.stats.binomtest(50, 1000).proportion_ci(0.99, 'exact'); (0, 1000); (1000, 1000)
  test('the interval is Clopper and Pearson’s', () => {
    const { lower, upper } = rateInterval(50, 1000);
    expect(lower).toBeCloseTo(0.03392666271022023, 10);
    expect(upper).toBeCloseTo(0.0705043752014578, 10);
    expect(rateInterval(0, 1000)).toMatchObject({ lower: 0 });
    expect(rateInterval(0, 1000).upper).toBeCloseTo(0.005284306039498009, 10);
    expect(rateInterval(1000, 1000).upper).toBe(1);
  });

  test.each([
    [500, 10_000, 'inside'],
    [620, 10_000, 'near'],
    [700, 10_000, 'outside'],
    [200, 10_000, 'outside'],
    [7, 100, 'near'],
    [0, 0, 'outside'],
  ])('of a band from 3 to 6 percent, %i of %i lies %s', (count, repetitions, place) => {
    expect(placeOf(count, repetitions)).toBe(place);
  });

  test('columns that repeat values may be conservative', () => {
    const [rate] = judgeCell({ ...cell, kind: 'sparse' }, tally(10, 10_000));
    expect(rate?.place).toBe('inside');
  });

  test('two equal models: worse in more than 5 %, or narrow and undecided, is outside', () => {
    const models = { ...cell, subject: 'models', kind: 'binary, near', method: 'roc_auc' } as const;
    const places = judgeCell(models, {
      repetitions: 1000,
      events: { fail: 90, 'width 0.4': 500, 'width 0.4 pass': 300 },
    }).map(({ of, place }) => [of, place]);
    expect(places).toEqual([
      ['worse', 'outside'],
      ['pass when narrow', 'outside'],
    ]);
  });
});

describe('the plan', () => {
  const cells = planCells();

  test('has every drift method on some kind of column, at windows of 50 to 50,000 rows', () => {
    const columns = cells.filter(({ subject }) => subject === 'column');
    expect(new Set(columns.map(({ method }) => method))).toEqual(new Set(driftMethods));
    for (const method of driftMethods) {
      const windows = columns.filter((each) => each.method === method && each.repetitions >= 10_000);
      expect(new Set(windows.map(({ window }) => window))).toEqual(new Set([50, 200, 500, 2000, 10_000, 50_000]));
    }
  });

  test('runs the first block of each cell first, then only what is missing', () => {
    const two = cells.filter(({ kind, window, method }) => kind === 'normal' && window === 50 && method === 'ks');
    const first = planTasks(
      two,
      () => false,
      () => NaN,
    );
    expect(first).toMatchObject([{ block: 0, shifted: false, methods: ['ks'] }]);
    const rest = planTasks(
      two,
      (_, block) => block < 98,
      () => NaN,
    );
    expect(rest.map(({ block }) => block)).toEqual([98, 99]);
    expect(
      planTasks(
        two,
        () => true,
        () => 1,
      ),
    ).toEqual([]);
  });
});

test('the state file remembers finished blocks, drops a half line, and forgets a method', () => {
  const folder = mkdtempSync(join(tmpdir(), 'calibrate-'));
  try {
    const file = join(folder, 'cells.jsonl');
    const block: BlockResult = { ...cell, block: 0, tally: tally(5, 100), ms: 12 };
    openState(file, undefined).add([block, { ...block, method: 'psi' }, { ...block, block: 1 }]);
    writeFileSync(file, `${readFileSync(file, 'utf8')}{"subject":"col`);
    const state = openState(file, undefined);
    expect(state.tallyOf(cell)).toEqual(tally(10, 200));
    expect([state.isDone(cell, 1, 100), state.isDone(cell, 1, 200), state.isDone(cell, 2, 100)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(openState(file, 'ks').tallyOf(cell).repetitions).toBe(0);
    expect(openState(file, undefined).tallyOf({ ...cell, method: 'psi' }).repetitions).toBe(100);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the same block gives the same numbers, whichever methods it serves', () => {
  const task = { ...cell, methods: ['ks', 'psi'], block: 3, repetitions: 20 };
  const [ks] = simulateColumns({ ...task, shifted: true, window: 200 });
  const [alone] = simulateColumns({ ...task, shifted: true, window: 200, methods: ['ks'] });
  expect(alone?.tally).toEqual(ks?.tally);
});

test.each(columnKinds)('$name is drawn as many rows as asked, and shifted it is drawn otherwise', (kind) => {
  const draw = (shifted: boolean) =>
    drawPair(kind, { reference: 30, window: 1000 }, shifted, simulatedRandom('column')).window;
  expect(draw(false)).toHaveLength(1000);
  expect(draw(true)).not.toEqual(draw(false));
  expect(draw(true)).toEqual(draw(true));
});
