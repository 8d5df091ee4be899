import type { Sums } from './metric.ts';
import type { ScoredRows } from './scored-rows.ts';

/**
 * Metrics of squared errors: sums of 1, e², y and y², the labels counted from their mean so that their squares do not cancel.
 * r2 = 1 − Σe² / Σ(y − ȳ)², undefined for a constant label.
 */
export function residualSums(rows: ScoredRows, metric: 'rmse' | 'r2'): Sums {
  const errors = Float64Array.from(
    { length: rows.rows },
    (_, row) => (rows.scores[row] ?? NaN) - (rows.truth[row] ?? NaN),
  );
  let total = 0;
  for (let row = 0; row < rows.rows; row++) total += rows.truth[row] ?? NaN;
  const centre = total / rows.rows;
  return {
    width: 4,
    add: (row, weight, sums) => {
      const error = errors[row] ?? NaN;
      const label = (rows.truth[row] ?? NaN) - centre;
      sums[0] = (sums[0] ?? 0) + weight;
      sums[1] = (sums[1] ?? 0) + weight * error * error;
      sums[2] = (sums[2] ?? 0) + weight * label;
      sums[3] = (sums[3] ?? 0) + weight * label * label;
    },
    value: ([count = 0, squares = 0, labels = 0, labelSquares = 0]) => {
      if (count === 0) return undefined;
      if (metric === 'rmse') return Math.sqrt(squares / count);
      const spread = labelSquares - (labels * labels) / count;
      return spread <= 0 ? undefined : 1 - squares / spread;
    },
  };
}
