import gammainc from '@stdlib/math-base-special-gammainc';

/**
 * Probability that χ² with `df` degrees of freedom is at most x.
 *
 * Definition: P(df/2, x/2), the regularised lower incomplete gamma function; relatively exact in the far lower tail.
 * Reference: DLMF 8.2. Complexity: O(1).
 *
 * @example chiSquaredLower(1e-6, 4) // 1.2499995833…e-13
 */
export function chiSquaredLower(x: number, df: number): number {
  if (x <= 0) return 0;
  if (x === Infinity) return 1;
  return gammainc(x / 2, df / 2, true, false);
}
