import type { Interval } from './interval.ts';

/** What is known of a stream of numbers: how many, their mean, their variance (n − 1 in the denominator). */
export interface Moments {
  readonly count: number;
  readonly mean: number;
  readonly variance: number;
}

export interface SequenceOptions {
  /** Probability that the interval is ever wrong, over all looks together. */
  readonly alpha: number;
  /** The number of observations at which the interval is narrowest; any positive number keeps it valid. */
  readonly tunedFor: number;
}

/**
 * Mixing parameter ρ of the two-sided normal mixture that makes its boundary (nearly) lowest at intrinsic time `v`.
 *
 * Definition: v / (2 ln(1/α) + ln(1 + 2 ln(1/α))). Reference: Howard, Ramdas, McAuliffe, Sekhon (2021), "Time-uniform,
 * nonparametric, nonasymptotic confidence sequences", Annals of Statistics 49(2), section 3.5. Complexity: O(1).
 *
 * @example mixtureRho(100, 0.05) // 12.600558
 */
export function mixtureRho(v: number, alpha: number): number {
  const logs = 2 * Math.log(1 / alpha);
  return v / (logs + Math.log1p(logs));
}

/**
 * Two-sided normal-mixture boundary: a sub-Gaussian martingale of variance process v leaves ±boundary(v) at any v, ever,
 * with probability at most α.
 *
 * Definition: √((v + ρ) · ln((v + ρ) / (ρ α²))). Reference: as `mixtureRho`, equation (14). Complexity: O(1).
 *
 * @example normalMixtureBoundary(100, mixtureRho(100, 0.05), 0.05) // 30.35209
 */
export function normalMixtureBoundary(v: number, rho: number, alpha: number): number {
  return Math.sqrt((v + rho) * (Math.log((v + rho) / rho) - 2 * Math.log(alpha)));
}

/**
 * Always-valid interval for a mean: it may be looked at after every observation, and stopping on what it shows is allowed.
 * For numbers with finite variance, whose variance is estimated, it is asymptotic (Waudby-Smith, Arbour, Sinha, Kennedy,
 * Ramdas 2024): wait for some dozens of observations. For rates use `rateSequence`, which is exact from the first.
 *
 * Definition: mean ± s·boundary(n)/n, the boundary as above at v = n. Reference: Howard et al. 2021; the same as GrowthBook's
 * sequential test with N = `tunedFor` (their documentation's formula has a misprint). Complexity: O(1).
 *
 * @example normalMixtureInterval({ count: 5000, mean: 0, variance: 1 }, { alpha: 0.05, tunedFor: 5000 }).upper // 0.042924
 */
export function normalMixtureInterval(moments: Moments, options: SequenceOptions): Interval {
  const { count, mean, variance } = moments;
  if (count < 2) return { lower: -Infinity, upper: Infinity };
  const rho = mixtureRho(options.tunedFor, options.alpha);
  const half = (Math.sqrt(variance) * normalMixtureBoundary(count, rho, options.alpha)) / count;
  return { lower: mean - half, upper: mean + half };
}

/**
 * Always-valid interval for the difference of two streams' means, `a` minus `b`, however the two streams interleave.
 *
 * Definition: each mean's interval at α/2, their worst cases subtracted (union bound). Complexity: O(1).
 *
 * @example
 * const a = { count: 1000, mean: 0.5, variance: 0.25 };
 * meanDifferenceSequence(a, a, { alpha: 0.05, tunedFor: 1000 }) // { lower: -0.10369785…, upper: 0.10369785… }
 */
export function meanDifferenceSequence(a: Moments, b: Moments, options: SequenceOptions): Interval {
  const halved = { ...options, alpha: options.alpha / 2 };
  const first = normalMixtureInterval(a, halved);
  const second = normalMixtureInterval(b, halved);
  return { lower: first.lower - second.upper, upper: first.upper - second.lower };
}
