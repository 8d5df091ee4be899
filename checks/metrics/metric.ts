import type { MetricName } from '../manifest/manifest.ts';
import type { ScoredRows } from './scored-rows.ts';

export type Task = ScoredRows['task'];

/** What is always said of a metric, and one of three ways to compute it, which decides how it is compared. */
export type Metric = MetricFacts & (MeanMetric | SumMetric | RankMetric);

interface MetricFacts {
  readonly name: MetricName;
  readonly direction: 'higher' | 'lower';
  readonly tasks: readonly Task[];
  /** Only probabilities make sense of it. */
  readonly needsProbabilities?: boolean;
}

/** The mean of one number a row. */
interface MeanMetric {
  readonly kind: 'mean';
  perRow(rows: ScoredRows): Float64Array;
}

/** A smooth function of sums over rows. */
export interface SumMetric {
  readonly kind: 'sums';
  over(rows: ScoredRows): Sums;
}
export interface Sums {
  /** How many sums there are. */
  readonly width: number;
  /** Adds `weight` times what a row contributes. */
  add(row: number, weight: number, sums: Float64Array): void;
  /** Undefined where a denominator is 0. */
  value(sums: Float64Array): number | undefined;
}

/** The area under the ROC curve: a function of ranks. */
interface RankMetric {
  readonly kind: 'ranks';
}
