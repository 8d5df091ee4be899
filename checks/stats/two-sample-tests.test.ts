import { describe, expect, test } from 'vitest';
import { andersonDarling } from './anderson-darling.ts';
import { andersonDarlingUpper } from './anderson-darling-upper.ts';
import { andersonDarlingKSample } from './anderson-darling-k-sample.ts';
import { andersonDarlingVariance } from './anderson-darling-variance.ts';
import { benjaminiHochberg } from './benjamini-hochberg.ts';
import { cramerVonMises } from './cramer-von-mises.ts';
import { cramerVonMisesExactUpper } from './cramer-von-mises-exact-upper.ts';
import { cramersV } from './cramers-v.ts';
import { ecdf } from './ecdf.ts';
import { energyDistance } from './energy-distance.ts';
import { fisherExact } from './fisher-exact.ts';
import { freemanHalton } from './freeman-halton.ts';
import { gTest } from './g-test.ts';
import { hellinger } from './hellinger.ts';
import { holm } from './holm.ts';
import { jensenShannon } from './jensen-shannon.ts';
import { ksTwoSample } from './ks-two-sample.ts';
import { lInfinity } from './l-infinity.ts';
import { mannWhitney } from './mann-whitney.ts';
import { maximumMeanDiscrepancy } from './maximum-mean-discrepancy.ts';
import { mcNemarChiSquared } from './mcnemar-chi-squared.ts';
import { multinomialExact } from './multinomial-exact.ts';
import { normalisedAbsoluteDifference } from './normalised-absolute-difference.ts';
import tables from './oracle/two-sample-tables.json' with { type: 'json' };
import { pcaReconstruction } from './pca-reconstruction.ts';
import { pointsOf, type Points } from './points.ts';
import { inverseEcdf, quantileSorted } from './quantile.ts';
import { reconstructionErrors } from './reconstruction-errors.ts';
import { seededRandom } from './seeded-random.ts';
import { totalVariation } from './total-variation.ts';
import { twoProportions } from './two-proportions.ts';

// Expected values: scipy 1.17.1, statsmodels 0.15.0, scikit-learn 1.9.1 and brute force (oracle/make_two_sample_tables.py).
const TEN_DIGITS = 1e-10;

