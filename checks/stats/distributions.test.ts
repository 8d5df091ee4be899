import { expect, test } from 'vitest';
import { andersonDarlingUpper } from './anderson-darling-upper.ts';
import { betaQuantile } from './beta-quantile.ts';
import { betaLower, betaUpper } from './beta-tails.ts';
import { binomialCdf, binomialQuantile, binomialUpper } from './binomial-cdf.ts';
import { binomialPoint } from './binomial-point.ts';
import { chiSquaredLower } from './chi-squared-lower.ts';
import { chiSquaredLowerQuantile, chiSquaredQuantile } from './chi-squared-quantile.ts';
import { chiSquaredUpper } from './chi-squared-upper.ts';
import { cramerVonMisesUpper } from './cramer-von-mises-upper.ts';
import { fQuantile } from './f-quantile.ts';
import { fUpper } from './f-upper.ts';
import { fallingRoot } from './falling-root.ts';
import { fisherExact } from './fisher-exact.ts';
import { hypergeometricCdf, hypergeometricPoint, hypergeometricUpper } from './hypergeometric.ts';
import { normalCdf } from './normal-cdf.ts';
import { normalQuantile } from './normal-quantile.ts';
import tables from './oracle/distribution-tables.json' with { type: 'json' };
import { studentTQuantile } from './student-t-quantile.ts';
import { studentTUpper } from './student-t-upper.ts';

// Expected values: mpmath 1.4.1 at 60 digits and exact fractions, held against scipy 1.17.1 (oracle/make_distribution_tables.py).
const TEN_DIGITS = 1e-10;

interface Disagreement {
  readonly error: number;
  readonly where: string;
}

/** The worst relative error. Each row: the arguments, then what the functions must give, one number for each. */
function worst(
  rows: readonly (readonly number[])[],
  ...functions: readonly ((...of: number[]) => number)[]
): Disagreement {
  const all = rows.flatMap((row) => {
    const of = row.slice(0, -functions.length);
    return functions.map((each, i): Disagreement => {
      const [found, exact] = [each(...of), row[of.length + i] ?? NaN];
      const error = exact === 0 ? Math.abs(found) : Math.abs(found / exact - 1);
      return {
        error: Number.isNaN(error) ? Infinity : error,
        where: `f(${of.join(', ')}) = ${found}, expected ${exact}`,
      };
    });
  });
  return all.reduce((most, each) => (each.error > most.error ? each : most), { error: -1, where: 'no rows' });
}

