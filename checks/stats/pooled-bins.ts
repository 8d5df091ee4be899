import type { MergedTies } from './merged-ties.ts';

/** As many as of the reference, to which the customary limits of PSI belong. */
const BINS = 10;

/**
 * Counts of two samples in bins of about equal mass of both together. Under one law either sample's counts are then a random draw from the
 * totals, which is what contingency and permutation tests suppose; in deciles of one sample its own counts are fixed beforehand, and where few rows are expected
 * χ² by them was found significant in 19 % of the cases where nothing differs (50 rows against 2,000).
 *
 * Definition: the pooled order is cut behind the blocks in which its i/10 lie; a block that holds two of these or more (the zero of amounts that are
 * mostly zero), and what is infinite (missing values, in the order of rank tests), is a bin of its own. Complexity: O(log blocks).
 *
 * @example pooledBins(tiesOf([1, 2, 3, 4, 5], [1.5, 2.5, 3.5, 4.5, 5.5])) // [[1, 0, 1, 0, …], [0, 1, 0, 1, …]]
 */
export function pooledBins(ties: MergedTies): [number[], number[]] {
  const ends = cuts(ties);
  const counts = (below: Uint32Array) => ends.map((end, i) => (below[end] ?? 0) - (below[ends[i - 1] ?? -1] ?? 0));
  return [counts(ties.first), counts(ties.second)];
}

/** Last blocks of the bins, ascending. */
function cuts({ n, m, values, first, second }: MergedTies): readonly number[] {
  const last = values.length - 1;
  if (last < 0) return [];
  const deciles = Array.from({ length: BINS - 1 }, (_, i) => blockAt(((i + 1) / BINS) * (n + m), first, second));
  const heavy = deciles.filter((block, i) => block === deciles[i - 1]);
  const infinite = [...(values[0] === -Infinity ? [0] : []), ...(values[last] === Infinity ? [last - 1] : [])];
  const all = new Set([...deciles, ...heavy.map((block) => block - 1), ...infinite, last]);
  return [...all].filter((block) => block >= 0).toSorted((a, b) => a - b);
}

/** The first block by whose end so many rows are counted. */
function blockAt(rows: number, first: Uint32Array, second: Uint32Array): number {
  let [low, high] = [0, first.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((first[middle] ?? 0) + (second[middle] ?? 0) < rows) low = middle + 1;
    else high = middle;
  }
  return low;
}
