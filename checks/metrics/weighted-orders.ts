import { ascendingOrder } from '../stats/ascending-order.ts';
import type { ScoredRows } from './scored-rows.ts';

/** A metric of rows that may each count several times, or not at all: what a resample needs. */
export type WeightedValue = (times?: ArrayLike<number>) => number | undefined;

/**
 * Average precision: the precision at each rise of recall, weighed by the rise. Rows of equal score are one step.
 *
 * Definition: Σ (Rₙ − Rₙ₋₁) Pₙ. Reference: scikit-learn average_precision_score. Complexity: O(n log n) once, then O(n) a resample.
 */
export function averagePrecision(rows: ScoredRows): WeightedValue {
  const { scores, truth } = rows;
  const order = ascendingOrder(scores).toReversed();
  return (times) => {
    let [positives, found, taken, sum] = [0, 0, 0, 0];
    for (let row = 0; row < rows.rows; row++) if (truth[row] === 1) positives += times?.[row] ?? 1;
    if (positives === 0) return undefined;
    for (let at = 0; at < order.length; ) {
      const score = scores[order[at] ?? 0];
      let risen = 0;
      for (; at < order.length && scores[order[at] ?? 0] === score; at++) {
        const row = order[at] ?? 0;
        const weight = times?.[row] ?? 1;
        taken += weight;
        if (truth[row] === 1) risen += weight;
      }
      found += risen;
      if (risen > 0) sum += (risen / positives) * (found / taken);
    }
    return sum;
  };
}

/**
 * The mean over classes of the area under the curve of that class against all others. Undefined where a class of the model never occurs, or is all
 * there is, as in scikit-learn (`multi_class='ovr', average='macro'`). Complexity: O(k n log n) once, then O(k n) a resample.
 */
export function macroRocAuc(rows: ScoredRows): WeightedValue {
  if (rows.task !== 'multiclass') return () => undefined;
  const { classes, truth } = rows;
  const columns = Array.from({ length: classes }, (_, k) => {
    const scores = Float64Array.from({ length: rows.rows }, (__, row) => rows.scores[row * classes + k] ?? NaN);
    return { scores, order: ascendingOrder(scores) };
  });
  return (times) => {
    let sum = 0;
    for (const [k, { scores, order }] of columns.entries()) {
      const area = weightedArea(scores, order, (row) => truth[row] === k, times);
      if (area === undefined) return undefined;
      sum += area;
    }
    return sum / classes;
  };
}

function weightedArea(
  scores: Float64Array,
  ascending: ArrayLike<number>,
  isPositive: (row: number) => boolean,
  times: ArrayLike<number> | undefined,
): number | undefined {
  let [below, positives, negatives, pairs] = [0, 0, 0, 0];
  for (let at = 0; at < ascending.length; ) {
    const score = scores[ascending[at] ?? 0];
    let [up, down] = [0, 0];
    for (; at < ascending.length && scores[ascending[at] ?? 0] === score; at++) {
      const row = ascending[at] ?? 0;
      if (isPositive(row)) up += times?.[row] ?? 1;
      else down += times?.[row] ?? 1;
    }
    pairs += up * (below + down / 2);
    below += down;
    positives += up;
    negatives += down;
  }
  return positives === 0 || negatives === 0 ? undefined : pairs / (positives * negatives);
}

/** The middle absolute error; between two, their mean. As scikit-learn's median_absolute_error. */
export function medianAbsoluteError(rows: ScoredRows): WeightedValue {
  const errors = Float64Array.from({ length: rows.rows }, (_, row) =>
    Math.abs((rows.scores[row] ?? NaN) - (rows.truth[row] ?? NaN)),
  );
  const order = ascendingOrder(errors);
  return (times) => {
    const total = times === undefined ? rows.rows : sumOf(times, rows.rows);
    if (total === 0) return undefined;
    const [low, high] = [Math.floor((total - 1) / 2), Math.floor(total / 2)];
    let seen = 0;
    let lower: number | undefined;
    for (const row of order) {
      seen += times?.[row] ?? 1;
      if (lower === undefined && seen > low) lower = errors[row];
      if (seen > high) return ((lower ?? NaN) + (errors[row] ?? NaN)) / 2;
    }
    return undefined;
  };
}

function sumOf(values: ArrayLike<number>, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += values[i] ?? 0;
  return sum;
}
