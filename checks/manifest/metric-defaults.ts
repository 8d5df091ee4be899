/** What decides when a manifest leaves it out (docs/manifest.md); the only place where these numbers are written. */
export type Task = 'binary' | 'multiclass' | 'regression';

/** A margin in the metric's own unit, or as a share of the baseline's value. */
export type Margin =
  | { readonly kind: 'absolute'; readonly value: number }
  | { readonly kind: 'relative'; readonly value: number };

interface MetricFacts {
  /** Whose answers it can measure. */
  readonly tasks: readonly Task[];
  /** How much worse than the baseline is still fine. */
  readonly margin: Margin;
}

const BINARY: readonly Task[] = ['binary'];
const CLASSES: readonly Task[] = ['binary', 'multiclass'];
const MULTICLASS: readonly Task[] = ['multiclass'];
const VALUES: readonly Task[] = ['regression'];

/** Every metric: whose it is, and its default margin. How it is computed stands in checks/metrics/metrics.ts. */
export const metricFacts = {
  roc_auc: { tasks: BINARY, margin: absolute(0.005) },
  average_precision: { tasks: BINARY, margin: absolute(0.01) },
  log_loss: { tasks: CLASSES, margin: absolute(0.01) },
  brier: { tasks: BINARY, margin: absolute(0.005) },
  accuracy: { tasks: CLASSES, margin: absolute(0.01) },
  balanced_accuracy: { tasks: CLASSES, margin: absolute(0.01) },
  precision: { tasks: BINARY, margin: absolute(0.01) },
  recall: { tasks: BINARY, margin: absolute(0.01) },
  specificity: { tasks: BINARY, margin: absolute(0.01) },
  f1: { tasks: BINARY, margin: absolute(0.01) },
  matthews_correlation: { tasks: CLASSES, margin: absolute(0.01) },
  macro_roc_auc: { tasks: MULTICLASS, margin: absolute(0.005) },
  macro_f1: { tasks: CLASSES, margin: absolute(0.01) },
  macro_precision: { tasks: CLASSES, margin: absolute(0.01) },
  macro_recall: { tasks: CLASSES, margin: absolute(0.01) },
  weighted_f1: { tasks: CLASSES, margin: absolute(0.01) },
  weighted_precision: { tasks: CLASSES, margin: absolute(0.01) },
  weighted_recall: { tasks: CLASSES, margin: absolute(0.01) },
  micro_f1: { tasks: CLASSES, margin: absolute(0.01) },
  micro_precision: { tasks: CLASSES, margin: absolute(0.01) },
  micro_recall: { tasks: CLASSES, margin: absolute(0.01) },
  top_2_accuracy: { tasks: MULTICLASS, margin: absolute(0.01) },
  top_3_accuracy: { tasks: MULTICLASS, margin: absolute(0.01) },
  top_5_accuracy: { tasks: MULTICLASS, margin: absolute(0.01) },
  mae: { tasks: VALUES, margin: relative(0.02) },
  median_absolute_error: { tasks: VALUES, margin: relative(0.02) },
  mape: { tasks: VALUES, margin: relative(0.02) },
  mse: { tasks: VALUES, margin: relative(0.04) },
  rmse: { tasks: VALUES, margin: relative(0.02) },
  r2: { tasks: VALUES, margin: absolute(0.01) },
} as const satisfies Record<string, MetricFacts>;

export const defaultMetrics = {
  binary: ['roc_auc', 'log_loss'],
  multiclass: ['macro_f1', 'log_loss'],
  regression: ['mae', 'rmse'],
} as const satisfies Record<Task, readonly (keyof typeof metricFacts)[]>;

/** A cohort has fewer rows than the whole, so its margin is wider unless the manifest says otherwise. */
export const cohortMarginFactor = 4;

/** Whose answers a metric can measure; nobody's for a name that is none. */
export function tasksOf(metric: string): readonly Task[] {
  const facts: Readonly<Record<string, MetricFacts>> = metricFacts;
  return facts[metric]?.tasks ?? [];
}

function absolute(value: number): Margin {
  return { kind: 'absolute', value };
}

function relative(value: number): Margin {
  return { kind: 'relative', value };
}
