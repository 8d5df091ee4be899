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
