import type { RolloutPlan } from '../../checks/manifest/manifest.ts';
import type { Interval } from '../../checks/stats/interval.ts';
import { meanDifferenceSequence, type Moments } from '../../checks/stats/normal-mixture-interval.ts';
import { bucketQuantileSequence } from '../../checks/stats/quantile-sequence.ts';
import { type Rate, rateDifferenceSequence, rateSequence } from '../../checks/stats/rate-sequence.ts';
import type { ComputeAt, Counted } from './evidence.ts';

/**
 * Candidate against stable, as often as one likes: every interval is always valid, so looking each second costs nothing, and
 * the evidence of earlier steps still counts. Fresh tests at every step would abort good candidates 23 to 40 % of the time.
 */
export interface Analysis {
  readonly metrics: readonly Metric[];
  /** The errors are shown to stay within the tolerance: what a promotion rests on. */
  readonly nonInferior: boolean;
  /** The stable arm's own error rate, when it is certainly too high to be anyone's measure. */
  readonly stableFailing?: { readonly rate: number; readonly lower: number };
}

export interface Metric {
  readonly name: 'errors' | 'latency' | 'predictions';
  /** `fail`: the interval excludes the tolerance. `waiting`: it holds both better and worse. */
  readonly verdict: 'pass' | 'fail' | 'waiting';
  /** errors: difference of rates; latency: ratio of medians; predictions: shift in the stable arm's standard deviations. */
  readonly estimate: number | null;
  /** Ends that nothing bounds yet are null, since the state travels as JSON. */
  readonly lower: number | null;
  readonly upper: number | null;
  readonly tolerance: number;
  /** What was seen, in one clause: `7 of 412 (1.7 %) against 3 of 8,001`. */
  readonly soFar: string;
  /** What is asked for: `at most 1 % more errors`. */
  readonly needed: string;
}

/** False alarms that one rollout may raise, over all its metrics and all looks. */
const ROLLOUT_ALPHA = 0.05;
/** Medians nearer than this are alike, whatever their ratio: 17 against 28 µs says little. */
const LATENCY_FLOOR_MS = 0.2;
/** Requests at which the intervals are narrowest: about what a promotion takes. */
const TUNED_FOR_REQUESTS = 1000;
/** The interval of a mean rests on an estimated variance: it is not asked before this many scores on both sides. */
const MINIMUM_SCORES = 50;
/** A stable arm whose error rate certainly exceeds this is failing itself. */
const STABLE_FAILING_RATE = 0.05;

export function analysisOf(plan: RolloutPlan, candidate: Counted, stable: Counted): Analysis {
  const { errors, latency, predictions } = plan.analysis;
  const alpha = ROLLOUT_ALPHA / (predictions === undefined ? 2 : 3);
  const errorMetric = errorsOf(candidate, stable, errors, alpha);
  const stableErrors = rateOf(stable);
  const { lower } = rateSequence(stableErrors, alpha);
  return {
    metrics: [
      errorMetric,
      latencyOf(candidate, stable, latency, alpha),
      ...(predictions === undefined ? [] : [predictionsOf(candidate, stable, predictions, alpha)]),
    ],
    nonInferior: errorMetric.verdict === 'pass' && candidate.requests > 0 && stable.requests > 0,
    ...(lower > STABLE_FAILING_RATE
      ? { stableFailing: { rate: stableErrors.events / stableErrors.trials, lower } }
      : {}),
  };
}

function rateOf({ requests, errors }: Counted): Rate {
  return { events: Math.min(errors, requests), trials: requests };
}

/**
 * Two claims, each wrong at most alpha of the time. That the candidate is worse rests on the joint sequence of both rates, which
 * is the quickest to see harm; that it is not, on the two rates' own sequences, which bound a candidate without errors sooner.
 */
