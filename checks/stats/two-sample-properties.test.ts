import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { andersonDarling } from './anderson-darling.ts';
import { benjaminiHochberg } from './benjamini-hochberg.ts';
import { betaLower, betaUpper } from './beta-tails.ts';
import { binomialCdf, binomialQuantile, binomialUpper } from './binomial-cdf.ts';
import { binomialPoint } from './binomial-point.ts';
import { chiSquaredContingency } from './chi-squared-contingency.ts';
import { chiSquaredLower } from './chi-squared-lower.ts';
import { chiSquaredUpper } from './chi-squared-upper.ts';
import { cramerVonMises } from './cramer-von-mises.ts';
import { cramersV } from './cramers-v.ts';
import { ecdf } from './ecdf.ts';
import { energyDistance } from './energy-distance.ts';
import { fUpper } from './f-upper.ts';
import { gTest } from './g-test.ts';
import { hellinger } from './hellinger.ts';
import { holm } from './holm.ts';
import { hypergeometricCdf, hypergeometricUpper } from './hypergeometric.ts';
import { jensenShannon } from './jensen-shannon.ts';
import { ksTwoSample } from './ks-two-sample.ts';
import { lInfinity } from './l-infinity.ts';
import { mannWhitney } from './mann-whitney.ts';
import { maximumMeanDiscrepancy } from './maximum-mean-discrepancy.ts';
import { tiesOf } from './merged-ties.ts';
import { normalisedAbsoluteDifference } from './normalised-absolute-difference.ts';
import { pointsOf } from './points.ts';
import { inverseEcdf } from './quantile.ts';
import { totalVariation } from './total-variation.ts';
import { wasserstein } from './wasserstein.ts';

/** Whole numbers in a narrow range are tied, in a wide one hardly. */
const sample = fc.oneof(
  fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 25 }),
  fc.array(fc.integer({ min: -1_000_000, max: 1_000_000 }), { minLength: 1, maxLength: 25 }),
);
const counts = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 60 })), { minLength: 1, maxLength: 8 })
  .map((cells) => [cells.map(([a]) => a), cells.map(([, b]) => b)] as const)
  .filter((sides) => sides.every((side) => side.some((count) => count > 0)));

/** Properties are looked for in a hundred cases; permutations make each cost milliseconds. */
const RUNS = { numRuns: 100 };
const NEAR = 1e-9;

const rankTests = [
  ['Kolmogorov–Smirnov', (a: number[], b: number[]) => ksTwoSample(a, b, 1)],
  ['Cramér–von Mises', (a: number[], b: number[]) => cramerVonMises(a, b, 1)],
  ['Anderson–Darling', (a: number[], b: number[]) => andersonDarling(a, b, 1)],
  [
    'Mann–Whitney',
    (a: number[], b: number[]) => ({ ...mannWhitney(a, b), statistic: Math.abs(mannWhitney(a, b).share - 0.5) }),
  ],
] as const;

describe.each(rankTests)('%s', (_, judged) => {
  test('gives a probability, and the same statistic whichever sample comes first and however rows are ordered', () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const { statistic, pValue } = judged(a, b);
        expect(pValue).toBeGreaterThan(0);
        expect(pValue).toBeLessThanOrEqual(1);
        expect(statistic).toBeGreaterThanOrEqual(-NEAR);
        expect(Math.abs(judged(b, a).statistic - statistic)).toBeLessThan(NEAR * (1 + statistic));
        expect(judged(a.toReversed(), b.toReversed())).toEqual(judged(a, b));
      }),
      RUNS,
    );
  });

  test('looks at ranks only: growing transformations change nothing', () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const grown = (values: number[]) => values.map((value) => value ** 3 / 7 + 5);
        expect(judged(grown(a), grown(b))).toEqual(judged(a, b));
      }),
      RUNS,
    );
  });

  test('takes missing values that stand beyond every other', () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const found = judged([...a, Infinity, Infinity], [...b, Infinity]);
        expect(found).toEqual(judged([...a, 2e6, 2e6], [...b, 2e6]));
      }),
      RUNS,
    );
  });
});

