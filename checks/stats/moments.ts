import type { Moments } from './normal-mixture-interval.ts';

/**
 * Count, mean and variance (n − 1 in the denominator; 0 for fewer than two values) in two passes.
 *
 * Complexity: O(n).
 *
 * @example momentsOf([1, 2, 3]) // { count: 3, mean: 2, variance: 1 }
 */
export function momentsOf(values: ArrayLike<number>): Moments {
  const count = values.length;
  if (count === 0) return { count, mean: NaN, variance: 0 };
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[i] ?? 0;
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < count; i++) squares += ((values[i] ?? 0) - mean) ** 2;
  return { count, mean, variance: count > 1 ? squares / (count - 1) : 0 };
}
