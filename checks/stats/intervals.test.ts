import { describe, expect, test } from 'vitest';
import { binomialInterval } from './binomial-interval.ts';
import { designEffect } from './design-effect.ts';
import tables from './oracle/interval-tables.json' with { type: 'json' };
import { quantileInterval } from './quantile-interval.ts';
import { seededRandom } from './seeded-random.ts';

// Expected values: scipy 1.17.1 (oracle/make_interval_tables.py).
describe('intervals of counts', () => {
  test.each(tables.binomial_interval)(
    '%d of %d at alpha %d: Clopper and Pearson',
    (k = NaN, n = NaN, alpha = NaN, lower = NaN, upper = NaN) => {
      const found = binomialInterval(k, n, alpha);
      expect(Math.abs(found.lower - lower)).toBeLessThanOrEqual(1e-10 * lower);
      expect(Math.abs(found.upper - upper)).toBeLessThanOrEqual(1e-10 * upper);
    },
  );

  test.each(tables.quantile_ranks)(
    'of %d values, level %d, alpha %d: the ranks that the binomial law gives',
    (n = NaN, level = NaN, alpha = NaN, lower = NaN, upper = NaN) => {
      const ranks = Float64Array.from({ length: n }, (_, i) => i + 1);
      expect(quantileInterval(ranks, { level, alpha })).toEqual({
        lower: lower === 0 ? -Infinity : lower,
        upper: upper === n + 1 ? Infinity : upper,
      });
    },
  );

  test('a sample that counts for half as much has the ranks of half as many, spread over it', () => {
    const half = quantileInterval(
      Float64Array.from({ length: 500 }, (_, i) => i + 1),
      { level: 0.5, alpha: 0.05 },
    );
    const whole = quantileInterval(
      Float64Array.from({ length: 1000 }, (_, i) => i + 1),
      { level: 0.5, alpha: 0.05, designEffect: 2 },
    );
    expect(whole).toEqual({ lower: 2 * half.lower, upper: 1001 - 2 * (501 - half.upper) });
  });
});

describe('the design effect', () => {
  test('is 1 where nothing varies, and the length of a round where each is of one mind', () => {
    expect(designEffect([true, true, true, true], [2, 4])).toBe(1);
    expect(designEffect([true, true, true, false, false, false], [3, 6])).toBe(6);
  });

  test('is near 1 for independent observations', () => {
    const random = seededRandom(3);
    const hits = Array.from({ length: 4000 }, () => random.uniform() < 0.3);
    const ends = Array.from({ length: 80 }, (_, i) => (i + 1) * 50);
    expect(designEffect(hits, ends)).toBeLessThan(1.4);
  });
});