test('Mann–Whitney’s share is of pairs won, ties half', () => {
  fc.assert(
    fc.property(sample, sample, (a, b) => {
      const wins = a.flatMap((x) => b.map((y) => (x > y ? 1 : x === y ? 0.5 : 0)));
      expect(mannWhitney(a, b).share).toBeCloseTo(wins.reduce<number>((sum, win) => sum + win, 0) / wins.length, 12);
      expect(mannWhitney(b, a).pValue).toBeCloseTo(mannWhitney(a, b).pValue, 12);
    }),
    RUNS,
  );
});

test('tie blocks: different values ascending, counts that grow to both sizes, and are n and m times the distribution functions', () => {
  fc.assert(
    fc.property(sample, sample, (a, b) => {
      const ties = tiesOf(a, b);
      expect([...ties.values]).toEqual([...new Set([...a, ...b])].toSorted((x, y) => x - y));
      expect([ties.first.at(-1), ties.second.at(-1)]).toEqual([a.length, b.length]);
      const sorted = a.toSorted((x, y) => x - y);
      ties.values.forEach((value, k) => expect((ties.first[k] ?? 0) / a.length).toBe(ecdf(sorted, value)));
    }),
    RUNS,
  );
});

test('Wasserstein is a distance: nothing between a sample and itself, symmetric, and moves with a shift', () => {
  fc.assert(
    fc.property(sample, sample, fc.integer({ min: 0, max: 50 }), (a, b, shift) => {
      expect(wasserstein(a, a)).toBe(0);
      const found = wasserstein(a, b);
      expect(Math.abs(found - wasserstein(b, a))).toBeLessThanOrEqual(NEAR * (1 + found));
      expect(
        wasserstein(
          a,
          a.map((value) => value + shift),
        ),
      ).toBeCloseTo(shift, 6);
    }),
    RUNS,
  );
});

