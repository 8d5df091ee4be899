import { permutedCounts } from '../stats/permuted-counts.ts';

/** How far two samples' counts in the same bins are apart; greater is further. */
export type TableDistance = (first: ArrayLike<number>, second: ArrayLike<number>) => number;

const PERMUTATIONS = 999;
/** Times as many, the observed one counted, are drawn where none of the first came near: the least p-value must not drown in a family of tests. */
const MORE = 10;

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
  const other = new Float64Array(totals.length);
  const ofSide = (side: ArrayLike<number>): number => {
    for (let bin = 0; bin < totals.length; bin++) other[bin] = (totals[bin] ?? 0) - (side[bin] ?? 0);
    return distance(side, other);
  };
  return permutedCounts(first, totals, ofSide, { seed, permutations, more: MORE });
}
