import { hypergeometricDraw } from '../stats/hypergeometric-draw.ts';
import { seededRandom } from '../stats/seeded-random.ts';

/** How far two samples' counts in the same bins are apart; greater is further. */
export type TableDistance = (first: ArrayLike<number>, second: ArrayLike<number>) => number;

const PERMUTATIONS = 999;
/** Times as many, the observed one counted, are drawn where none of the first came near: the least p-value must not drown in a family of tests. */
const MORE = 10;
/** Statistics that are equal but for rounding count as equal. */
const SAME = 1e-9;

/**
 * Permutation p-value of any distance of two samples' counts: rows change sides, their bins stay. (1 + count)/(1 + 999), or of up to 9,999 where
 * none of the first 999 came near. A table is drawn whole, bin by bin, from the hypergeometric law of its margins: the cost depends on
 * the bins, not on the rows.
 */
export function permutedTable(
  first: readonly number[],
  second: readonly number[],
  distance: TableDistance,
  seed: number,
  permutations: number = PERMUTATIONS,
): number {
  const totals = first.map((count, bin) => count + (second[bin] ?? 0));
  const rows = totals.reduce((sum, count) => sum + count, 0);
  const n = first.reduce((sum, count) => sum + count, 0);
  const observed = distance(first, second) * (1 - SAME);
  const random = seededRandom(seed);
  let atLeast = 0;
  let drawn = 0;
  const side = new Float64Array(totals.length);
  const other = new Float64Array(totals.length);
  while (drawn < permutations || (atLeast === 0 && drawn < MORE * (permutations + 1) - 1)) {
    let [left, places] = [rows, n];
    for (let bin = 0; bin < totals.length; bin++) {
      const total = totals[bin] ?? 0;
      const taken = hypergeometricDraw(left, places, total, random);
      side[bin] = taken;
      other[bin] = total - taken;
      left -= total;
      places -= taken;
    }
    if (distance(side, other) >= observed) atLeast++;
    drawn++;
  }
  return (1 + atLeast) / (1 + drawn);
}
