import type { Interval } from './interval.ts';
import { logBeta } from './log-beta.ts';
import { mixtureRho, type SequenceOptions } from './normal-mixture-interval.ts';

/** Counts by upper bound: one a bound, plus one for what lies above the last; not cumulative. */
export interface Buckets {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

/**
 * Logarithm of the two-sided beta-binomial mixture martingale for `below` of `count` observations at or below the true
 * `quantile`: under the truth it exceeds ln(1/α) at any time, ever, with probability at most α.
 *
 * Definition: with p = `quantile` and a prior Beta(r/(1−p), r/p) (mean p),
 * ln B(a + k, b + n − k) − ln B(a, b) − k ln p − (n − k) ln(1 − p). Reference: Howard et al. (2021), proposition 7; the same
 * as confseq's `beta_binomial_log_mixture` with g = p, h = 1 − p. Complexity: O(1).
 *
 * @example logQuantileMixture(135, 625, 0.2, 12.440558) // -0.6941012
 */
export function logQuantileMixture(below: number, count: number, quantile: number, r: number): number {
  const a = r / (1 - quantile);
  const b = r / quantile;
  return (
    logBeta(a + below, b + count - below) -
    logBeta(a, b) -
    below * Math.log(quantile) -
    (count - below) * Math.log1p(-quantile)
  );
}

/**
 * The ranks between which a quantile lies, always valid: with the observations in order, the quantile is at least the
 * `low`-th and at most the `high`-th (1-based); `low` 0 and `high` n + 1 mean unbounded.
 *
 * Definition: all counts k with logQuantileMixture(k) < ln(1/α) form a range; low is its least, high its greatest plus one.
 * Exact for any distribution, ties included: the indicator "at most the quantile" dominates, and "below it" is dominated
 * by, a Bernoulli(p). Reference: Howard & Ramdas (2022), "Sequential estimation of quantiles with applications to A/B testing
 * and best-arm identification", Bernoulli 28(3), theorem 1. Complexity: O(log n).
 *
 * @example quantileRanks(1000, 0.5, { alpha: 0.05, tunedFor: 1000 }) // { low: 453, high: 548 }
 */
export function quantileRanks(
  count: number,
  quantile: number,
  options: SequenceOptions,
): { readonly low: number; readonly high: number } {
  if (count === 0) return { low: 0, high: 1 };
  const unit = quantile * (1 - quantile);
  // The mixing parameter counts intrinsic time (variance); the prior's own share of it is taken off, as in confseq.
  const r = Math.max(mixtureRho(unit * options.tunedFor, options.alpha) - unit, unit / 1000);
  const limit = -Math.log(options.alpha);
  const holds = (k: number) => logQuantileMixture(k, count, quantile, r) < limit;
  const middle = Math.min(count, Math.max(0, Math.round(quantile * count)));
  return {
    low: lastHolding(middle, -1, holds),
    high: lastHolding(middle, count + 1, holds) + 1,
  };
}

/** Integer bisection from a count that holds towards one that does not exist. */
function lastHolding(from: number, towards: number, holds: (k: number) => boolean): number {
  let [near, far] = [from, towards];
  while (Math.abs(far - near) > 1) {
    const middle = Math.trunc((near + far) / 2);
    if (holds(middle)) near = middle;
    else far = middle;
  }
  return near;
}

/**
 * Always-valid interval for a quantile (a median latency): may be looked at after every observation.
 *
 * Definition: the order statistics at `quantileRanks`. `sorted` ascending. Reference: as there. Complexity: O(log n).
 *
 * @example quantileSequence(Float64Array.of(1, 2, 3), 0.5, { alpha: 0.05, tunedFor: 100 }) // { lower: -Infinity, upper: Infinity }
 */
export function quantileSequence(sorted: ArrayLike<number>, quantile: number, options: SequenceOptions): Interval {
  const { low, high } = quantileRanks(sorted.length, quantile, options);
  return { lower: sorted[low - 1] ?? -Infinity, upper: sorted[high - 1] ?? Infinity };
}

/**
 * The same from counts in buckets, as a fleet's histograms give them: each end is moved out to its bucket's edge, so that the
 * interval holds whatever lies inside a bucket. Values are taken to be at least 0 (latencies).
 *
 * Definition: lower edge of the bucket with the `low`-th observation, upper edge of the bucket with the `high`-th; 0 and
 * infinity at the ends. Reference: as `quantileRanks`. Complexity: O(buckets).
 *
 * @example bucketQuantileSequence({ bounds: [1, 2, 4], counts: [10, 980, 10, 0] }, 0.5, { alpha: 0.05, tunedFor: 1000 }) // { lower: 1, upper: 2 }
 */
export function bucketQuantileSequence(buckets: Buckets, quantile: number, options: SequenceOptions): Interval {
  const count = buckets.counts.reduce((sum, each) => sum + each, 0);
  const { low, high } = quantileRanks(count, quantile, options);
  const lowest = low === 0 ? 0 : bucketOf(buckets.counts, low);
  const highest = high > count ? buckets.bounds.length : bucketOf(buckets.counts, high);
  return {
    lower: lowest === 0 ? 0 : (buckets.bounds[lowest - 1] ?? 0),
    upper: buckets.bounds[highest] ?? Infinity,
  };
}

function bucketOf(counts: readonly number[], rank: number): number {
  let seen = 0;
  return counts.findIndex((count) => {
    seen += count;
    return seen >= rank;
  });
}

/**
 * Always-valid interval for the ratio of two streams' quantiles, `a` over `b` (latency of the candidate over the champion's).
 *
 * Definition: each quantile's interval at α/2, worst cases divided (union bound). Positive values only. Complexity: O(buckets).
 *
 * @example
 * const fast = { bounds: [1, 2, 4], counts: [0, 1000, 0, 0] };
 * bucketQuantileRatioSequence(fast, fast, 0.5, { alpha: 0.05, tunedFor: 1000 }) // { lower: 0.5, upper: 2 }
 */
export function bucketQuantileRatioSequence(
  a: Buckets,
  b: Buckets,
  quantile: number,
  options: SequenceOptions,
): Interval {
  const halved = { ...options, alpha: options.alpha / 2 };
  return ratioOf(bucketQuantileSequence(a, quantile, halved), bucketQuantileSequence(b, quantile, halved));
}

/**
 * The same from the observations themselves, each stream in ascending order.
 *
 * @example quantileRatioSequence([1, 2], [1, 2], 0.5, { alpha: 0.05, tunedFor: 100 }) // { lower: 0, upper: Infinity }
 */
export function quantileRatioSequence(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  quantile: number,
  options: SequenceOptions,
): Interval {
  const halved = { ...options, alpha: options.alpha / 2 };
  return ratioOf(quantileSequence(a, quantile, halved), quantileSequence(b, quantile, halved));
}

function ratioOf(a: Interval, b: Interval): Interval {
  const lower = Math.max(0, a.lower) / b.upper;
  const upper = b.lower <= 0 ? Infinity : a.upper / b.lower;
  return { lower: Number.isNaN(lower) ? 0 : lower, upper };
}
