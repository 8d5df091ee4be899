import type { Interval } from '../../checks/stats/interval.ts';
import { bucketQuantileSequence } from '../../checks/stats/quantile-sequence.ts';
import type { ComputeAt, Counted } from './evidence.ts';
import { type Metric, TUNED_FOR_REQUESTS, round, undecided } from './metric.ts';

/** Medians nearer than this are alike, whatever their ratio: 17 against 28 µs says little. */
const LATENCY_FLOOR_MS = 0.2;

interface LatencyAt {
  readonly rows: number;
  readonly runs: number;
  readonly ratio: Interval;
  readonly differenceMs: Interval;
  readonly candidateMs: Interval;
  readonly stableMs: Interval;
}

/**
 * Medians of compute time at equal batch size. Alpha is split over the batch sizes 1, 2, 3, … in shares 6/(π² rows²), which add up
 * to 1 whichever sizes will occur. A failure is beyond the ratio and beyond 0.2 ms.
 */
export function latencyMetric(candidate: Counted, stable: Counted, tolerance: number, alpha: number): Metric {
  const sizes = candidate.computeByRows.flatMap((at) => latencyAt(at, stable.computeByRows, alpha));
  const worse = sizes.find((at) => at.ratio.lower > tolerance && at.differenceMs.lower > LATENCY_FLOOR_MS);
  const most = sizes.reduce<LatencyAt | undefined>(
    (best, at) => (best === undefined || at.runs > best.runs ? at : best),
    undefined,
  );
  const shown = worse ?? most;
  const needed = `median at most ${round(tolerance)} times, or ${LATENCY_FLOOR_MS} ms more`;
  if (shown === undefined) return undecided({ name: 'latency', tolerance, needed }, 'nothing to compare yet');
  const alike = shown.ratio.upper <= tolerance || shown.differenceMs.upper <= LATENCY_FLOOR_MS;
  return {
    name: 'latency',
    verdict: worse !== undefined ? 'fail' : alike ? 'pass' : 'waiting',
    estimate: null,
    lower: shown.ratio.lower,
    upper: Number.isFinite(shown.ratio.upper) ? shown.ratio.upper : null,
    tolerance,
    soFar: `median of ${rangeText(shown.candidateMs)} against ${rangeText(shown.stableMs)} at ${shown.rows} ${shown.rows === 1 ? 'row' : 'rows'} a run`,
    needed,
  };
}

function latencyAt(at: ComputeAt, others: readonly ComputeAt[], alpha: number): readonly LatencyAt[] {
  const other = others.find(({ rows }) => rows === at.rows);
  if (other === undefined || at.rows < 1) return [];
  const share = (alpha * 6) / (Math.PI * at.rows) ** 2;
  const options = { alpha: share / 2, tunedFor: TUNED_FOR_REQUESTS };
  const candidateMs = bucketQuantileSequence(at, 0.5, options);
  const stableMs = bucketQuantileSequence(other, 0.5, options);
  return [
    {
      rows: at.rows,
      runs: at.counts.reduce((sum, count) => sum + count, 0),
      ratio: {
        lower: stableMs.upper === Infinity ? 0 : candidateMs.lower / stableMs.upper,
        upper: stableMs.lower === 0 ? Infinity : candidateMs.upper / stableMs.lower,
      },
      differenceMs: { lower: candidateMs.lower - stableMs.upper, upper: candidateMs.upper - stableMs.lower },
      candidateMs,
      stableMs,
    },
  ];
}

function rangeText({ lower, upper }: Interval): string {
  return upper === Infinity ? `more than ${round(lower)} ms` : `${round(lower)} to ${round(upper)} ms`;
}
