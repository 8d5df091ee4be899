/**
 * The p-quantile of ascending values, interpolated between neighbours. NaN for no values.
 *
 * Definition: at position p·(n − 1). Reference: Hyndman & Fan type 7, numpy.quantile's default. Complexity: O(1).
 *
 * @example quantileSorted([1, 2, 3, 4], 0.5) // 2.5
 */
export function quantileSorted(sorted: ArrayLike<number>, p: number): number {
  if (sorted.length === 0) return NaN;
  const position = p * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below] ?? NaN;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? NaN;
  // numpy's form: exact at both ends, and equal neighbours give themselves.
  return low + (high - low) * (position - below);
}

/**
 * The least of ascending values that a share p of them is at or below: always a value that was seen. NaN for no values.
 *
 * Definition: the inverse of the empirical distribution function. Reference: Hyndman & Fan type 1, numpy.quantile(method='inverted_cdf').
 * Complexity: O(1).
 *
 * @example inverseEcdf([1, 2, 3, 4], 0.5) // 2
 */
export function inverseEcdf(sorted: ArrayLike<number>, p: number): number {
  const at = Math.ceil(p * sorted.length - 1);
  return sorted[Math.min(Math.max(at, 0), sorted.length - 1)] ?? NaN;
}
