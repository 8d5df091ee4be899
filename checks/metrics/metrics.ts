import type { MetricName, MetricRule } from '../manifest/manifest.ts';
import { cohortMarginFactor, defaultMargins } from '../manifest/metric-defaults.ts';
import { confusionSums } from './confusion-sums.ts';
import type { Metric, Task } from './metric.ts';
import { absoluteErrors, hits, logLosses, squaredProbabilityErrors, topHits } from './per-row.ts';
import { residualSums } from './residual-sums.ts';

const classification: readonly Task[] = ['binary', 'multiclass'];

/** Every metric. Margins are the manifest's contract and stand in checks/manifest/metric-defaults.ts. */
export const metrics = {
  roc_auc: { name: 'roc_auc', kind: 'ranks', direction: 'higher', tasks: ['binary'] },
  log_loss: {
    name: 'log_loss',
    kind: 'mean',
    direction: 'lower',
    tasks: classification,
    needsProbabilities: true,
    perRow: logLosses,
  },
  accuracy: {
    name: 'accuracy',
    kind: 'mean',
    direction: 'higher',
    tasks: classification,
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
    perRow: topHits,
  },
  mae: {
    name: 'mae',
    kind: 'mean',
    direction: 'lower',
    tasks: ['regression'],
    perRow: absoluteErrors,
  },
  rmse: {
    name: 'rmse',
    kind: 'sums',
    direction: 'lower',
    tasks: ['regression'],
    over: (rows) => residualSums(rows, 'rmse'),
  },
  r2: {
    name: 'r2',
    kind: 'sums',
    direction: 'higher',
    tasks: ['regression'],
    over: (rows) => residualSums(rows, 'r2'),
  },
} as const satisfies Record<MetricName, Metric>;

/**
 * How much worse than the baseline is still fine, overall and in a cohort: what the rule says (the least of a number and a share
 * of the baseline's value), else the metric's default.
 */
export function marginOf(
  name: MetricName,
  rule: Pick<MetricRule, 'margin' | 'cohortMargin' | 'marginShare' | 'cohortMarginShare'> | undefined,
  baselineValue: number,
): { readonly margin: number; readonly cohortMargin: number } {
  const size = Math.abs(baselineValue);
  const standard = defaultMargins[name];
  const margin =
    leastOf(rule?.margin, rule?.marginShare, size) ??
    (standard.kind === 'absolute' ? standard.value : standard.value * size);
  return {
    margin,
    cohortMargin: leastOf(rule?.cohortMargin, rule?.cohortMarginShare, size) ?? cohortMarginFactor * margin,
  };
}

function leastOf(limit: number | undefined, share: number | undefined, size: number): number | undefined {
  if (limit === undefined) return share === undefined ? undefined : share * size;
  return share === undefined ? limit : Math.min(limit, share * size);
}

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
    over: (rows: Parameters<typeof confusionSums>[0]) =>
      confusionSums(rows, tasks.includes('multiclass') ? 'every class' : 'positive class', ofClass),
  } as const;
}

/** Undefined where nothing is there to take a share of. */
function ratio(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : part / whole;
}
