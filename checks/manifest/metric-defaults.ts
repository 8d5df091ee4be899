import type { Manifest, MetricName, MetricRule } from './manifest.ts';

/** What decides when a manifest leaves it out (docs/manifest.md); the only place where these numbers are written. */
export type Task = 'binary' | 'multiclass' | 'regression';

export const defaultMetrics = {
  binary: ['roc_auc', 'log_loss'],
  multiclass: ['macro_f1', 'log_loss'],
  regression: ['mae', 'rmse'],
} as const satisfies Record<Task, readonly MetricName[]>;

/** A margin in the metric's own unit, or as a share of the baseline's value. */
export type Margin =
  | { readonly kind: 'absolute'; readonly value: number }
  | { readonly kind: 'share'; readonly value: number };

export const defaultMargins = {
  roc_auc: { kind: 'absolute', value: 0.005 },
  log_loss: { kind: 'absolute', value: 0.01 },
  accuracy: { kind: 'absolute', value: 0.01 },
  precision: { kind: 'absolute', value: 0.01 },
  recall: { kind: 'absolute', value: 0.01 },
  f1: { kind: 'absolute', value: 0.01 },
  brier: { kind: 'absolute', value: 0.005 },
  macro_f1: { kind: 'absolute', value: 0.01 },
  macro_precision: { kind: 'absolute', value: 0.01 },
  macro_recall: { kind: 'absolute', value: 0.01 },
  top_3_accuracy: { kind: 'absolute', value: 0.01 },
  mae: { kind: 'share', value: 0.02 },
  rmse: { kind: 'share', value: 0.02 },
  r2: { kind: 'absolute', value: 0.01 },
} as const satisfies Record<MetricName, Margin>;

/** A cohort has fewer rows than the whole, so its margin is wider unless the manifest says otherwise. */
export const cohortMarginFactor = 4;

/** The rules that judge a model of this task: the manifest's own, else the task's default metrics. */
export function metricRulesOf(manifest: Manifest, task: Task): readonly MetricRule[] {
  if (manifest.evaluation.metrics.length > 0) return manifest.evaluation.metrics;
  return defaultMetrics[task].map((name) => ({ name }));
}

/** How much worse than the baseline is still fine, in the metric's unit, at the baseline's value of the metric. */
export function marginOf(rule: MetricRule, baselineValue: number): number {
  return Math.min(
    rule.margin ?? Number.POSITIVE_INFINITY,
    shareOf(rule.margin, rule.marginShare, rule.name) * Math.abs(baselineValue),
    defaultAbsolute(rule),
  );
}

/** The same in each cohort. */
export function cohortMarginOf(rule: MetricRule, baselineValue: number): number {
  const share = rule.cohortMarginShare ?? Number.POSITIVE_INFINITY;
  const stated = Math.min(rule.cohortMargin ?? Number.POSITIVE_INFINITY, share * Math.abs(baselineValue));
  return Number.isFinite(stated) ? stated : cohortMarginFactor * marginOf(rule, baselineValue);
}

function shareOf(margin: number | undefined, marginShare: number | undefined, name: MetricName): number {
  if (marginShare !== undefined) return marginShare;
  const byDefault = defaultMargins[name];
  return margin === undefined && byDefault.kind === 'share' ? byDefault.value : Number.POSITIVE_INFINITY;
}

function defaultAbsolute(rule: MetricRule): number {
  const byDefault = defaultMargins[rule.name];
  const isStated = rule.margin !== undefined || rule.marginShare !== undefined;
  return !isStated && byDefault.kind === 'absolute' ? byDefault.value : Number.POSITIVE_INFINITY;
}
