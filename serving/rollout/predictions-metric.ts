import { meanDifferenceSequence } from '../../checks/stats/normal-mixture-interval.ts';
import type { Counted } from './evidence.ts';
import {
  MINIMUM_SCORES,
  type Metric,
  TUNED_FOR_REQUESTS,
  count,
  momentsOf,
  round,
  undecided,
  verdictOf,
} from './metric.ts';

/** Shift of the mean score, in the stable arm's standard deviations. */
export function predictionsMetric(candidate: Counted, stable: Counted, tolerance: number, alpha: number): Metric {
  const [a, b] = [momentsOf(candidate.score), momentsOf(stable.score)];
  const deviation = Math.sqrt(b.variance);
  const needed = `mean score moved by at most ${round(tolerance)} standard deviations`;
  if (Math.min(a.count, b.count) < MINIMUM_SCORES || !(deviation > 0)) {
    const soFar =
      deviation === 0 && b.count >= MINIMUM_SCORES ? 'the stable arm always answers the same score' : 'too few scores';
    return undecided({ name: 'predictions', tolerance, needed }, soFar);
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
