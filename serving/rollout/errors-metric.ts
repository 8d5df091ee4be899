import { type Rate, rateDifferenceSequence, rateSequence } from '../../checks/stats/rate-sequence.ts';
import { type Counted, trialsOf } from './evidence.ts';
import { type Metric, percent, shareText, verdictOf } from './metric.ts';

/** Errors among everything that an arm was asked. */
export function errorRateOf(counted: Counted): Rate {
  const { requests, errors } = trialsOf(counted);
  return { events: Math.min(errors, requests), trials: requests };
}

/**
 * Two claims, each wrong at most alpha of the time. That the candidate is worse rests on the joint sequence of both rates, which
 * is the quickest to see harm; that it is not, on the two rates' own sequences, which bound a candidate without errors sooner.
 */
export function errorsMetric(candidate: Counted, stable: Counted, tolerance: number, alpha: number): Metric {
  const [a, b] = [errorRateOf(candidate), errorRateOf(stable)];
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
