import { normalMixtureInterval } from '../../checks/stats/normal-mixture-interval.ts';
import { rateSequence } from '../../checks/stats/rate-sequence.ts';
import type { ShadowStats } from '../fleet.ts';
import type { Counted } from './evidence.ts';
import {
  MINIMUM_SCORES,
  type Metric,
  TUNED_FOR_REQUESTS,
  count,
  momentsOf,
  percent,
  round,
  undecided,
  verdictOf,
} from './metric.ts';

/**
 * How much a shadow's answers differ from the stable arm's to the very same rows: the share of decisions that are others; where nothing is
 * decided (a regression), the mean absolute distance in the stable arm's standard deviations.
 */
export function disagreementMetric(candidate: Counted, stable: Counted, tolerance: number, alpha: number): Metric {
  const { shadow } = candidate;
  if (shadow !== undefined && shadow.decided > 0) return flipsOf(shadow, tolerance, alpha);
  const needed = `scores at most ${round(tolerance)} standard deviations apart`;
  const name = 'disagreement';
  if (shadow === undefined || shadow.distance.count < MINIMUM_SCORES)
    return undecided({ name, tolerance, needed }, 'too few copies compared');
  const deviation = Math.sqrt(momentsOf(stable.score).variance);
  if (!(deviation > 0)) return undecided({ name, tolerance, needed }, 'the stable arm always answers the same score');
  const distance = momentsOf(shadow.distance);
  const interval = normalMixtureInterval(distance, { alpha, tunedFor: TUNED_FOR_REQUESTS });
  const [lower, upper] = [Math.max(0, interval.lower / deviation), interval.upper / deviation];
  const estimate = distance.mean / deviation;
  return {
    name,
    verdict: verdictOf({ lower, upper }, tolerance),
    estimate,
    lower,
    upper,
    tolerance,
    soFar: `scores ${round(estimate)} [${round(lower)}, ${round(upper)}] standard deviations apart over ${count(distance.count)} rows${skippedText(shadow)}`,
    needed,
  };
}

/** Exact from the first row. The rows of one request count as so many: callers who send many at once should look at the interval with that in mind. */
function flipsOf(shadow: ShadowStats, tolerance: number, alpha: number): Metric {
  const { decided, flips, distance } = shadow;
  const { lower, upper } = rateSequence({ events: flips, trials: decided }, alpha);
  const apart = distance.count === 0 ? '' : `, scores ${round(distance.sum / distance.count)} apart in the mean`;
  return {
    name: 'disagreement',
    verdict: verdictOf({ lower, upper }, tolerance),
    estimate: flips / decided,
    lower,
    upper,
    tolerance,
    soFar: `${count(flips)} of ${count(decided)} decisions differ (${percent(flips / decided)}; at worst ${percent(upper)})${apart}${skippedText(shadow)}`,
    needed: `at most ${percent(tolerance)} of decisions`,
  };
}

function skippedText({ skipped }: ShadowStats): string {
  return skipped === 0 ? '' : `; ${count(skipped)} copies skipped`;
}
