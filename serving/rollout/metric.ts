import type { Interval } from '../../checks/stats/interval.ts';
import type { Moments } from '../../checks/stats/normal-mixture-interval.ts';
import type { Rate } from '../../checks/stats/rate-sequence.ts';

/** One thing that a candidate is compared with the stable arm by, as it was last seen. */
export interface Metric {
  readonly name: 'errors' | 'latency' | 'predictions' | 'disagreement' | 'feedback';
  /** `fail`: the interval excludes the tolerance. `waiting`: it holds both better and worse. */
  readonly verdict: 'pass' | 'fail' | 'waiting';
  /**
   * errors: difference of rates; latency: ratio of medians; predictions: shift in the stable arm's standard deviations; disagreement: share of
   * decisions, for values without one the distance in such deviations; feedback: how much worse the metric is.
   */
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

/** Requests at which the intervals are narrowest: about what a promotion takes. */
export const TUNED_FOR_REQUESTS = 1000;
/** The interval of a mean rests on an estimated variance: it is not asked before this many numbers. */
export const MINIMUM_SCORES = 50;

/** A metric about which nothing can be said yet, with the reason. */
export function undecided(
  { name, tolerance, needed }: Pick<Metric, 'name' | 'tolerance' | 'needed'>,
  soFar: string,
): Metric {
  return { name, verdict: 'waiting', estimate: null, lower: null, upper: null, tolerance, soFar, needed };
}

export function verdictOf({ lower, upper }: Interval, tolerance: number): Metric['verdict'] {
  if (lower > tolerance) return 'fail';
  return upper <= tolerance ? 'pass' : 'waiting';
}

/** Sums of numbers and of their squares, as mean and variance. */
export function momentsOf(sums: {
  readonly count: number;
  readonly sum: number;
  readonly sumOfSquares: number;
}): Moments {
  const { count, sum, sumOfSquares } = sums;
  const mean = count === 0 ? 0 : sum / count;
  const squares = sumOfSquares - count * mean ** 2;
  return { count, mean, variance: count < 2 ? 0 : Math.max(0, squares / (count - 1)) };
}

export function shareText({ events, trials }: Rate): string {
  return trials === 0 ? 'no request' : `${count(events)} of ${count(trials)} (${percent(events / trials)})`;
}

export function percent(share: number): string {
  return `${round(share * 100)} %`;
}

export function count(number: number): string {
  return number.toLocaleString('en-US');
}

/** Three significant digits, for people. */
export function round(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en-US', { maximumSignificantDigits: 3 });
}
