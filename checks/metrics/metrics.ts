import type { MetricName } from '../manifest/manifest.ts';
import { confusionSums } from './confusion-sums.ts';
import type { Metric, Task } from './metric.ts';
import { absoluteErrors, hits, logLosses, squaredProbabilityErrors, topHits } from './per-row.ts';
import { residualSums } from './residual-sums.ts';

const absolute = (value: number) => ({ kind: 'absolute', value }) as const;
const relative = (value: number) => ({ kind: 'relative', value }) as const;
const classification: readonly Task[] = ['binary', 'multiclass'];

/**
 * Every metric. The default margins of roc_auc, log_loss, macro_f1, mae and rmse are part of the manifest's contract; the others
 * are chosen alike: 0.01 for shares of rows, 0.005 for Brier (a squared error, about half a share's scale), 0.01 for r2.
 */
export const metrics = {
  roc_auc: { name: 'roc_auc', kind: 'ranks', direction: 'higher', tasks: ['binary'], defaultMargin: absolute(0.005) },
  log_loss: {
    name: 'log_loss',
    kind: 'mean',
    direction: 'lower',
    tasks: classification,
    defaultMargin: absolute(0.01),
    needsProbabilities: true,
    perRow: logLosses,
  },
  accuracy: {
    name: 'accuracy',
    kind: 'mean',
    direction: 'higher',
    tasks: classification,
    defaultMargin: absolute(0.01),
    perRow: hits,
  },
  precision: share('precision', ['binary'], (tp, fp) => ratio(tp, tp + fp)),
  recall: share('recall', ['binary'], (tp, _fp, fn) => ratio(tp, tp + fn)),
  f1: share('f1', ['binary'], (tp, fp, fn) => ratio(2 * tp, 2 * tp + fp + fn)),
  brier: {
    name: 'brier',
    kind: 'mean',
    direction: 'lower',
    tasks: ['binary'],
    defaultMargin: absolute(0.005),
    needsProbabilities: true,
    perRow: squaredProbabilityErrors,
  },
  // A class that is never found, or never there, counts as 0 in a macro average, as in scikit-learn.
  macro_f1: share('macro_f1', classification, (tp, fp, fn) => ratio(2 * tp, 2 * tp + fp + fn) ?? 0),
  macro_precision: share('macro_precision', classification, (tp, fp) => ratio(tp, tp + fp) ?? 0),
  macro_recall: share('macro_recall', classification, (tp, _fp, fn) => ratio(tp, tp + fn) ?? 0),
  top_3_accuracy: {
    name: 'top_3_accuracy',
    kind: 'mean',
    direction: 'higher',
    tasks: ['multiclass'],
    defaultMargin: absolute(0.01),
    perRow: topHits,
  },
  mae: {
    name: 'mae',
    kind: 'mean',
    direction: 'lower',
    tasks: ['regression'],
    defaultMargin: relative(0.02),
    perRow: absoluteErrors,
  },
  rmse: {
    name: 'rmse',
    kind: 'sums',
    direction: 'lower',
    tasks: ['regression'],
    defaultMargin: relative(0.02),
    over: (rows) => residualSums(rows, 'rmse'),
  },
  r2: {
    name: 'r2',
    kind: 'sums',
    direction: 'higher',
    tasks: ['regression'],
    defaultMargin: absolute(0.01),
    over: (rows) => residualSums(rows, 'r2'),
  },
} as const satisfies Record<MetricName, Metric>;

/** What is judged when the manifest names no metric. */
export const defaultMetrics = {
  binary: ['roc_auc', 'log_loss'],
  multiclass: ['macro_f1', 'log_loss'],
  regression: ['mae', 'rmse'],
} as const satisfies Record<Task, readonly MetricName[]>;

/** The margin of a rule, or the metric's default: absolute, or a share of the baseline's value. */
export function marginOf(
  name: MetricName,
  rule: { readonly margin?: number; readonly cohortMargin?: number } | undefined,
  baselineValue: number,
): { readonly margin: number; readonly cohortMargin: number } {
  const { defaultMargin } = metrics[name];
  const standard =
    defaultMargin.kind === 'absolute' ? defaultMargin.value : defaultMargin.value * Math.abs(baselineValue);
  const margin = rule?.margin ?? standard;
  return { margin, cohortMargin: rule?.cohortMargin ?? COHORT_FACTOR * margin };
}

/** A cohort is smaller than the whole: what is noise in it may be four times as large. Part of the manifest's contract. */
const COHORT_FACTOR = 4;

/** How much better the first value is than the second; negative when it is worse. */
export function improvementOf(name: MetricName, value: number, baseline: number): number {
  return metrics[name].direction === 'higher' ? value - baseline : baseline - value;
}

type OfClass = (truePositives: number, falsePositives: number, falseNegatives: number) => number | undefined;

function share<Name extends MetricName>(name: Name, tasks: readonly Task[], ofClass: OfClass) {
  return {
    name,
    kind: 'sums',
    direction: 'higher',
    tasks,
    defaultMargin: absolute(0.01),
    over: (rows: Parameters<typeof confusionSums>[0]) =>
      confusionSums(rows, tasks.includes('multiclass') ? 'every class' : 'positive class', ofClass),
  } as const;
}

/** Undefined where nothing is there to take a share of. */
function ratio(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : part / whole;
}