function relativeError(found: number, expected: number): number {
  return expected === 0 ? Math.abs(found) : Math.abs(found / expected - 1);
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

describe('rank tests', () => {
  test.each(tables.rank_tests)('Mann–Whitney, case %#', ({ a, b, u, u_p }) => {
    const found = mannWhitney(a, b);
    expect(found.u).toBe(u);
    expect(relativeError(found.pValue, u_p)).toBeLessThan(TEN_DIGITS);
  });

  test.each(tables.rank_tests.filter((each) => !each.tied))('Cramér–von Mises, case %#', ({ a, b, cvm, cvm_p }) => {
    const found = cramerVonMises(a, b, 1);
    expect(relativeError(found.statistic, cvm ?? NaN)).toBeLessThan(TEN_DIGITS);
    // The limit law is steep: the statistic's last digit, times the exponent.
    expect(relativeError(found.pValue, cvm_p ?? NaN)).toBeLessThan(1e-9);
  });

  test.each(tables.rank_tests.filter((each) => !each.tied))(
    'Anderson–Darling’s statistic is Scholz and Stephens’, case %#',
    ({ a, b, ad, ad_right }) => {
      const found = andersonDarling(a, b, 1);
      expect(relativeError(found.statistic, ad ?? NaN)).toBeLessThan(TEN_DIGITS);
      const deviation = Math.sqrt(andersonDarlingVariance([a.length, b.length]) ?? NaN);
      expect(Math.abs((found.statistic - 1) / deviation - ad_right)).toBeLessThan(1e-9);
    },
  );

  test.each(tables.rank_tests.filter((each) => each.ad_p !== null))(
    'Anderson–Darling’s p is the limit law’s at the standardised statistic, case %#',
    ({ a, b, ad_p }) => {
      const found = andersonDarling(a, b, 1);
      expect(found.method).toBe('asymptotic');
      expect(relativeError(found.pValue, ad_p ?? NaN)).toBeLessThan(1e-9);
    },
  );

  test('every way to a p-value occurs among the cases', () => {
    const of = (methods: readonly string[]) => new Set(methods);
    expect(of(tables.rank_tests.map(({ a, b }) => mannWhitney(a, b).method))).toEqual(of(['exact', 'asymptotic']));
    const all = of(['exact', 'asymptotic', 'permutation']);
    expect(of(tables.rank_tests.map(({ a, b }) => cramerVonMises(a, b, 1).method))).toEqual(all);
    const two = of(['asymptotic', 'permutation']);
    expect(of(tables.rank_tests.map(({ a, b }) => andersonDarling(a, b, 1).method))).toEqual(two);
  });

  test.each(tables.tied)('tied statistics are the mean over every order of equal values, case %#', (each) => {
    expect(relativeError(cramerVonMises(each.a, each.b, 1).statistic, each.cvm)).toBeLessThan(TEN_DIGITS);
    expect(relativeError(andersonDarling(each.a, each.b, 1).statistic, each.ad)).toBeLessThan(TEN_DIGITS);
  });

  // scipy stats/tests/test_hypotests.py::TestCvm_2samp: U of sizes n, m; T = U/(nmN) − (4nm − 1)/(6N).
  test.each([
    [710, 5, 6, 48 / 462],
    [1897, 7, 7, 117 / 1716],
    [576, 4, 6, 2 / 210],
  ])('Cramér–von Mises’ U = %d of %d and %d values has its tabled probability', (u, n, m, p) => {
    const total = n + m;
    const statistic = u / (n * m * total) - (4 * n * m - 1) / (6 * total);
    expect(relativeError(cramerVonMisesExactUpper(n, m, statistic * n * m * total * total) ?? NaN, p)).toBeLessThan(
      TEN_DIGITS,
    );
  });

  test.each(tables.k_samples)('Anderson–Darling of k samples, case %#', ({ samples, right, mid, ...standard }) => {
    const found = andersonDarlingKSample(samples, { seed: 1, permutations: 99 });
    expect(relativeError(found.rightEmpirical, right)).toBeLessThan(TEN_DIGITS);
    expect(relativeError(found.midRank, mid)).toBeLessThan(TEN_DIGITS);
    expect(relativeError(found.standardised.rightEmpirical, standard.standard_right)).toBeLessThan(TEN_DIGITS);
    expect(relativeError(found.standardised.midRank, standard.standard_mid)).toBeLessThan(TEN_DIGITS);
  });

  // Scholz & Stephens (1987), table of Lehmann's data; scipy stats/tests/test_morestats.py: p 0.0021, 0.0020 by their formula.
  test('Lehmann’s four laboratories: 4.449 right-continuous, 4.480 by mid-ranks, p about 0.002', () => {
    const [lehmann] = tables.k_samples;
    const found = andersonDarlingKSample(lehmann?.samples ?? [], { seed: 1, permutations: 9999 });
    expect(found.standardised.rightEmpirical).toBeCloseTo(4.449, 3);
    expect(found.standardised.midRank).toBeCloseTo(4.48, 3);
    expect(found.pValue).toBeGreaterThan(0.0005);
    expect(found.pValue).toBeLessThan(0.004);
  });

  // scipy stats/tests/test_stats.py::TestKSTwoSamples, repeated values.
  test('KS sees the distance of repeated values: 5/16', () => {
    const repeated = (values: readonly number[], times: readonly number[]) =>
      values.flatMap((value, i) => Array.from({ length: times[i] ?? 0 }, () => value));
    const found = ksTwoSample(repeated([2, 3, 4], [2, 3, 11]), repeated([2, 3, 4], [3, 7, 6]), 1);
    expect(found.statistic).toBe(5 / 16);
    expect(found.pValue).toBeLessThan(0.4262934613454952);
  });
});

test('a p-value is never less likely than one way to deal the rows, however few rows and whatever an asymptotic law says', () => {
  const [zeros, ones] = [new Float64Array(12), new Float64Array(3).fill(1)];
  for (const judged of [ksTwoSample, cramerVonMises, andersonDarling]) {
    expect(judged(zeros, ones, 1).pValue).toBeGreaterThanOrEqual((1 / 455) * 0.4);
  }
});

// Scholz & Stephens (1987), table 1, two samples: standardised A² at 25, 10, 5, 2.5 and 1 %; theirs are fits by moments, within 3 %.
test.each([
  [0.326, 0.25],
  [1.225, 0.1],
  [1.96, 0.05],
  [2.719, 0.025],
  [3.752, 0.01],
])('the limit law passes %d with probability %d', (standardised, p) => {
  const deviation = Math.sqrt((2 * (Math.PI ** 2 - 9)) / 3);
  expect(relativeError(andersonDarlingUpper(1 + standardised * deviation), p)).toBeLessThan(0.03);
});

// Conover (1971), example 1; scipy stats/tests/test_hypotests.py::TestCvm_2samp.
test('Conover’s example: T = 0.262, p = 0.18', () => {
  const x = [7.6, 8.4, 8.6, 8.7, 9.3, 9.9, 10.1, 10.6, 11.2];
  const y = [5.2, 5.7, 5.9, 6.5, 6.8, 8.2, 9.1, 9.8, 10.8, 11.3, 11.5, 12.3, 12.5, 13.4, 14.6];
  const found = cramerVonMises(x, y, 1);
  expect(found.statistic).toBeCloseTo(0.262, 3);
  // The book's 0.18 is read off a table; scipy's exact value.
  expect(relativeError(found.pValue, 0.18675430438453725)).toBeLessThan(TEN_DIGITS);
});

// statsmodels 0.15.0, mcnemar(exact=False); stats/tests/test_nonparametric.py has the first seven digits.
test.each([
  [121, 59, 20.67222222222222, 5.450094825427117e-6, 21.355555555555554, 3.815135865112594e-6],
  [70, 59, 0.7751937984496124, 0.37861508946133904, 0.937984496124031, 0.33279671725145926],
])('McNemar’s χ² of %d against %d, with and without correction', (b, c, corrected, p, plain, plainP) => {
  const [yates, pearson] = [
    mcNemarChiSquared(b, c, { corrected: true }),
    mcNemarChiSquared(b, c, { corrected: false }),
  ];
  expect(relativeError(yates.statistic, corrected)).toBeLessThan(TEN_DIGITS);
  expect(relativeError(yates.pValue, p)).toBeLessThan(TEN_DIGITS);
  expect(relativeError(pearson.statistic, plain)).toBeLessThan(TEN_DIGITS);
  expect(relativeError(pearson.pValue, plainP)).toBeLessThan(TEN_DIGITS);
});

test('fifteen classic p-values of Benjamini and Hochberg', () => {
  const p = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1,
  ];
  const adjusted = [0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.063857, 0.063857, 0.0645, 0.0765, 0.486, 0.581182];
  const found = benjaminiHochberg(p);
  adjusted.forEach((value, i) => expect(found[i]).toBeCloseTo(value, 6));
});

