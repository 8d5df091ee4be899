import { describe, expect, test } from 'vitest';
import { permutedSides } from '../stats/permuted-sides.ts';
import { seededRandom } from '../stats/seeded-random.ts';
import { tiesOf } from '../stats/merged-ties.ts';
import { totalVariation } from '../stats/total-variation.ts';
import { columnDrift, driftMethods } from './column-drift.ts';
import type { ComparableColumn } from './comparable-column.ts';
import { permutedTable } from './permuted-table.ts';
import { wassersteinTest } from './wasserstein-test.ts';

const random = seededRandom(11);
const normal = (rows: number, shift = 0) => Float64Array.from({ length: rows }, () => random.normal() + shift);
const numbers = (reference: Float64Array, window: Float64Array): ComparableColumn => ({
  kind: 'number',
  reference,
  window,
});
const words = (reference: number, window: number, weights: readonly number[]): ComparableColumn => {
  const draw = (rows: number) =>
    Int32Array.from({ length: rows }, () => {
      let left = random.uniform();
      return weights.findIndex((weight) => (left -= weight) < 0);
    });
  return {
    kind: 'category',
    dictionary: weights.map((_, code) => `w${code}`),
    reference: draw(reference),
    window: draw(window),
  };
};
const options = { alpha: 0.05, seed: 1 };

describe('each method', () => {
  test.each(driftMethods)('%s: sees a shift of numbers, and none where there is none', (method) => {
    const same = columnDrift(numbers(normal(3000), normal(2500)), { ...options, method });
    const moved = columnDrift(numbers(normal(3000), normal(2500, 0.5)), { ...options, method });
    expect(same.method).toBe(method);
    expect(same.pValue).toBeGreaterThan(0.001);
    expect(moved.pValue).toBeLessThan(0.001);
  });

  test.each(driftMethods)('%s: categories that are asked for a rank test get the usual one', (method) => {
    const moved = columnDrift(words(600, 500, [0.5, 0.5]), { ...options, method });
    const isOfCounts = !['ks', 'cramer-von-mises', 'anderson-darling', 'mann-whitney', 'wasserstein'].includes(method);
    expect(moved.method).toBe(isOfCounts ? method : 'chi-squared');
    expect(moved.cramersV).toBeTypeOf('number');
  });

  // Ten thousand repetitions a cell are the calibration's business; here a rate far from 5 % is caught.
  test.each(['wasserstein', 'jensen-shannon', 'hellinger', 'tvd', 'l-infinity'] as const)(
    '%s: without drift at most 12 of 100 p-values are below 0.05',
    (method) => {
      const isLow = () => columnDrift(numbers(normal(300), normal(200)), { ...options, method }).pValue < 0.05;
      expect(Array.from({ length: 100 }, isLow).filter(Boolean).length).toBeLessThanOrEqual(12);
    },
  );
});

describe('a table drawn from its margins', () => {
  test('gives the p-value that shuffling the rows gives', () => {
    const [first, second] = [
      [30, 12, 5, 3],
      [18, 20, 9, 1],
    ];
    const rows = (counts: readonly number[]) =>
      counts.flatMap((count, value) => Array.from({ length: count }, () => value));
    const ties = tiesOf(rows(first ?? []), rows(second ?? []));
    const cells = (cumulated: ArrayLike<number>) =>
      Array.from(cumulated, (below, k) => below - (k === 0 ? 0 : (cumulated[k - 1] ?? 0)));
    const totals = ties.first.map((below, k) => below + (ties.second[k] ?? 0));
    const shuffled = permutedSides(
      ties,
      (side) => totalVariation(cells(side), cells(totals.map((below, k) => below - (side[k] ?? 0)))),
      3,
    );
    // Both are estimates of 999 draws: four standard errors.
    expect(Math.abs(permutedTable(first ?? [], second ?? [], totalVariation, 5) - shuffled)).toBeLessThan(0.06);
  });

  test('is as exact with a million rows', () => {
    const first = [400_000, 350_000, 250_000];
    const second = [40_000, 35_000, 25_000];
    expect(permutedTable(first, second, totalVariation, 1)).toBe(1);
    expect(permutedTable(first, [40_700, 34_800, 24_500], totalVariation, 1)).toBeLessThan(0.001);
  });
});

test('the limit law of Wasserstein continues the permutations', () => {
  const [a, b] = [normal(2000), normal(2000, 0.05)];
  const below = wassersteinTest(tiesOf(a, b), 1);
  const above = wassersteinTest(tiesOf(Float64Array.from([...a, 0]), b), 1);
  expect([below.method, above.method]).toEqual(['permutation', 'simulated']);
  expect(Math.abs(below.pValue - above.pValue)).toBeLessThan(0.06);
});

test('a column without any value says on which side', () => {
  const nothing = new Float64Array(300).fill(NaN);
  expect(columnDrift(numbers(nothing, nothing), options)).toMatchObject({ constant: true, allMissing: 'both' });
  expect(columnDrift(numbers(normal(300), nothing), options)).toMatchObject({ constant: false, allMissing: 'window' });
  expect(columnDrift(numbers(normal(300), nothing), options).pValue).toBeLessThan(1e-6);
});
