import { gammaLower } from './gamma-tails.ts';

/**
 * Probability that χ² with `df` degrees of freedom is at most x.
 *
 * Definition: P(df/2, x/2), the regularised lower incomplete gamma function; relatively exact in the far lower tail.
 * Reference: DLMF 8.2. Complexity: O(√df).
 *
 * @example chiSquaredLower(1e-6, 4) // 1.2499995833…e-13
 */
export function chiSquaredLower(x: number, df: number): number {
  return gammaLower(df / 2, x / 2);
}
