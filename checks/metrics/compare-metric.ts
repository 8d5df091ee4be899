import type { MetricName } from '../manifest/manifest.ts';
import type { Interval } from '../stats/interval.ts';
import { metricOfRows } from './metric-value.ts';
import { spreadOf } from './metric-spread.ts';
import type { ScoredRows } from './scored-rows.ts';

/** Two models' values of one metric on the same rows. `difference` is candidate minus baseline, whichever direction is better. */
export type Comparison =
  | ({ readonly kind: 'compared' } & Compared)
  | { readonly kind: 'undefined'; readonly reason: string; readonly n: number };

export interface Compared {
  readonly metric: MetricName;
  readonly candidate: number;
  readonly baseline: number;
  readonly difference: number;
  /** At 1 − α, of the difference. */
  readonly interval: Interval;
  /** Interval of the difference at any other α, from the standard error: for intervals that hold jointly. */
  intervalAt(alpha: number): Interval;
  readonly standardError: number;
  /** Two-sided, against no difference. Told, never decides. */
  readonly pValue: number;
  readonly n: number;
  readonly method: string;
}

export interface ComparisonOptions {
  readonly alpha: number;
  /** Dense group number of each row: rows of one key are resampled together. */
  readonly groups?: Int32Array;
  readonly seed: number;
}

/** Compares two models' answers that were joined with the same labels, row by row. */
export function compareMetric(
  name: MetricName,
  candidate: ScoredRows,
  baseline: ScoredRows,
  options: ComparisonOptions,
): Comparison {
  const n = candidate.rows;
  const first = metricOfRows(name, candidate);
  const second = metricOfRows(name, baseline);
  if (first.kind === 'undefined') return { kind: 'undefined', reason: `candidate: ${first.reason}`, n };
  if (second.kind === 'undefined') return { kind: 'undefined', reason: `baseline: ${second.reason}`, n };
  const compared = { kind: 'compared', metric: name, candidate: first.value, baseline: second.value, n } as const;
  const difference = first.value - second.value;
  const spread = spreadOf(name, candidate, baseline, difference, options);
  if (spread.kind === 'undefined') return { ...spread, n };
  return { ...compared, difference, ...spread.value };
}
