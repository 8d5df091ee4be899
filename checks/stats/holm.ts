import { ascendingOrder } from './ascending-order.ts';

/**
 * Adjusted p-values that control the probability of even one false alarm over a family of tests, whatever hangs together: call
 * significant what is ≤ α. Stricter than `benjaminiHochberg`, never weaker than Bonferroni.
 *
 * Definition: in ascending order, (m − i + 1) · p₍ᵢ₎, made monotone from the least up, at most 1. Reference: Holm (1979), Scandinavian Journal of
 * Statistics 6(2); equals statsmodels' multipletests(method='holm'). Complexity: O(m log m).
 *
 * @example holm([0.01, 0.04, 0.03]) // [0.03, 0.06, 0.06]
 */
export function holm(pValues: readonly number[]): number[] {
  const adjusted = [...pValues];
  let greatest = 0;
  ascendingOrder(pValues).forEach((at, rank) => {
    greatest = Math.min(1, Math.max(greatest, (pValues[at] ?? 1) * (pValues.length - rank)));
    adjusted[at] = greatest;
  });
  return adjusted;
}
