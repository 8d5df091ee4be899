import type { ScoredRows } from './scored-rows.ts';

/** Scores are clipped to [ε, 1 − ε] before the logarithm; ε = 2⁻⁵² as scikit-learn does for 64-bit floats. */
const EPSILON = Number.EPSILON;

/** −ln of the probability given to the true class. Source: scikit-learn log_loss. */
export function logLosses(rows: ScoredRows): Float64Array {
  return perRow(rows, (row) => {
    if (rows.task === 'regression') return NaN;
    const given =
      rows.task === 'binary'
        ? (rows.scores[row] ?? NaN)
        : (rows.scores[row * rows.classes + (rows.truth[row] ?? 0)] ?? NaN);
    const clipped = Math.min(1 - EPSILON, Math.max(EPSILON, given));
    return rows.task === 'binary' && rows.truth[row] === 0 ? -Math.log1p(-clipped) : -Math.log(clipped);
  });
}

/** 1 where the decision is right. */
export function hits(rows: ScoredRows): Float64Array {
  return perRow(rows, (row) => (decisionOf(rows, row) === rows.truth[row] ? 1 : 0));
}

/** 1 where fewer than `top` classes score higher than the true one; of equal scores the later class is ahead, as in scikit-learn. */
export function topHits(rows: ScoredRows, top: number): Float64Array {
  return perRow(rows, (row) => {
    if (rows.task !== 'multiclass') return NaN;
    const truth = rows.truth[row] ?? 0;
    const own = rows.scores[row * rows.classes + truth] ?? NaN;
    let ahead = 0;
    for (let k = 0; k < rows.classes; k++) {
      const score = rows.scores[row * rows.classes + k] ?? NaN;
      if (score > own || (score === own && k > truth)) ahead++;
    }
    return ahead < top ? 1 : 0;
  });
}

/** Squared distance of the probability from 0 or 1. Source: Brier (1950). */
export function squaredProbabilityErrors(rows: ScoredRows): Float64Array {
  return perRow(rows, (row) => ((rows.scores[row] ?? NaN) - (rows.truth[row] ?? NaN)) ** 2);
}

export function absoluteErrors(rows: ScoredRows): Float64Array {
  return perRow(rows, (row) => Math.abs((rows.scores[row] ?? NaN) - (rows.truth[row] ?? NaN)));
}

export function squaredErrors(rows: ScoredRows): Float64Array {
  return perRow(rows, (row) => ((rows.scores[row] ?? NaN) - (rows.truth[row] ?? NaN)) ** 2);
}

/** The absolute error over the label's size; not a number where the label is 0. */
export function relativeErrors(rows: ScoredRows): Float64Array {
  return perRow(rows, (row) => {
    const truth = rows.truth[row] ?? NaN;
    return truth === 0 ? NaN : Math.abs(((rows.scores[row] ?? NaN) - truth) / truth);
  });
}

/** The class that a classifier's score amounts to. */
export function decisionOf(rows: ScoredRows, row: number): number {
  if (rows.task === 'multiclass') return rows.decisions[row] ?? 0;
  if (rows.task === 'regression') return NaN;
  return (rows.scores[row] ?? NaN) >= rows.threshold ? 1 : 0;
}

function perRow(rows: ScoredRows, of: (row: number) => number): Float64Array {
  const values = new Float64Array(rows.rows);
  for (let row = 0; row < values.length; row++) values[row] = of(row);
  return values;
}
