import gammaln from '@stdlib/math-base-special-gammaln';

/**
 * ln k! less Stirling's formula ½ ln(2πk) + k ln k − k: what is small, and so keeps digits that logarithms of factorials lose.
 *
 * Definition: below 16 from the factorial itself, above from the asymptotic series. Reference: Loader (2000), "Fast and accurate computation of
 * binomial probabilities". Complexity: O(1).
 *
 * @example stirlingError(10) // 0.00833056343336…
 */
export function stirlingError(k: number): number {
  if (k < 16) return gammaln(k + 1) - (k + 0.5) * Math.log(k) + k - Math.log(2 * Math.PI) / 2;
  const square = 1 / (k * k);
  return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - square / 1188) * square) * square) * square) / k;
}
