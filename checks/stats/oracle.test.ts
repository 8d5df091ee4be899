import { describe, expect, test } from 'vitest';
import { benjaminiHochberg } from './benjamini-hochberg.ts';
import { binomialCdf } from './binomial-cdf.ts';
import { chiSquaredContingency } from './chi-squared-contingency.ts';
import { chiSquaredQuantile } from './chi-squared-quantile.ts';
import { chiSquaredUpper } from './chi-squared-upper.ts';
import { deLong } from './delong.ts';
import { fisherExact } from './fisher-exact.ts';
import { jensenShannon } from './jensen-shannon.ts';
import { kolmogorovUpper } from './kolmogorov-upper.ts';
import { ksExactUpper } from './ks-exact-upper.ts';
import { ksTwoSample } from './ks-two-sample.ts';
import { mcNemar } from './mcnemar.ts';
import { normalCdf } from './normal-cdf.ts';
import { normalQuantile } from './normal-quantile.ts';
import tables from './oracle/tables.json' with { type: 'json' };
import { rocAuc } from './roc-auc.ts';
import { studentTQuantile } from './student-t-quantile.ts';
import { studentTUpper } from './student-t-upper.ts';
import { wasserstein } from './wasserstein.ts';
import { welchT } from './welch-t.ts';

// Expected values: scipy 1.17.1, scikit-learn 1.9.1, statsmodels 0.15.0 at full precision (oracle/make_tables.py).
const TEN_DIGITS = 1e-10;

function relativeError(found: number, expected: number): number {
  return expected === 0 ? Math.abs(found) : Math.abs(found / expected - 1);
}

describe('distributions agree with scipy to ten digits, tails included', () => {
  const { distributions } = tables;

  test.each(distributions.normal_cdf)('Φ(%d)', (z = NaN, p = NaN) =>
    expect(relativeError(normalCdf(z), p)).toBeLessThan(TEN_DIGITS),
  );
  test.each(distributions.normal_quantile)('Φ⁻¹(%d)', (p = NaN, z = NaN) =>
    expect(relativeError(normalQuantile(p), z)).toBeLessThan(TEN_DIGITS),
  );
  test.each(distributions.t_upper)('P(t > %d), %d degrees of freedom', (t = NaN, df = NaN, p = NaN) =>
    expect(relativeError(studentTUpper(t, df), p)).toBeLessThan(TEN_DIGITS),
  );
  test.each(distributions.t_quantile)('t quantile at %d, %d degrees of freedom', (p = NaN, df = NaN, t = NaN) =>
    expect(relativeError(studentTQuantile(p, df), t)).toBeLessThan(TEN_DIGITS),
  );
  test.each(distributions.chi2_upper)('P(χ² > %d), %d degrees of freedom', (x = NaN, df = NaN, p = NaN) =>
    expect(relativeError(chiSquaredUpper(x, df), p)).toBeLessThan(TEN_DIGITS),
  );
  test.each(distributions.chi2_quantile)(
    'χ² critical value at %d, %d degrees of freedom',
    (a = NaN, df = NaN, x = NaN) => expect(relativeError(chiSquaredQuantile(a, df), x)).toBeLessThan(TEN_DIGITS),
  );
  test.each(distributions.binomial_cdf)('P(Bin ≤ %d), %d trials of %d', (k = NaN, n = NaN, p = NaN, expected = NaN) =>
    expect(relativeError(binomialCdf(k, n, p), expected)).toBeLessThan(TEN_DIGITS),
  );
  test.each(distributions.kstwo)('P(D > %d), n = %d', (d = NaN, n = NaN, p = NaN) =>
    expect(relativeError(kolmogorovUpper(d, n), p)).toBeLessThan(TEN_DIGITS),
  );
});

