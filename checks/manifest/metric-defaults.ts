import type { MetricName } from './manifest.ts';

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
  | { readonly kind: 'relative'; readonly value: number };

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
  mae: { kind: 'relative', value: 0.02 },
  rmse: { kind: 'relative', value: 0.02 },
  r2: { kind: 'absolute', value: 0.01 },
} as const satisfies Record<MetricName, Margin>;

/** A cohort has fewer rows than the whole, so its margin is wider unless the manifest says otherwise. */
export const cohortMarginFactor = 4;
