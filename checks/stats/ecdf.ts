/**
 * The empirical distribution function of ascending values: the share of them at or below x. NaN for no values.
 *
 * Definition: F(x) = #{xᵢ ≤ x}/n, by halving. Complexity: O(log n).
 *
 * @example ecdf([1, 2, 2, 5], 2) // 0.75
 */
export function ecdf(sorted: ArrayLike<number>, x: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? Infinity) <= x) low = middle + 1;
    else high = middle;
  }
  return low / sorted.length;
}
