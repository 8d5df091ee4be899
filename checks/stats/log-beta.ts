import gammaln from '@stdlib/math-base-special-gammaln';

/**
 * Natural logarithm of Euler's beta function, ln B(a, b), for a, b > 0.
 *
 * Definition: lnΓ(a) + lnΓ(b) − lnΓ(a + b). Reference: DLMF 5.12.1. Complexity: O(1).
 *
 * @example logBeta(2, 3) // -2.4849066497880004, which is ln(1/12)
 */
export function logBeta(a: number, b: number): number {
  return gammaln(a) + gammaln(b) - gammaln(a + b);
}
