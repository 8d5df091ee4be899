import erfc from '@stdlib/math-base-special-erfc';

/**
 * Probability that a standard normal is at most z. The upper tail of z is `normalCdf(-z)`: both tails keep full relative
 * precision, which 1 − Φ(z) would lose.
 *
 * Definition: erfc(−z/√2)/2. Reference: DLMF 7.2. Complexity: O(1).
 *
 * @example normalCdf(-9) // 1.1285884059538422e-19
 */
export function normalCdf(z: number): number {
  return erfc(-z / Math.SQRT2) / 2;
}