describe('two samples', () => {
  test.each(tables.two_samples)(
    'KS statistic, Wasserstein and Welch of case %#',
    ({ a, b, statistic, ...expected }) => {
      expect(relativeError(ksTwoSample(a, b, 1).statistic, statistic)).toBeLessThan(TEN_DIGITS);
      expect(relativeError(wasserstein(a, b), expected.wasserstein)).toBeLessThan(TEN_DIGITS);
      expect(relativeError(welchT(a, b).pValue, expected.welch_p)).toBeLessThan(TEN_DIGITS);
    },
  );

  const judged = tables.two_samples.map((sample) => ({ ...sample, ks: ksTwoSample(sample.a, sample.b, 1) }));

  test.each(judged.filter(({ ks }) => ks.method === 'exact'))('exact KS p-value, case %#', ({ ks, exact }) => {
    expect(relativeError(ks.pValue, exact ?? NaN)).toBeLessThan(TEN_DIGITS);
  });

  test.each(judged.filter(({ ks }) => ks.method === 'asymptotic'))(
    'asymptotic KS p-value, case %#',
    ({ ks, asymptotic }) => {
      expect(relativeError(ks.pValue, asymptotic)).toBeLessThan(TEN_DIGITS);
    },
  );

  // The asymptotic p-value is conservative under ties; chance may lift a permutation's by a little.
  test.each(judged.filter(({ ks }) => ks.method === 'permutation'))(
    'permutation KS p-value, case %#',
    ({ ks, asymptotic }) => {
      expect(ks.pValue).toBeLessThan(asymptotic + 0.05);
    },
  );

  test('both exact and asymptotic KS p-values occur among the cases', () => {
    const methods = tables.two_samples.map((sample) => ksTwoSample(sample.a, sample.b, 1).method);
    expect(new Set(methods)).toEqual(new Set(['exact', 'permutation', 'asymptotic']));
  });

  // scipy stats/tests/test_stats.py::TestKSTwoSamples.
  test.each([
    [20.1, 232 / 1100, 0.015739183865607353],
    [19.9, 229 / 1100, 0.017803803861026313],
  ])('1..100 against 110 points from 1 to 100, moved by %d', (shift, statistic, p) => {
    const a = Array.from({ length: 100 }, (_, i) => i + 1);
    const b = Array.from({ length: 110 }, (_, i) => 1 + (i * 99) / 109 + shift);
    const ks = ksTwoSample(a, b, 1);
    expect(relativeError(ks.statistic, statistic)).toBeLessThan(TEN_DIGITS);
    expect(relativeError(ksExactUpper(100, 110, Math.round(statistic * 100 * 110)), p)).toBeLessThan(TEN_DIGITS);
  });

  test('two against four points: D = 3/4 has p = 6/15', () => {
    const ks = ksTwoSample([1, 2], [2.5, 3, 4, 1.5], 1);
    expect(ks.statistic).toBe(3 / 4);
    expect(relativeError(ks.pValue, 6 / 15)).toBeLessThan(TEN_DIGITS);
  });
});

describe('tables of counts', () => {
  const judged = tables.tables.map(({ counts: [a = [], b = []], ...expected }) => ({
    a,
    b,
    expected,
    found: chiSquaredContingency(a, b),
  }));

  test.each(judged.filter(({ found }) => found.method === 'chi-squared' && found.pooled === 0))(
    'χ², case %#',
    (each) => {
      expect(relativeError(each.found.statistic, each.expected.statistic)).toBeLessThan(TEN_DIGITS);
      expect(relativeError(each.found.pValue, each.expected.p)).toBeLessThan(TEN_DIGITS);
      expect(each.found.df).toBe(each.expected.df);
    },
  );

  test.each(judged.filter(({ a }) => a.length === 2))(
    'Fisher, case %#',
    ({ a: [x = 0, y = 0], b: [z = 0, w = 0], expected }) => {
      expect(relativeError(fisherExact(x, y, z, w), expected.fisher ?? NaN)).toBeLessThan(TEN_DIGITS);
    },
  );

  test.each(judged)('Jensen–Shannon distance, case %#', ({ a, b, expected }) => {
    expect(relativeError(jensenShannon(a, b), expected.js)).toBeLessThan(TEN_DIGITS);
  });

  test('every cell that is judged by χ² expects at least five', () => {
    const found = chiSquaredContingency([40, 40, 1, 2, 3, 0], [38, 45, 2, 0, 3, 1]);
    expect(found).toMatchObject({ method: 'chi-squared', pooled: 4, df: 2 });
  });

  test('a table of nothing but rare values is judged by permutation, and finds what is there', () => {
    const rare = (of: number) => Array.from({ length: 20 }, (_, k) => (k < 10 ? 2 - of : of));
    expect(chiSquaredContingency(rare(0), rare(2))).toMatchObject({ method: 'permutation', pValue: 1 / 1000 });
    expect(chiSquaredContingency(rare(1), rare(1)).pValue).toBeGreaterThan(0.9);
  });

  test('one category says nothing', () => {
    expect(chiSquaredContingency([40, 0], [10, 0])).toMatchObject({ method: 'constant', pValue: 1 });
  });
});

