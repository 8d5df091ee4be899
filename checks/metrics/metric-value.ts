import type { Answers, Labels } from '../evidence/evidence.ts';
import type { MetricName } from '../manifest/manifest.ts';
import { tasksOf } from '../manifest/metric-defaults.ts';
import { rocAuc } from '../stats/roc-auc.ts';
import type { MetricComputation, Sums } from './metric.ts';
import { metrics } from './metrics.ts';
import { labelledRows, type ScoredRows, scoredRows } from './scored-rows.ts';

/** `n` is how many rows with a known label the value rests on. */
export type MetricValue =
  | { readonly kind: 'value'; readonly value: number; readonly n: number }
  | { readonly kind: 'undefined'; readonly reason: string; readonly n: number };

/**
 * A metric of answers against labels, on all rows or those in `rows`; rows whose label is missing are left out. Equal to
 * scikit-learn's, except that what scikit-learn calls 0 with a warning (a precision of no positives) is undefined here, with
 * the reason.
 */
export function metricValue(name: MetricName, answers: Answers, labels: Labels, rows?: Uint32Array): MetricValue {
  const labelled = labelledRows(labels);
  const wanted = rows === undefined ? undefined : new Set(rows);
  const used = wanted === undefined ? labelled : labelled.filter((row) => wanted.has(row));
  const scored = scoredRows(answers, labels, used);
  if (scored.kind === 'undefined') return { ...scored, n: used.length };
  return metricOfRows(name, scored.rows);
}

/** The same on rows that are already joined with their labels. */
export function metricOfRows(name: MetricName, rows: ScoredRows): MetricValue {
  const n = rows.rows;
  const problem = obstacle(name, rows);
  if (problem !== undefined) return { kind: 'undefined', reason: problem, n };
  const value = compute(metrics[name], rows);
  return value === undefined
    ? { kind: 'undefined', reason: `${name} is not defined on these ${n} rows: ${whyUndefined(name, rows)}`, n }
    : { kind: 'value', value, n };
}

/** Why a metric cannot be asked of these rows at all. */
export function obstacle(name: MetricName, rows: ScoredRows): string | undefined {
  if (rows.rows === 0) return `${name} of no rows`;
  const tasks = tasksOf(name);
  if (!tasks.includes(rows.task)) {
    return `${name} is a metric of ${tasks.join(' or ')} models, and the task is ${rows.task}`;
  }
  if (name === 'mape' && rows.task === 'regression' && rows.truth.includes(0)) {
    return 'mape divides by the label, and in some rows it is 0';
  }
  if (metrics[name].needsProbabilities === true && rows.task !== 'regression' && !rows.probabilities) {
    return `${name} needs probabilities, and the scores do not all lie within [0, 1]`;
  }
  return undefined;
}

function compute(metric: MetricComputation, rows: ScoredRows): number | undefined {
  switch (metric.kind) {
    case 'mean':
      return metric.perRow(rows).reduce((sum, each) => sum + each, 0) / rows.rows;
    case 'sums':
      return valueOfSums(metric.over(rows), rows.rows);
    case 'ranks':
      return rocAuc(rows.scores, rows.truth);
    case 'resampled':
      return metric.over(rows)();
  }
}

function valueOfSums(sums: Sums, rows: number): number | undefined {
  const totals = new Float64Array(sums.width);
  for (let row = 0; row < rows; row++) sums.add(row, 1, totals);
  return sums.value(totals);
}

function whyUndefined(name: MetricName, rows: ScoredRows): string {
  if (rows.task === 'regression') return 'the label is the same in every row';
  if (name === 'macro_roc_auc') return 'a class never occurs, or is all there is, and it compares each with the others';
  if (name === 'roc_auc') return 'every row has the same label, and it compares two';
  return 'the positive class is neither found nor there';
}
