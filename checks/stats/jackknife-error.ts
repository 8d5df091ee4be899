/**
 * The standard error of a statistic from its values with one part of the data left out at a time (delete-a-group jackknife). For
 * a mean with one observation a part it is the usual s/√n.
 *
 * Definition: √((G − 1)/G · Σ (θ₍g₎ − θ̄)²) over G parts, θ̄ the mean of the replicates; compare with Student's t of G − 1 degrees. Infinite with
 * fewer than two parts. References: Efron & Tibshirani (1993), chapter 11; Kott (2001), Journal of Official Statistics 17(4), for
 * groups. Complexity: O(G).
 *
 * @example jackknifeError([2.5, 2, 1.5]) // 0.5773502691896257: of the mean of 1, 2 and 3
 */
export function jackknifeError(withoutPart: ArrayLike<number>): number {
  const parts = withoutPart.length;
  if (parts < 2) return Infinity;
  let mean = 0;
  for (let i = 0; i < parts; i++) mean += (withoutPart[i] ?? NaN) / parts;
  let squares = 0;
  for (let i = 0; i < parts; i++) squares += ((withoutPart[i] ?? NaN) - mean) ** 2;
  return Math.sqrt(((parts - 1) / parts) * squares);
}
