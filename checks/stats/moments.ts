import { mean, sampleVariance } from 'simple-statistics';
import type { Moments } from './normal-mixture-interval.ts';

/**
 * Count, mean and variance (n − 1 in the denominator; 0 for fewer than two values) in two compensated passes.
 *
 * Complexity: O(n).
 *
 * @example momentsOf([1, 2, 3]) // { count: 3, mean: 2, variance: 1 }
 */
export function momentsOf(values: ArrayLike<number>): Moments {
  const count = values.length;
  if (count === 0) return { count, mean: NaN, variance: 0 };
  const list = Array.from(values);
  return { count, mean: mean(list), variance: count > 1 ? sampleVariance(list) : 0 };
}
