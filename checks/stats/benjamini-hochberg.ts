import { ascendingOrder } from './ascending-order.ts';

/**
 * Adjusted p-values that control the false discovery rate over a family of tests: call significant what is ≤ α.
 *
 * Definition: in ascending order, p₍ᵢ₎ · m / i, made monotone from the greatest down, at most 1. Reference: Benjamini &
 * Hochberg (1995), JRSS B 57(1); equals scipy.stats.false_discovery_control. Complexity: O(m log m).
 *
 * @example benjaminiHochberg([0.01, 0.04, 0.03]) // [0.03, 0.04, 0.04]
 */
export function benjaminiHochberg(pValues: readonly number[]): number[] {
  const order = ascendingOrder(pValues);
  const adjusted = [...pValues];
  let least = 1;
  for (let rank = pValues.length; rank >= 1; rank--) {
    const at = order[rank - 1] ?? 0;
    least = Math.min(least, ((pValues[at] ?? 1) * pValues.length) / rank);
    adjusted[at] = least;
  }
  return adjusted;
}
