import { greatestChange, type GreatestChange } from './greatest-change.ts';

/**
 * L∞ distance of two samples' counts in the same bins: the greatest change of any one share, which is easily read and names its bin.
 *
 * Definition: max |p − q|; 0 to 1. NaN for an empty sample. Reference: TensorFlow Data Validation's infinity norm. Complexity: O(k).
 *
 * @example lInfinity([1, 9], [3, 7]) // { distance: 0.2, at: 0 }
 */
export function lInfinity(first: ArrayLike<number>, second: ArrayLike<number>): GreatestChange {
  let [n, m] = [0, 0];
  for (let k = 0; k < first.length; k++) {
    n += first[k] ?? 0;
    m += second[k] ?? 0;
  }
  if (n === 0 || m === 0) return { distance: NaN, at: undefined };
  return greatestChange(first, second, (count, other) => Math.abs(count * m - other * n) / (n * m));
}