describe('distances of counts', () => {
  test('lie between 0 and 1, are symmetric, 0 for equal shares, and keep their known order', () => {
    fc.assert(
      fc.property(counts, ([a, b]) => {
        const twice = a.map((count) => 2 * count);
        for (const distance of [hellinger, totalVariation, jensenShannon, greatest(lInfinity)]) {
          const found = distance(a, b);
          expect(found).toBeGreaterThanOrEqual(0);
          expect(found).toBeLessThanOrEqual(1 + NEAR);
          expect(Math.abs(distance(b, a) - found)).toBeLessThan(NEAR);
          expect(distance(a, twice)).toBeLessThan(1e-7);
        }
        const [tv, h] = [totalVariation(a, b), hellinger(a, b)];
        expect(h * h).toBeLessThanOrEqual(tv + NEAR);
        expect(tv).toBeLessThanOrEqual(Math.SQRT2 * h + NEAR);
        expect(lInfinity(a, b).distance).toBeLessThanOrEqual(tv + NEAR);
        expect(normalisedAbsoluteDifference(a, b).distance).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('χ², G and V do not ask which sample comes first, nor how categories are ordered', () => {
    fc.assert(
      fc.property(counts, ([a, b]) => {
        for (const judged of [chiSquaredContingency, gTest]) {
          const found = judged(a, b);
          expect(Math.abs(judged(b, a).statistic - found.statistic)).toBeLessThan(NEAR * (1 + found.statistic));
          // Where rare categories are pooled, the order decides between equally frequent ones which to join.
          const turned = found.pooled === 0 ? judged(a.toReversed(), b.toReversed()) : found;
          expect(Math.abs(turned.statistic - found.statistic)).toBeLessThan(NEAR * (1 + found.statistic));
          expect(found.pValue).toBeGreaterThan(0);
          expect(found.pValue).toBeLessThanOrEqual(1);
        }
        expect(cramersV(a, b)).toBeCloseTo(cramersV(b, a), 9);
        expect(cramersV(a, b)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

test('Holm lies between Benjamini–Hochberg and Bonferroni, and keeps the order', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 12 }), (p) => {
      const [strict, mild] = [holm(p), benjaminiHochberg(p)];
      p.forEach((value, i) => {
        expect(strict[i]).toBeGreaterThanOrEqual((mild[i] ?? NaN) - NEAR);
        expect(strict[i]).toBeLessThanOrEqual(Math.min(1, value * p.length) + NEAR);
        expect(mild[i]).toBeGreaterThanOrEqual(value - NEAR);
        const greater = strict.filter((_, k) => (p[k] ?? NaN) > value);
        expect(Math.min(...greater, 1)).toBeGreaterThanOrEqual(strict[i] ?? NaN);
      });
    }),
  );
});

test('the inverse of the distribution function is the least value that is far enough', () => {
  fc.assert(
    fc.property(sample, fc.integer({ min: 1, max: 64 }), (values, sixtyFourths) => {
      const sorted = values.toSorted((x, y) => x - y);
      const p = sixtyFourths / 64;
      const found = inverseEcdf(sorted, p);
      expect(ecdf(sorted, found)).toBeGreaterThanOrEqual(p - NEAR);
      expect(sorted.filter((value) => value < found).length / sorted.length).toBeLessThan(p + NEAR);
    }),
  );
});

describe('tails', () => {
  const positive = fc.double({ min: 0.01, max: 50, noNaN: true });

  test('of one law add up to 1', () => {
    fc.assert(
      fc.property(positive, positive, positive, fc.integer({ min: 0, max: 40 }), (x, a, b, k) => {
        expect(chiSquaredLower(x, a) + chiSquaredUpper(x, a)).toBeCloseTo(1, 12);
        expect(fUpper(x, a, b) + fUpper(1 / x, b, a)).toBeCloseTo(1, 12);
        const share = x / 50.5;
        expect(betaLower(share, a, b) + betaUpper(share, a, b)).toBeCloseTo(1, 12);
        expect(binomialCdf(k, 40, share) + binomialUpper(k, 40, share)).toBeCloseTo(1, 12);
        const urn = { total: 90, marked: 40, drawn: 35 };
        expect(hypergeometricCdf(k, urn) + hypergeometricUpper(k, urn)).toBeCloseTo(1, 12);
      }),
    );
  });

  test('a binomial law’s points add up to its tail, and its quantile is where the tail is reached', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.double({ min: 0.01, max: 0.99, noNaN: true }), (trials, p) => {
        const points = Array.from({ length: trials + 1 }, (_, k) => binomialPoint(k, trials, p));
        expect(points.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 12);
        const k = binomialQuantile(0.3, trials, p);
        expect(binomialCdf(k, trials, p)).toBeGreaterThanOrEqual(0.3 - NEAR);
        expect(binomialCdf(k - 1, trials, p)).toBeLessThan(0.3 + NEAR);
      }),
    );
  });
});

test('MMD and energy distance do not ask which sample comes first, and no row is far from itself', () => {
  fc.assert(
    fc.property(sample, sample, (a, b) => {
      const [x, y] = [pointsOf([a]), pointsOf([b])];
      for (const judged of [maximumMeanDiscrepancy, energyDistance]) {
        const options = { seed: 1, permutations: 19 };
        const found = judged(x, y, options);
        expect(Math.abs(judged(y, x, options).statistic - found.statistic)).toBeLessThan(1e-6 * (1 + found.statistic));
        expect(found.pValue).toBeGreaterThan(0);
        expect(found.pValue).toBeLessThanOrEqual(1);
      }
      expect(energyDistance(x, x, { seed: 1, permutations: 1 }).statistic ** 2).toBeLessThan(1e-6);
    }),
    RUNS,
  );
});

function greatest(distance: typeof lInfinity): (first: ArrayLike<number>, second: ArrayLike<number>) => number {
  return (first, second) => distance(first, second).distance;
}
