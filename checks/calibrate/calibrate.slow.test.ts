import { describe, expect, test } from 'vitest';
import { columnDrift, driftMethods } from '../drift/column-drift.ts';
import { addTallies, type Cell, type Task } from './cell.ts';
import { columnKinds, drawPair } from './column-kinds.ts';
import { judgeCell, rateSentence } from './judge-cells.ts';
import { simulateBlock } from './simulate-block.ts';
import { columnMethods, simulateColumns } from './simulate-columns.ts';
import { simulateJoint } from './simulate-joint.ts';
import { simulateModels } from './simulate-models.ts';

/** A few cells of `npm run calibrate` with few repetitions: a method that is grossly wrong is seen at once, the rest is for the long run. */
const REPETITIONS = 400;

describe('where nothing changed', () => {
  test.each(['normal', 'sparse', 'few-categories'])('no method leaves its band on 50 rows of kind %s', (kind) => {
    expect(outsideOf({ kind, reference: 500, window: 50, methods: columnMethods(kind) })).toEqual([]);
  });

  // Each of these once cried wolf in 12 to 100 of 100.
  test.each([
    { kind: 'normal', window: 50, methods: ['chi-squared', 'g-test'] },
    { kind: 'rare-categories', window: 50, methods: ['psi', 'chi-squared'] },
    { kind: 'rare-categories', window: 2000, methods: ['psi', 'chi-squared'] },
  ])('bins that one side alone makes do not cry wolf: $methods on $window rows of kind $kind', (cell) => {
    expect(outsideOf({ ...cell, reference: 2000 })).toEqual([]);
  });
});

function outsideOf(cell: Pick<Task, 'kind' | 'reference' | 'window' | 'methods'>): readonly string[] {
  const results = simulateColumns({ ...cell, subject: 'column', shifted: false, block: 0, repetitions: REPETITIONS });
  const rates = results.flatMap((result) => judgeCell(result, result.tally));
  return rates.filter(({ place }) => place === 'outside').map(rateSentence);
}

test('no method that looks at all columns together leaves its band at 50 rows', () => {
  const task = { subject: 'joint', kind: 'mixed', reference: 50, window: 50, shifted: false, block: 0 } as const;
  const methods = ['mmd', 'energy', 'pca', 'domain-classifier'];
  for (const result of simulateJoint({ ...task, methods, repetitions: 200 }))
    expect(judgeCell(result, result.tally).map(({ place }) => place)).not.toContain('outside');
});

test('of two equal models neither is worse', () => {
  const task = { subject: 'models', kind: 'binary, near', reference: 300, window: 300, shifted: false } as const;
  for (const result of simulateModels({
    ...task,
    methods: ['roc_auc', 'log_loss'],
    block: 0,
    repetitions: REPETITIONS,
  }))
    expect(judgeCell(result, result.tally).map(({ place }) => place)).not.toContain('outside');
});

test('a method whose p-values are twice too small is found outside of its band', () => {
  const kind = columnKinds.find(({ name }) => name === 'normal');
  if (kind === undefined) throw new Error('there is no kind named normal');
  const [method] = driftMethods;
  const cell: Cell = { subject: 'column', kind: 'normal', method, reference: 500, window: 500, shifted: false };
  const judged = (factor: number) => {
    const blocks = [0, 1].flatMap((block) =>
      simulateBlock(
        { ...cell, methods: [method], block, repetitions: REPETITIONS },
        (random) => drawPair(kind, cell, false, random),
        (column, _, seed) =>
          factor * columnDrift(column, { alpha: 0.05, seed, method }).pValue <= 0.05 ? ['significant'] : [],
      ),
    );
    return judgeCell(cell, addTallies(blocks.map(({ tally }) => tally))).find(({ of }) => of === 'p-value')?.place;
  };
  expect(judged(1)).not.toBe('outside');
  expect(judged(1 / 2)).toBe('outside');
  expect(judged(4)).toBe('outside');
});
