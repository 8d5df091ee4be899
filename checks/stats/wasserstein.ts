import { tiesOf, type MergedTies } from './merged-ties.ts';

/**
 * First Wasserstein distance of two samples, in the values' own unit: how far mass must be moved. NaN must not occur.
 *
 * Definition: ∫ |F₁ − F₂|. Reference: equals scipy.stats.wasserstein_distance. Complexity: O((n + m) log(n + m)).
 *
 * @example wasserstein([0, 1, 3], [5, 6, 8]) // 5
 */
export function wasserstein(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return wassersteinOfTies(tiesOf(a, b));
}

/** The same of tie blocks that are already there; their values must be finite. Complexity: O(n + m). */
export function wassersteinOfTies({ n, m, values, first, second }: MergedTies): number {
  if (n === 0 || m === 0) return NaN;
  let distance = 0;
  for (let k = 1; k < values.length; k++) {
    const gap = Math.abs((first[k - 1] ?? 0) / n - (second[k - 1] ?? 0) / m);
    distance += gap * ((values[k] ?? 0) - (values[k - 1] ?? 0));
  }
  return distance;
}