test.each(tables.families)('Benjamini–Hochberg, family %#', ({ p, adjusted }) => {
  benjaminiHochberg(p).forEach((value, i) => expect(relativeError(value, adjusted[i] ?? NaN)).toBeLessThan(TEN_DIGITS));
});

test.each(tables.mcnemar)('McNemar of %d against %d', (b = NaN, c = NaN, exact = NaN, midP = NaN) => {
  const found = mcNemar(b, c);
  expect(relativeError(found.exact, exact)).toBeLessThan(TEN_DIGITS);
  expect(relativeError(found.midP, midP)).toBeLessThan(TEN_DIGITS);
  expect(found.p).toBe(b + c < 25 ? found.exact : found.midP);
});

// statsmodels stats/tests/test_nonparametric.py.
test('McNemar of 121 against 59 is 0.000004, of 80 against 59 is 0.089452', () => {
  expect(mcNemar(121, 59).exact).toBeCloseTo(0.000004, 6);
  expect(mcNemar(80, 59).exact).toBeCloseTo(0.089452, 6);
});

describe('areas under ROC curves, with ties', () => {
  const { labels, scores, other, metrics, delong } = tables.binary;

  test('one area', () => expect(relativeError(rocAuc(scores, labels) ?? NaN, metrics.roc_auc)).toBeLessThan(1e-14));

  test('two areas compared equal the brute-force definition', () => {
    const found = deLong(scores, other, labels);
    expect(relativeError(found?.first ?? NaN, delong.first)).toBeLessThan(TEN_DIGITS);
    expect(relativeError(found?.second ?? NaN, delong.second)).toBeLessThan(TEN_DIGITS);
    expect(relativeError(found?.difference ?? NaN, delong.difference)).toBeLessThan(TEN_DIGITS);
    expect(relativeError(found?.standardError ?? NaN, delong.standard_error)).toBeLessThan(TEN_DIGITS);
    expect(relativeError(found?.pValue ?? NaN, delong.p)).toBeLessThan(TEN_DIGITS);
  });

  test('a model compared with itself differs by exactly nothing', () => {
    expect(deLong(scores, scores, labels)).toMatchObject({ difference: 0, standardError: 0, pValue: 1 });
  });

  test('rows each in a group of their own give the ungrouped error but for the degrees of freedom', () => {
    const grouped = deLong(
      scores,
      other,
      labels,
      labels.map((_, i) => i),
    );
    expect(relativeError(grouped?.standardError ?? NaN, delong.standard_error)).toBeLessThan(0.02);
  });

  test('every row twice under one key gives the error of the single rows', () => {
    const twice = (values: readonly number[]) => values.flatMap((value) => [value, value]);
    const groups = twice(labels.map((_, i) => i));
    const grouped = deLong(twice(scores), twice(other), twice(labels), groups);
    expect(relativeError(grouped?.standardError ?? NaN, delong.standard_error)).toBeLessThan(0.02);
    expect(deLong(twice(scores), twice(other), twice(labels))?.standardError).toBeLessThan(
      0.75 * delong.standard_error,
    );
  });
});