describe('counts', () => {
  test.each(tables.tables)('G, distances and Cramér’s V, case %#', ({ counts: [a = [], b = []], ...expected }) => {
    const g = gTest(a, b);
    expect(g.method).toBe('chi-squared');
    expect(relativeError(g.statistic, expected.g)).toBeLessThan(TEN_DIGITS);
    expect(relativeError(g.pValue, expected.g_p)).toBeLessThan(TEN_DIGITS);
    expect(relativeError(hellinger(a, b), expected.hellinger)).toBeLessThan(TEN_DIGITS);
    expect(relativeError(totalVariation(a, b), expected.total_variation)).toBeLessThan(TEN_DIGITS);
    expect(relativeError(lInfinity(a, b).distance, expected.l_infinity)).toBeLessThan(TEN_DIGITS);
    // Of shares that change equally, numpy's rounding decides which is first.
    const change = (k: number) => Math.abs((a[k] ?? 0) / sumOf(a) - (b[k] ?? 0) / sumOf(b));
    expect(relativeError(change(lInfinity(a, b).at ?? NaN), change(expected.at))).toBeLessThan(TEN_DIGITS);
    expect(relativeError(normalisedAbsoluteDifference(a, b).distance, expected.normalised)).toBeLessThan(TEN_DIGITS);
    expect(relativeError(cramersV(a, b), expected.cramers_v)).toBeLessThan(TEN_DIGITS);
  });

  // Evidently tests/stattests/test_stattests.py.
  test('published: Hellinger 0.06812; Fisher 1, 0.0021 and 0.00078', () => {
    expect(hellinger([16, 18, 16, 14, 12, 12], [16, 16, 16, 16, 16, 8])).toBeCloseTo(0.06812, 4);
    expect(fisherExact(2, 4, 2, 4)).toBe(1);
    expect(fisherExact(6, 0, 0, 6)).toBeCloseTo(0.0021, 3);
    expect(fisherExact(90, 60, 60, 90)).toBeCloseTo(0.00078, 3);
  });

  // TensorFlow Data Validation anomalies/metrics_test.cc; their Jensen–Shannon is the divergence, ours its root.
  test('published: L∞ 0.2; 1 without overlap; a divergence of 0.5 where half of the mass is shared', () => {
    expect(lInfinity([1, 9], [3, 7]).distance).toBeCloseTo(0.2, 12);
    expect(lInfinity([5, 0], [0, 2]).distance).toBe(1);
    expect(jensenShannon([1, 1, 0], [0, 1, 1]) ** 2).toBeCloseTo(0.5, 12);
  });

  test('G of rare categories falls back as χ² does, and an empty sample has no distance', () => {
    expect(gTest([8, 20], [9, 9]).method).toBe('chi-squared');
    expect(gTest([1, 20], [4, 8])).toMatchObject({ method: 'fisher', pValue: fisherExact(1, 20, 4, 8) });
    expect(gTest([1, 1, 1, 1], [1, 1, 1, 1]).method).toBe('permutation');
    expect([hellinger([], []), totalVariation([0], [1]), lInfinity([0], [1]).distance, cramersV([0], [1])]).toEqual([
      NaN,
      NaN,
      NaN,
      NaN,
    ]);
  });

  test.each(tables.freeman_halton as [number[], number[], number][])('Freeman–Halton of %j, %j', (first, second, p) => {
    const found = freemanHalton(first, second, 1);
    expect(found.method).toBe('exact');
    expect(relativeError(found.pValue, p)).toBeLessThan(TEN_DIGITS);
  });

  test.each(tables.multinomial as [number[], number[], number][])('multinomial %j of %j', (counts, shares, p) => {
    const found = multinomialExact(counts, shares, 1);
    expect(found.method).toBe('exact');
    expect(relativeError(found.pValue, p)).toBeLessThan(TEN_DIGITS);
  });

  test('where there are too many tables, draws come near what χ² says, and a seed decides them', () => {
    const [a, b] = [
      [30, 20, 10, 8, 12, 30],
      [28, 32, 9, 14, 4, 28],
    ];
    const found = freemanHalton(a, b, 1);
    expect(found.method).toBe('permutation');
    expect(Math.abs(found.pValue - gTest(a, b).pValue)).toBeLessThan(0.02);
    expect(freemanHalton(a, b, 1)).toEqual(found);
    const drawn = multinomialExact([30, 20, 10, 8, 12, 30], [0.25, 0.2, 0.1, 0.1, 0.1, 0.25], 1);
    expect(drawn.method).toBe('simulation');
    expect(drawn.pValue).toBeGreaterThan(0.5);
    expect(multinomialExact([1, 1], [1, 0], 1)).toEqual({ pValue: 0, method: 'exact' });
  });

  test.each(tables.proportions)('two proportions: %d of %d, %d of %d', (a = 0, n = 0, b = 0, m = 0, z = 0, p = 0) => {
    const found = twoProportions({ successes: a, trials: n }, { successes: b, trials: m });
    expect(found.method).toBe('z');
    expect(relativeError(found.z, z)).toBeLessThan(TEN_DIGITS);
    expect(relativeError(found.pValue, p)).toBeLessThan(TEN_DIGITS);
  });

  test('two proportions of few are Fisher’s, of all or none nobody’s', () => {
    const few = twoProportions({ successes: 1, trials: 10 }, { successes: 8, trials: 12 });
    expect(few).toMatchObject({ method: 'fisher', pValue: fisherExact(1, 9, 8, 4) });
    const none = twoProportions({ successes: 0, trials: 10 }, { successes: 0, trials: 12 });
    expect(none).toMatchObject({ method: 'constant', pValue: 1, difference: 0 });
  });
});

