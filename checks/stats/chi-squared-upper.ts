import { gammaUpper } from './gamma-tails.ts';

/**
 * Probability that χ² with `df` degrees of freedom exceeds x.
 *
 * Definition: Q(df/2, x/2), the regularised upper incomplete gamma function; relatively exact in the far tail.
 * Reference: DLMF 8.2. Complexity: O(√df).
 *
 * @example chiSquaredUpper(100, 3) // 1.554159431389605e-21
 */
export function chiSquaredUpper(x: number, df: number): number {
  return gammaUpper(df / 2, x / 2);
}
