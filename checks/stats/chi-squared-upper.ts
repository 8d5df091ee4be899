import gammainc from '@stdlib/math-base-special-gammainc';

/**
 * Probability that χ² with `df` degrees of freedom exceeds x.
 *
 * Definition: Q(df/2, x/2), the regularised upper incomplete gamma function; relatively exact in the far tail.
 * Reference: DLMF 8.2. Complexity: O(1).
 *
 * @example chiSquaredUpper(100, 3) // 1.554159431389605e-21
 */
export function chiSquaredUpper(x: number, df: number): number {
  if (x <= 0) return 1;
  if (x === Infinity) return 0;
  return gammainc(x / 2, df / 2, true, true);
}