function errorsOf(candidate: Counted, stable: Counted, tolerance: number, alpha: number): Metric {
  const [a, b] = [rateOf(candidate), rateOf(stable)];
  const lower = a.trials === 0 || b.trials === 0 ? -1 : rateDifferenceSequence(a, b, alpha).lower;
  const upper = rateSequence(a, alpha / 2).upper - rateSequence(b, alpha / 2).lower;
  return {
    name: 'errors',
    verdict: verdictOf({ lower, upper }, tolerance),
    estimate: a.trials === 0 || b.trials === 0 ? null : a.events / a.trials - b.events / b.trials,
    lower,
    upper,
    tolerance,
    soFar: `${shareText(a)} against ${shareText(b)}; at worst ${percent(upper)} more`,
    needed: `at most ${percent(tolerance)} more`,
  };
}

function verdictOf({ lower, upper }: Interval, tolerance: number): Metric['verdict'] {
  if (lower > tolerance) return 'fail';
  return upper <= tolerance ? 'pass' : 'waiting';
}

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
function latencyOf(candidate: Counted, stable: Counted, tolerance: number, alpha: number): Metric {
  const sizes = candidate.computeByRows.flatMap((at) => latencyAt(at, stable.computeByRows, alpha));
  const worse = sizes.find((at) => at.ratio.lower > tolerance && at.differenceMs.lower > LATENCY_FLOOR_MS);
  const most = sizes.reduce<LatencyAt | undefined>(
    (best, at) => (best === undefined || at.runs > best.runs ? at : best),
    undefined,
  );
  const shown = worse ?? most;
  const needed = `median at most ${round(tolerance)} times, or ${LATENCY_FLOOR_MS} ms more`;
  if (shown === undefined) {
    return {
      name: 'latency',
      verdict: 'waiting',
      estimate: null,
      lower: null,
      upper: null,
      tolerance,
      soFar: 'nothing to compare yet',
      needed,
    };
  }
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

function predictionsOf(candidate: Counted, stable: Counted, tolerance: number, alpha: number): Metric {
  const [a, b] = [momentsOf(candidate), momentsOf(stable)];
  const deviation = Math.sqrt(b.variance);
  const needed = `mean score moved by at most ${round(tolerance)} standard deviations`;
  if (Math.min(a.count, b.count) < MINIMUM_SCORES || !(deviation > 0)) {
    const soFar =
      deviation === 0 && b.count >= MINIMUM_SCORES ? 'the stable arm always answers the same score' : 'too few scores';
    return {
      name: 'predictions',
      verdict: 'waiting',
      estimate: null,
      lower: null,
      upper: null,
      tolerance,
      soFar,
      needed,
    };
  }
  const interval = meanDifferenceSequence(a, b, { alpha, tunedFor: TUNED_FOR_REQUESTS });
  const [lower, upper] = [interval.lower / deviation, interval.upper / deviation];
  const estimate = (a.mean - b.mean) / deviation;
  const nearest = Math.max(lower, -upper);
  const farthest = Math.max(upper, -lower);
  return {
    name: 'predictions',
    verdict: verdictOf({ lower: nearest, upper: farthest }, tolerance),
    estimate,
    lower,
    upper,
    tolerance,
    soFar: `mean score moved by ${round(estimate)} [${round(lower)}, ${round(upper)}] standard deviations over ${count(a.count)} scores`,
    needed,
  };
}

function momentsOf({ score }: Counted): Moments {
  const mean = score.count === 0 ? 0 : score.sum / score.count;
  const squares = score.sumOfSquares - score.count * mean ** 2;
  return { count: score.count, mean, variance: score.count < 2 ? 0 : Math.max(0, squares / (score.count - 1)) };
}

function shareText({ events, trials }: Rate): string {
  return trials === 0 ? 'no request' : `${count(events)} of ${count(trials)} (${percent(events / trials)})`;
}

function rangeText({ lower, upper }: Interval): string {
  return upper === Infinity ? `more than ${round(lower)} ms` : `${round(lower)} to ${round(upper)} ms`;
}

function percent(share: number): string {
  return `${round(share * 100)} %`;
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}

/** Three significant digits, for people. */
function round(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en-US', { maximumSignificantDigits: 3 });
}
