import { binomialCdf } from './binomial-cdf.ts';
import type { Interval } from './interval.ts';

/** An ascending sample, and what is asked of its law. */
export interface QuantileQuestion {
  /** Level of the quantile, in (0, 1). */
  readonly level: number;
  /** Probability left outside of the interval, at most half on each side. */
  readonly alpha: number;
  /** By how many independent observations each of ours counts for less: `designEffect`. 1 where they are independent. */
  readonly designEffect?: number;
}

/**
 * Interval for a quantile of any continuous law between two values of the sample; an end is infinite where there are too few for it.
 *
 * Definition: [X₍l₎, X₍u₎] with the largest l for which P(Bin(n, p) ≤ l − 1) ≤ α/2 and the smallest u for which P(Bin(n, p) ≥ u) ≤ α/2; for
 * dependent observations the counts are those of n / designEffect, spread over the sample. Conservative, ties included. Reference: Conover
 * (1999), Practical Nonparametric Statistics, 3.2; Hahn & Meeker (1991), 5.2. Complexity: O(log n) evaluations of the binomial law.
 *
 * @example quantileInterval([1, 2, 3, 4, 5, 6, 7, 8], { level: 0.5, alpha: 0.01 }) // { lower: 1, upper: 8 }
 */
export function quantileInterval(
  sorted: ArrayLike<number>,
  { level, alpha, designEffect = 1 }: QuantileQuestion,
): Interval {
  const size = sorted.length;
  const effective = Math.max(1, Math.floor(size / designEffect));
  // The largest l with P(X ≤ l − 1) ≤ α/2 is as many l from 1 as fulfil it.
  const below = countWhile(effective, (l) => binomialCdf(l - 1, effective, level) <= alpha / 2);
  const above = countWhile(effective, (k) => 1 - binomialCdf(effective - k, effective, level) <= alpha / 2);
  // Rank r of the effective sample stands for rank r · n / effective of ours, rounded outwards.
  const lower = Math.floor((below * size) / effective);
  const upper = size + 1 - Math.floor((above * size) / effective);
  return {
    lower: below === 0 || lower < 1 ? -Infinity : (sorted[lower - 1] ?? NaN),
    upper: above === 0 || upper > size ? Infinity : (sorted[upper - 1] ?? NaN),
  };
}

/** How many of 1, 2, …, most fulfil a condition that once broken stays broken. */
function countWhile(most: number, holds: (k: number) => boolean): number {
  let [good, bad] = [0, most + 1];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (holds(middle)) good = middle;
    else bad = middle;
  }
  return good;
}
