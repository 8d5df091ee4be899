import betainc from '@stdlib/math-base-special-betainc';

/**
 * Probability that a Beta(a, b) variable is at most x; relatively exact in the far lower tail.
 *
 * Definition: I_x(a, b). For x near 1, `betaUpper(1 − x, b, a)` with 1 − x as it was before rounding keeps digits that x has lost.
 * Reference: DLMF 8.17. Complexity: O(1).
 *
 * @example betaLower(0.01, 2, 3) // 0.00059203
 */
export function betaLower(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  return betainc(x, a, b, true, false);
}

/**
 * Probability that a Beta(a, b) variable exceeds x; relatively exact in the far upper tail.
 *
 * Definition: 1 − I_x(a, b), computed as a tail. Reference: DLMF 8.17. Complexity: O(1).
 *
 * @example betaUpper(0.99, 2, 3) // 3.97e-6
 */
export function betaUpper(x: number, a: number, b: number): number {
  if (x <= 0) return 1;
  if (x >= 1) return 0;
  return betainc(x, a, b, true, true);
}
