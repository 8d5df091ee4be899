import { describe, expect, it } from 'vitest';
import type { Compared } from '../metrics/compare-metric.ts';
import { normalQuantile } from '../stats/normal-quantile.ts';
import { judgeCohort } from './judge-cohort.ts';

/** A comparison of areas whose estimate is normal with this standard error. */
function compared(difference: number, standardError: number, n = 400): Compared {
  const intervalAt = (alpha: number) => {
    const half = -normalQuantile(alpha / 2) * standardError;
    return { lower: difference - half, upper: difference + half };
  };
  return {
    metric: 'roc_auc',
    candidate: 0.8 + difference,
    baseline: 0.8,
    difference,
    interval: intervalAt(0.05),
    intervalAt,
    standardError,
    pValue: 1,
    n,
    method: 'made up',
  };
}
const cohort = (intersection = false) => ({
  key: 'sex=F',
  name: 'sex = F',
  columns: ['sex'],
  intersection,
  rows: new Uint32Array(0),
});
const judged = (
  difference: number,
  error: number,
  { n = 400, rarer = 100, intersection = false, undecided = 'list' as 'list' | 'block' } = {},
) =>
  judgeCohort({
    cohort: cohort(intersection),
    compared: compared(difference, error, n),
    family: 10,
    margin: 0.02,
    rarer,
    undecided,
  });
const verdictOf = (...given: Parameters<typeof judged>) => {
  const { verdict, severity } = judged(...given);
  return `${verdict} ${severity}`;
};

describe('a cohort', () => {
  // The joint interval of ten has z 2.807, the own one 1.960, the 80 % one jointly 2.326.
  it.each([
    ['whose joint interval lies wholly beyond the margin fails', [-0.06, 0.01], 'fail blocking'],
    ['whose own interval lies inside passes', [-0.001, 0.009], 'pass blocking'],
    [
      'whose own interval lies beyond, but not the joint one, is undecided, and believed to be worse: blocks',
      [-0.045, 0.01],
      'inconclusive blocking',
    ],
    ['of fewer than 100 rows is listed', [-0.045, 0.01, { n: 99 }], 'inconclusive advisory'],
    ['with fewer than 20 of the rarer class is listed', [-0.045, 0.01, { rarer: 19 }], 'inconclusive advisory'],
    ['whose estimate lies inside the margin is listed', [-0.019, 0.005], 'inconclusive advisory'],
    ['whose 80 % interval, jointly, reaches 0 is listed', [-0.023, 0.01], 'inconclusive advisory'],
    ['that is an intersection blocks only by failing', [-0.045, 0.01, { intersection: true }], 'inconclusive advisory'],
    ['that is an intersection does block by failing', [-0.06, 0.01, { intersection: true }], 'fail blocking'],
    [
      'that is undecided blocks under the strict policy',
      [-0.001, 0.05, { undecided: 'block' }],
      'inconclusive blocking',
    ],
  ] as const)('%s', (_, given, expected) => {
    const [difference, error, more] = given;
    expect(verdictOf(difference, error, more)).toBe(expected);
  });

  it.each([
    // Inside the margin: it would pass once 1.960 standard errors fit into the 0.01 that are left.
    [-0.01, 0.01, Math.ceil(400 * 1.959964 ** 2) + 1],
    // Beyond it: it would fail once 2.807 standard errors fit into the 0.015 beyond.
    [-0.035, 0.01, Math.ceil(400 * (2.807034 * (0.01 / 0.015)) ** 2) + 1],
  ])('that is undecided at %d says how many rows would decide', (difference, error, rows) => {
    const { measured, next } = judged(difference, error);
    expect(Math.abs(Number(measured['rowsThatWouldDecide']) - rows)).toBeLessThanOrEqual(1);
    expect(next).toMatch(/^Evaluate on about [\d,]+ rows of sex = F; these are 400\.$/);
  });
});