test.each(tables.holm as [number[], number[]][])('Holm of %j', (p, adjusted) => {
  holm(p).forEach((value, i) => expect(relativeError(value, adjusted[i] ?? NaN)).toBeLessThan(TEN_DIGITS));
});

test('quantiles, linear and of values that were seen, and the distribution function', () => {
  const { values, linear, inverted_cdf: seen } = tables.quantiles;
  for (const [p = NaN, q = NaN] of linear) expect(relativeError(quantileSorted(values, p), q)).toBeLessThan(TEN_DIGITS);
  for (const [p = NaN, q = NaN] of seen) expect(inverseEcdf(values, p)).toBe(q);
  expect([0, 1, 2, 4, 5, 9].map((x) => ecdf([1, 2, 2, 5], x))).toEqual([0, 0.25, 0.75, 0.75, 1, 1]);
  expect([ecdf([], 1), inverseEcdf([], 0.5)]).toEqual([NaN, NaN]);
});

describe('all columns together', () => {
  const { multivariate } = tables;
  const [a, b] = [pointsOf(multivariate.a), pointsOf(multivariate.b)];

  test('MMD: bandwidth, unbiased statistic, and a p-value near that of every split', () => {
    const found = maximumMeanDiscrepancy(a, b, { seed: 1, permutations: 9999 });
    expect(relativeError(found.bandwidth, multivariate.bandwidth)).toBeLessThan(TEN_DIGITS);
    expect(relativeError(found.statistic, multivariate.mmd)).toBeLessThan(TEN_DIGITS);
    expect(Math.abs(found.pValue - multivariate.mmd_p)).toBeLessThan(0.02);
  });

  test('energy distance: as scipy in one dimension, by brute force in two', () => {
    const found = energyDistance(a, b, { seed: 1, permutations: 9999 });
    expect(relativeError(found.statistic, multivariate.energy)).toBeLessThan(TEN_DIGITS);
    expect(Math.abs(found.pValue - multivariate.energy_p)).toBeLessThan(0.02);
    const [x = [], y = []] = multivariate.line;
    const line = energyDistance(pointsOf([x]), pointsOf([y]), { seed: 1, permutations: 99 });
    expect(relativeError(line.statistic, multivariate.line_energy)).toBeLessThan(TEN_DIGITS);
  });

  test('reconstruction errors are scikit-learn’s', () => {
    const { fitted, other, components, variance, errors } = multivariate.pca;
    const found = reconstructionErrors(pointsOf(fitted), pointsOf(other), 0.65);
    expect(found.components).toBe(components);
    expect(relativeError(found.variance, variance)).toBeLessThan(TEN_DIGITS);
    errors.forEach((error, row) => expect(relativeError(found.errors[row] ?? NaN, error)).toBeLessThan(TEN_DIGITS));
  });

  /** Columns that share a factor; odd ones the other way round when `turned`. */
  function related(rows: number, seed: number, turned: boolean): Points {
    const random = seededRandom(seed);
    const factor = Array.from({ length: rows }, () => random.normal());
    return pointsOf(
      [0, 1, 2, 3].map((c) => factor.map((f) => (turned && c % 2 === 1 ? -f : f) + 0.5 * random.normal())),
    );
  }

  test('a correlation that turns round, which no column shows, is found by each; the same law is not', () => {
    const [reference, same, turned] = [related(200, 1, false), related(150, 2, false), related(150, 3, true)];
    const options = { seed: 1, permutations: 199 };
    for (const [window, low, high] of [
      [same, 0.05, 1],
      [turned, 0, 0.006],
    ] as const) {
      const found = [
        maximumMeanDiscrepancy(reference, window, options).pValue,
        energyDistance(reference, window, options).pValue,
        pcaReconstruction(reference, window, options)?.pValue ?? NaN,
      ];
      expect(found.every((p) => p >= low && p <= high)).toBe(true);
    }
  });

  test('rows beyond a thousand a side are sampled by the seed; constant or too few rows say nothing', () => {
    const many = pointsOf([Float64Array.from({ length: 1200 }, (_, i) => i % 7)]);
    const found = energyDistance(many, many, { seed: 1, permutations: 9 });
    expect(found.rows).toEqual({ first: 1000, second: 1000 });
    const constant = pointsOf([new Float64Array(30)]);
    expect(energyDistance(constant, constant, { seed: 1 })).toMatchObject({ pValue: 1, permutations: 0 });
    expect(maximumMeanDiscrepancy(constant, constant, { seed: 1 })).toMatchObject({ pValue: 1, permutations: 0 });
    expect(pcaReconstruction(constant, constant, { seed: 1 })).toBeUndefined();
  });
});