const laws: readonly [string, () => Disagreement][] = [
  ['normal', () => worst(tables.normal_cdf, (z = NaN) => normalCdf(z))],
  ['normal quantile', () => worst(tables.normal_quantile, (p = NaN) => normalQuantile(p))],
  ['Student t', () => worst(tables.t_upper, (t = NaN, df = NaN) => studentTUpper(t, df))],
  ['Student t quantile', () => worst(tables.t_quantile, (p = NaN, df = NaN) => studentTQuantile(p, df))],
  ['χ², lower', () => worst(tables.chi2_lower, (x = NaN, df = NaN) => chiSquaredLower(x, df))],
  ['χ², upper', () => worst(tables.chi2_upper, (x = NaN, df = NaN) => chiSquaredUpper(x, df))],
  [
    'χ² of up to a million degrees of freedom, both tails',
    () =>
      worst(
        tables.chi2_of_many,
        (x = NaN, df = NaN) => chiSquaredUpper(x, df),
        (x = NaN, df = NaN) => chiSquaredLower(x, df),
      ),
  ],
  ['χ² critical value', () => worst(tables.chi2_quantile, (p = NaN, df = NaN) => chiSquaredQuantile(p, df))],
  ['χ² quantile', () => worst(tables.chi2_lower_quantile, (p = NaN, df = NaN) => chiSquaredLowerQuantile(p, df))],
  [
    'F, both tails',
    () =>
      worst(
        tables.f_upper,
        (x = NaN, d1 = NaN, d2 = NaN) => fUpper(x, d1, d2),
        (x = NaN, d1 = NaN, d2 = NaN) => fUpper(1 / x, d2, d1),
      ),
  ],
  ['F critical value', () => worst(tables.f_quantile, (p = NaN, d1 = NaN, d2 = NaN) => fQuantile(p, d1, d2))],
  [
    'beta, both tails',
    () =>
      worst(
        tables.beta,
        (x = NaN, a = NaN, b = NaN) => betaLower(x, a, b),
        (x = NaN, a = NaN, b = NaN) => betaUpper(x, a, b),
      ),
  ],
  ['beta quantile', () => worst(tables.beta_quantile, (p = NaN, a = NaN, b = NaN) => betaQuantile(p, a, b))],
  [
    'binomial: point, both tails',
    () =>
      worst(
        tables.binomial,
        (k = NaN, n = NaN, p = NaN) => binomialPoint(k, n, p),
        (k = NaN, n = NaN, p = NaN) => binomialCdf(k, n, p),
        (k = NaN, n = NaN, p = NaN) => binomialUpper(k, n, p),
      ),
  ],
  [
    'binomial quantile',
    () => worst(tables.binomial_quantile, (q = NaN, n = NaN, p = NaN) => binomialQuantile(q, n, p)),
  ],
  [
    'hypergeometric: point, both tails',
    () =>
      worst(
        tables.hypergeometric,
        (k = NaN, total = NaN, marked = NaN, drawn = NaN) => hypergeometricPoint(k, { total, marked, drawn }),
        (k = NaN, total = NaN, marked = NaN, drawn = NaN) => hypergeometricCdf(k, { total, marked, drawn }),
        (k = NaN, total = NaN, marked = NaN, drawn = NaN) => hypergeometricUpper(k, { total, marked, drawn }),
      ),
  ],
  [
    'Fisher’s exact test, margins of a million included',
    () => worst(tables.fisher, (a = NaN, b = NaN, c = NaN, d = NaN) => fisherExact(a, b, c, d)),
  ],
  ['limit of Cramér–von Mises', () => worst(tables.limits.cramer_von_mises, (x = NaN) => cramerVonMisesUpper(x))],
  ['limit of Anderson–Darling', () => worst(tables.limits.anderson_darling, (x = NaN) => andersonDarlingUpper(x))],
];

test.each(laws)('%s agrees to ten digits, far tails included', (_, check) => {
  const { error, where } = check();
  expect(error >= 0 && error < TEN_DIGITS ? 'agrees' : where).toBe('agrees');
});

test('edges: certain, impossible, and no probability at all', () => {
  expect([studentTUpper(Infinity, 3), studentTQuantile(0, 3), studentTQuantile(1, 3)]).toEqual([
    0,
    -Infinity,
    Infinity,
  ]);
  expect([studentTQuantile(0.5, 3), studentTQuantile(-1, 3), betaQuantile(2, 1, 1)]).toEqual([0, NaN, NaN]);
  expect([fUpper(0, 2, 2), fUpper(Infinity, 2, 2), fQuantile(1, 2, 2), fQuantile(0, 2, 2)]).toEqual([
    1,
    0,
    0,
    Infinity,
  ]);
  expect([chiSquaredLowerQuantile(0, 2), chiSquaredLowerQuantile(1, 2)]).toEqual([0, Infinity]);
  expect([binomialUpper(-1, 5, 0.3), binomialUpper(5, 5, 0.3), binomialPoint(6, 5, 0.3)]).toEqual([1, 0, 0]);
  expect(hypergeometricPoint(5, { total: 10, marked: 4, drawn: 6 })).toBe(0);
});

test('quantiles undo tails from 1e-250 to 1 − 1e-9', () => {
  for (const p of [1e-250, 1e-100, 1e-9, 0.01, 0.3, 0.8, 1 - 1e-9]) {
    expect(chiSquaredUpper(chiSquaredQuantile(p, 7), 7) / p).toBeCloseTo(1, 10);
    expect(fUpper(fQuantile(p, 3, 11), 3, 11) / p).toBeCloseTo(1, 10);
    expect(studentTUpper(-studentTQuantile(p, 4), 4) / p).toBeCloseTo(1, 10);
    expect(normalCdf(normalQuantile(p)) / p).toBeCloseTo(1, 10);
  }
});

test('a root is found to machine precision at any scale, and is 0 or ∞ where there is none', () => {
  expect(fallingRoot((x) => 1e-300 / x, 1)).toBe(1e-300);
  expect(fallingRoot((x) => 1e300 / x, 1) / 1e300).toBeCloseTo(1, 14);
  expect(fallingRoot(() => 0, 1)).toBe(0);
  expect(fallingRoot(() => 2, 1)).toBe(Infinity);
});
