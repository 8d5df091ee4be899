import { describe, expect, test } from 'vitest';
import { association } from './association.ts';
import { cramersV } from './cramers-v.ts';
import { jackknifeError } from './jackknife-error.ts';
import { seededRandom } from './seeded-random.ts';

/** Codes of a table, one row of counts after the other. */
function codesOf(table: readonly (readonly number[])[]): readonly [readonly number[], readonly number[]] {
  const [first, second]: [number[], number[]] = [[], []];
  for (const [i, counts] of table.entries())
    for (const [k, count] of counts.entries())
      for (let n = 0; n < count; n++) {
        first.push(i);
        second.push(k);
      }
  return [first, second];
}

describe('the association of two categorisations', () => {
  test('is Cramér’s V without its bias where one has two values', () => {
    const [a, b] = [
      [200, 800, 3],
      [400, 600, 0],
    ] as const;
    expect(association(...codesOf([a, b]))).toBeCloseTo(cramersV(a, b), 14);
  });

  test('equals Bergsma’s formula on a larger table', () => {
    // χ² by scipy.stats.chi2_contingency(correction=False): 12.942760942760945 of [[10, 20, 30], [20, 20, 10], [15, 15, 15]];
    // then φ̃² = χ²/155 − 4/154, k̃ = r̃ = 3 − 4/154.
    const chiSquared = 12.942760942760945;
    const expected = Math.sqrt((chiSquared / 155 - 4 / 154) / (3 - 4 / 154 - 1));
    const found = association(
      ...codesOf([
        [10, 20, 30],
        [20, 20, 10],
        [15, 15, 15],
      ]),
    );
    expect(found).toBeCloseTo(expected, 10);
  });

  test('is 1 where one follows from the other, and 0 where one never changes', () => {
    expect(association([0, 1, 2, 0, 1, 2], [4, 2, 7, 4, 2, 7])).toBeCloseTo(1, 14);
    expect(association([0, 1, 2], [5, 5, 5])).toBe(0);
  });

  test('does not mistake chance for association where values are many and rows few', () => {
    const random = seededRandom(4);
    const draws = Array.from({ length: 200 }, () => {
      const codes = () => Array.from({ length: 60 }, () => random.index(12));
      return association(codes(), codes());
    });
    expect(draws.reduce((sum, each) => sum + each, 0) / draws.length).toBeLessThan(0.08);
  });
});

describe('the jackknife error', () => {
  test('of a mean is s/√n', () => {
    const values = [3, 1, 4, 1, 5, 9, 2, 6];
    const sum = values.reduce((total, each) => total + each, 0);
    const mean = sum / values.length;
    const variance = values.reduce((total, each) => total + (each - mean) ** 2, 0) / (values.length - 1);
    const without = values.map((each) => (sum - each) / (values.length - 1));
    expect(jackknifeError(without)).toBeCloseTo(Math.sqrt(variance / values.length), 14);
  });

  test('is unknown from a single part', () => {
    expect(jackknifeError([1])).toBe(Infinity);
  });
});
