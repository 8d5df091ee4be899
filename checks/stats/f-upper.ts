import { betaLower, betaUpper } from './beta-tails.ts';

/**
 * Probability that Fisher's and Snedecor's F with `numerator` and `denominator` degrees of freedom exceeds x. The lower tail is that of
 * the reciprocal, `fUpper(1 / x, denominator, numerator)`: both tails keep full relative precision.
 *
 * Definition: I_y(d₂/2, d₁/2), y = d₂/(d₂ + d₁x). Reference: DLMF 8.17. Complexity: O(1).
 *
 * @example fUpper(3, 4, 20) // 0.0433…
 */
export function fUpper(x: number, numerator: number, denominator: number): number {
  if (x <= 0) return 1;
  if (x === Infinity) return 0;
  const ratio = (numerator / denominator) * x;
  // The smaller of the two shares of 1 is the one that has its digits.
  return ratio < 1
    ? betaUpper(ratio / (1 + ratio), numerator / 2, denominator / 2)
    : betaLower(1 / (1 + ratio), denominator / 2, numerator / 2);
}
