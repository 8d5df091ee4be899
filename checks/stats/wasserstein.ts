/**
 * First Wasserstein distance of two samples, in the values' own unit: how far mass must be moved. NaN must not occur.
 *
 * Definition: ∫ |F₁ − F₂|. Reference: equals scipy.stats.wasserstein_distance. Complexity: O((n + m) log(n + m)).
 *
 * @example wasserstein([0, 1, 3], [5, 6, 8]) // 5
 */
export function wasserstein(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [x, y] = [Float64Array.from(a).sort(), Float64Array.from(b).sort()];
  let [i, j, distance] = [0, 0, 0];
  let at = Math.min(x[0] ?? NaN, y[0] ?? NaN);
  while (i < x.length || j < y.length) {
    const next = Math.min(x[i] ?? Infinity, y[j] ?? Infinity);
    distance += Math.abs(i / x.length - j / y.length) * (next - at);
    at = next;
    while (i < x.length && x[i] === at) i++;
    while (j < y.length && y[j] === at) j++;
  }
  return distance;
}
