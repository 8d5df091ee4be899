import { groupSums } from './paired-bootstrap.ts';

/**
 * Standard error of a smooth statistic from each row's influence on it (the infinitesimal jackknife, or delta method): for a
 * mean, the influences are the values minus the mean, and this is the usual s/√n. With `groups`, rows of a group count as one.
 *
 * Definition: √(G/(G−1) · Σ_g (Σ_{i∈g} ψᵢ)²) / n over G groups and n rows. Reference: Efron & Tibshirani (1993), chapter 22; Liang &
 * Zeger (1986) for groups. Complexity: O(n).
 *
 * @example linearisedError(Float64Array.of(-1, 0, 1)) // { standardError: 0.5773502691896258, units: 3 }
 */
export function linearisedError(
  influences: Float64Array,
  groups?: ArrayLike<number>,
): { readonly standardError: number; readonly units: number } {
  const { sums } = groupSums(influences, groups);
  const units = sums.length;
  if (units < 2) return { standardError: Infinity, units };
  const squares = sums.reduce((total, sum) => total + sum * sum, 0);
  return { standardError: Math.sqrt((squares * units) / (units - 1)) / influences.length, units };
}
