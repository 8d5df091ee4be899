import type { ScoredRows } from './scored-rows.ts';
import type { WeightedValue } from './weighted-orders.ts';

export type Task = ScoredRows['task'];

/** Which way is better, and one of four ways to compute a metric, which decides how it is compared. */
export type MetricComputation = MetricFacts & (MeanMetric | SumMetric | RankMetric | ResampledMetric);

interface MetricFacts {
  readonly direction: 'higher' | 'lower';
  /** Only probabilities make sense of it. */
  readonly needsProbabilities?: boolean;
}

/** The mean of one number a row. */
interface MeanMetric {
  readonly kind: 'mean';
  perRow(rows: ScoredRows): Float64Array;
}

/** A smooth function of sums over rows. */
interface SumMetric {
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

/** A function of the rows' order that only resampling can give an error to. */
interface ResampledMetric {
  readonly kind: 'resampled';
  over(rows: ScoredRows): WeightedValue;
}
