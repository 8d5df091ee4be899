import { meanDifferenceSequence } from '../../checks/stats/normal-mixture-interval.ts';
import { rateDifferenceSequence } from '../../checks/stats/rate-sequence.ts';
import type { Counted } from './evidence.ts';
import {
  MINIMUM_SCORES,
  type Metric,
  TUNED_FOR_REQUESTS,
  count,
  momentsOf,
  round,
  shareText,
  undecided,
  verdictOf,
} from './metric.ts';

/** What can be told of one row alone, and so be followed label by label. */
const FOLLOWED = ['accuracy', 'mae'] as const;

/** How much worse the candidate is by the labels that callers sent back; `estimate`, `lower` and `upper` are of that. */
export function feedbackMetric(
  candidate: Counted,
  stable: Counted,
  { metric, margin }: { readonly metric: string; readonly margin: number },
  alpha: number,
): Metric {
  const known = { name: 'feedback', tolerance: margin, needed: `${metric} at most ${round(margin)} worse` } as const;
  const [a, b] = [candidate.feedback, stable.feedback];
  if (!FOLLOWED.some((name) => name === metric))
    return undecided(known, `${metric} cannot be followed label by label; ${FOLLOWED.join(' and ')} can`);
  if (a === undefined || b === undefined) return undecided(known, 'no labels yet');
  if (metric === 'accuracy') {
    const [own, theirs] = [a, b].map(({ correct, decided }) => ({ events: correct, trials: decided }));
    if (own === undefined || theirs === undefined || own.trials === 0 || theirs.trials === 0)
      return undecided(known, 'no labels of both versions yet');
    const { lower, upper } = rateDifferenceSequence(theirs, own, alpha);
    const estimate = theirs.events / theirs.trials - own.events / own.trials;
    const soFar = `right in ${shareText(own)} against ${shareText(theirs)}; at worst ${round(upper)} less`;
    return { ...known, verdict: verdictOf({ lower, upper }, margin), estimate, lower, upper, soFar };
  }
  if (Math.min(a.distance.count, b.distance.count) < MINIMUM_SCORES)
    return undecided(known, `labels of ${count(a.distance.count)} and ${count(b.distance.count)} rows`);
  const [own, theirs] = [momentsOf(a.distance), momentsOf(b.distance)];
  const { lower, upper } = meanDifferenceSequence(own, theirs, { alpha, tunedFor: TUNED_FOR_REQUESTS });
  const soFar = `off by ${round(own.mean)} against ${round(theirs.mean)} over ${count(own.count)} labels; at worst ${round(upper)} more`;
  return {
    ...known,
    verdict: verdictOf({ lower, upper }, margin),
    estimate: own.mean - theirs.mean,
    lower,
    upper,
    soFar,
  };
}
