import { improvementOf } from '../metrics/metrics.ts';
import type { Compared } from '../metrics/compare-metric.ts';
import type { Measured } from '../report/report.ts';
import type { Interval } from '../stats/interval.ts';

/** Only the bad side counts: not worse than the baseline by more than the margin is what is asked. P-values never decide. */
export interface NonInferiority {
  readonly verdict: 'pass' | 'fail' | 'inconclusive';
  /** Positive is better, whatever the metric's direction. */
  readonly improvement: number;
  readonly interval: Interval;
  readonly margin: number;
  /** When undecided: about how many rows like these would decide, if the estimate stayed; null when no number would. */
  readonly rowsThatWouldDecide?: number | null;
}

/**
 * Pass: the interval of the improvement lies above −margin. Fail: it lies below. Else nobody can say. A candidate that answers
 * exactly as the baseline does passes even at a margin of 0.
 */
export function nonInferiority(compared: Compared, margin: number, raw: Interval = compared.interval): NonInferiority {
  const improvement = improvementOf(compared.metric, compared.candidate, compared.baseline);
  const interval = improvementInterval(compared, raw);
  const judged = { improvement, interval, margin };
  const same = interval.lower === 0 && interval.upper === 0;
  if (same || interval.lower > -margin) return { verdict: 'pass', ...judged };
  if (interval.upper < -margin) return { verdict: 'fail', ...judged };
  return {
    verdict: 'inconclusive',
    ...judged,
    rowsThatWouldDecide: rowsThatWouldDecide(improvement, interval, margin, compared.n),
  };
}

/** An interval of candidate minus baseline, turned so that positive is better. */
export function improvementInterval(compared: Compared, { lower, upper }: Interval): Interval {
  return improvementOf(compared.metric, 1, 0) > 0 ? { lower, upper } : { lower: -upper, upper: -lower };
}

/** An interval shrinks with the root of the rows: it decides when its half towards the margin is shorter than the distance to it. */
export function rowsThatWouldDecide(estimate: number, interval: Interval, margin: number, rows: number): number | null {
  const distance = Math.abs(estimate + margin);
  const half = estimate > -margin ? estimate - interval.lower : interval.upper - estimate;
  const needed = Math.ceil(rows * (half / distance) ** 2) + 1;
  return Number.isSafeInteger(needed) ? needed : null;
}

/** Every number the verdict rests on, as the report's contract names them; differences are candidate minus baseline. */
export function measuredOf(compared: Compared, judged: NonInferiority, raw: Interval = compared.interval): Measured {
  return {
    metric: compared.metric,
    candidate: compared.candidate,
    baseline: compared.baseline,
    difference: compared.difference,
    interval: [raw.lower, raw.upper],
    margin: judged.margin,
    pValue: compared.pValue,
    standardError: compared.standardError,
    n: compared.n,
    method: compared.method,
    ...(judged.rowsThatWouldDecide === undefined ? {} : { rowsThatWouldDecide: judged.rowsThatWouldDecide }),
  };
}
