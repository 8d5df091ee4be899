import type { MetricName, MetricRule } from '../manifest/manifest.ts';
import { cohortMarginFactor, metricFacts } from '../manifest/metric-defaults.ts';
import {
  balancedAccuracy,
  confusionSums,
  macroAverage,
  matthewsCorrelation,
  microAverage,
  ofPositiveClass,
  weightedAverage,
  type ClassCounts,
  type OfClasses,
} from './confusion-sums.ts';
import type { MetricComputation } from './metric.ts';
import {
  absoluteErrors,
  hits,
  logLosses,
  relativeErrors,
  squaredErrors,
  squaredProbabilityErrors,
  topHits,
} from './per-row.ts';
import { residualSums } from './residual-sums.ts';
import type { ScoredRows } from './scored-rows.ts';
import { averagePrecision, macroRocAuc, medianAbsoluteError, type WeightedValue } from './weighted-orders.ts';

const precision = ({ truePositives: tp, falsePositives: fp }: ClassCounts) => ratio(tp, tp + fp);
const recall = ({ truePositives: tp, falseNegatives: fn }: ClassCounts) => ratio(tp, tp + fn);
const specificity = ({ trueNegatives: tn, falsePositives: fp }: ClassCounts) => ratio(tn, tn + fp);
const f1 = ({ truePositives: tp, falsePositives: fp, falseNegatives: fn }: ClassCounts) =>
  ratio(2 * tp, 2 * tp + fp + fn);

/** How every metric is computed. Whose it is, and its margin, are the manifest's contract and stand in checks/manifest/metric-defaults.ts. */
export const metrics: Readonly<Record<MetricName, MetricComputation>> = {
  roc_auc: { kind: 'ranks', direction: 'higher' },
  average_precision: resampled('higher', averagePrecision),
  log_loss: { kind: 'mean', direction: 'lower', needsProbabilities: true, perRow: logLosses },
  brier: { kind: 'mean', direction: 'lower', needsProbabilities: true, perRow: squaredProbabilityErrors },
  accuracy: { kind: 'mean', direction: 'higher', perRow: hits },
  balanced_accuracy: ofConfusion(balancedAccuracy),
  precision: ofConfusion(ofPositiveClass(precision)),
  recall: ofConfusion(ofPositiveClass(recall)),
  specificity: ofConfusion(ofPositiveClass(specificity)),
  f1: ofConfusion(ofPositiveClass(f1)),
  matthews_correlation: ofConfusion(matthewsCorrelation),
  macro_roc_auc: resampled('higher', macroRocAuc),
  macro_f1: ofConfusion(macroAverage(f1)),
  macro_precision: ofConfusion(macroAverage(precision)),
  macro_recall: ofConfusion(macroAverage(recall)),
  weighted_f1: ofConfusion(weightedAverage(f1)),
  weighted_precision: ofConfusion(weightedAverage(precision)),
  weighted_recall: ofConfusion(weightedAverage(recall)),
  micro_f1: ofConfusion(microAverage(f1)),
  micro_precision: ofConfusion(microAverage(precision)),
  micro_recall: ofConfusion(microAverage(recall)),
  top_2_accuracy: { kind: 'mean', direction: 'higher', perRow: (rows) => topHits(rows, 2) },
  top_3_accuracy: { kind: 'mean', direction: 'higher', perRow: (rows) => topHits(rows, 3) },
  top_5_accuracy: { kind: 'mean', direction: 'higher', perRow: (rows) => topHits(rows, 5) },
  mae: { kind: 'mean', direction: 'lower', perRow: absoluteErrors },
  median_absolute_error: resampled('lower', medianAbsoluteError),
  mape: { kind: 'mean', direction: 'lower', perRow: relativeErrors },
  mse: { kind: 'mean', direction: 'lower', perRow: squaredErrors },
  rmse: { kind: 'sums', direction: 'lower', over: (rows) => residualSums(rows, 'rmse') },
  r2: { kind: 'sums', direction: 'higher', over: (rows) => residualSums(rows, 'r2') },
};

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
  const standard = metricFacts[name].margin;
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

function ofConfusion(valueOf: OfClasses): MetricComputation {
  return { kind: 'sums', direction: 'higher', over: (rows) => confusionSums(rows, valueOf) };
}

function resampled(
  direction: MetricComputation['direction'],
  over: (rows: ScoredRows) => WeightedValue,
): MetricComputation {
  return { kind: 'resampled', direction, over };
}

/** Undefined where nothing is there to take a share of. */
function ratio(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : part / whole;
}
