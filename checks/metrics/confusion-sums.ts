import { mean } from 'simple-statistics';
import type { Sums } from './metric.ts';
import { decisionOf } from './per-row.ts';
import type { ScoredRows } from './scored-rows.ts';

/**
 * Metrics of the confusion matrix: one sum a cell (truth × decision). `every class` averages over the classes that occur in
 * truth or decisions, as scikit-learn's macro averages do.
 */
export function confusionSums(
  rows: ScoredRows,
  of: 'positive class' | 'every class',
  ofClass: (truePositives: number, falsePositives: number, falseNegatives: number) => number | undefined,
): Sums {
  const classes = rows.task === 'multiclass' ? rows.classes : 2;
  const cells = Uint32Array.from(
    { length: rows.rows },
    (_, row) => (rows.truth[row] ?? 0) * classes + decisionOf(rows, row),
  );
  const valueOfClass = (sums: Float64Array, k: number) => {
    const right = sums[k * classes + k] ?? 0;
    let [asOther, fromOther] = [0, 0];
    for (let other = 0; other < classes; other++) {
      if (other === k) continue;
      asOther += sums[k * classes + other] ?? 0;
      fromOther += sums[other * classes + k] ?? 0;
    }
    return right + asOther + fromOther === 0 && of === 'every class' ? undefined : ofClass(right, fromOther, asOther);
  };
  return {
    width: classes * classes,
    add: (row, weight, sums) => {
      const cell = cells[row] ?? 0;
      sums[cell] = (sums[cell] ?? 0) + weight;
    },
    value: (sums) => {
      if (of === 'positive class') return valueOfClass(sums, 1);
      const values = Array.from({ length: classes }, (_, k) => valueOfClass(sums, k)).filter(
        (value) => value !== undefined,
      );
      return values.length === 0 ? undefined : mean(values);
    },
  };
}
