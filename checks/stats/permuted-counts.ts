import { hypergeometricDraw } from './hypergeometric-draw.ts';
import { seededRandom } from './seeded-random.ts';

/** Tables that are equally far but for rounding count as equally far. */
const SAME = 1e-9;

/**
 * Permutation p-value of a 2 × K table: which of the pooled rows belong to the first sample is drawn anew, category by category; the
 * margins stay.
 *
 * Definition: (1 + count)/(1 + permutations), count being the draws whose `distance` is at least the observed one; with `more`, up to so many times as many are
 * drawn where none came near. Reference: Phipson & Smyth (2010). Complexity: O(permutations · K), whatever the rows.
 *
 * @example permutedCounts([2, 0], [2, 2], ([one = 0]) => one, { seed: 1, permutations: 999 }) // about 1/6
 */
export function permutedCounts(
  first: readonly number[],
  sums: readonly number[],
  distance: (side: ArrayLike<number>) => number,
  { seed, permutations, more = 1 }: { readonly seed: number; readonly permutations: number; readonly more?: number },
): number {
  const rows = sums.reduce((total, sum) => total + sum, 0);
  const n = first.reduce((total, count) => total + count, 0);
  const seen = distance(first);
  const observed = seen - Math.abs(seen) * SAME;
  const random = seededRandom(seed);
  const side = new Float64Array(sums.length);
  let [atLeast, drawn] = [0, 0];
  while (drawn < permutations || (atLeast === 0 && drawn < more * (permutations + 1) - 1)) {
    let [left, places] = [rows, n];
    for (let k = 0; k < sums.length; k++) {
      const taken = hypergeometricDraw(left, places, sums[k] ?? 0, random);
      side[k] = taken;
      left -= sums[k] ?? 0;
      places -= taken;
    }
    if (distance(side) >= observed) atLeast++;
    drawn++;
  }
  return (1 + atLeast) / (1 + drawn);
}
