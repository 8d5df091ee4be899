import gammaln from '@stdlib/math-base-special-gammaln';
import { hypergeometricDraw } from './hypergeometric-draw.ts';
import type { MergedTies } from './merged-ties.ts';
import { type SeededRandom, seededRandom } from './seeded-random.ts';

/** Enough that a p-value of 0.05 is known to 0.007, few enough for a column of 2,000 rows a side. */
export const PERMUTATIONS = 999;
/** Rows a side up to which tied samples are judged by permutation; above, asymptotic laws that are conservative under ties take over. */
export const PERMUTED_ROWS = 2000;
/** Statistics that are equal but for rounding count as equal. */
const SAME = 1e-9;

/**
 * Permutation p-value of any statistic of two samples' tie blocks: which row belongs to which sample is shuffled, the values stay.
 *
 * Definition: (1 + count)/(1 + permutations), 999 unless said otherwise, count being the shuffles whose statistic is at least the observed one. `statistic` gets what
 * `MergedTies.first` would be: how many of the first sample are at or below the end of each block. Greater means further apart.
 * Only how many of a block fall to the first sample matters, so that blocks of many rows take one hypergeometric draw each.
 * Reference: Phipson & Smyth (2010), "Permutation p-values should never be zero". Complexity: O(999·(blocks + min(n, m))) at most, O(999·blocks)
 * where blocks are large.
 *
 * @example permutedSides(tiesOf([1, 1, 2], [2, 3, 3]), ([one = 0]) => one, 1) // about 0.2: both 1s fall to the first sample
 */
export function permutedSides(
  ties: MergedTies,
  statistic: (first: Uint32Array) => number,
  seed: number,
  permutations: number = PERMUTATIONS,
): number {
  const ends = ties.first.map((below, k) => below + (ties.second[k] ?? 0));
  const observed = statistic(ties.first);
  const limit = observed - Math.abs(observed) * SAME;
  const random = seededRandom(seed);
  const first = new Uint32Array(ends.length);
  const permute =
    blockDraws(ends) < Math.min(ties.n, ties.m) ? drawnBlocks(ties, ends, random) : shuffledRows(ties, ends, random);
  let atLeast = 0;
  for (let permutation = 0; permutation < permutations; permutation++) {
    permute(first);
    if (statistic(first) >= limit) atLeast++;
  }
  return (1 + atLeast) / (1 + permutations);
}

/** A hypergeometric draw costs about as much as shuffling this many rows. */
const DRAW_ROWS = 8;

/** What drawing block by block costs, in rows shuffled. */
function blockDraws(ends: Uint32Array): number {
  let cost = 0;
  for (let k = 0; k < ends.length; k++) cost += Math.min(DRAW_ROWS, (ends[k] ?? 0) - (ends[k - 1] ?? 0));
  return cost;
}

/** Block after block, how many of its rows fall to the first sample, given what is left of both. */
function drawnBlocks({ n, m }: MergedTies, ends: Uint32Array, random: SeededRandom): (first: Uint32Array) => void {
  return (first) => {
    let [below, start] = [0, 0];
    for (let k = 0; k < ends.length; k++) {
      const end = ends[k] ?? 0;
      below += hypergeometricDraw(n + m - start, n - below, end - start, random);
      first[k] = below;
      start = end;
    }
  };
}

/** The rows of the smaller sample are drawn from all. */
function shuffledRows({ n, m }: MergedTies, ends: Uint32Array, random: SeededRandom): (first: Uint32Array) => void {
  const smaller = Math.min(n, m);
  const blocks = new Uint32Array(n + m);
  for (let k = 0; k < ends.length; k++) blocks.fill(k, ends[k - 1] ?? 0, ends[k]);
  return (first) => {
    first.fill(0);
    for (let i = 0; i < smaller; i++) {
      const other = i + random.index(n + m - i);
      const block = blocks[other] ?? 0;
      blocks[other] = blocks[i] ?? 0;
      blocks[i] = block;
      first[block] = (first[block] ?? 0) + 1;
    }
    let below = 0;
    for (let k = 0; k < ends.length; k++) {
      below += first[k] ?? 0;
      first[k] = smaller === n ? below : (ends[k] ?? 0) - below;
    }
  };
}

/**
 * A permutation p-value, or, where none of the shuffles came near, the asymptotic one if it is smaller: the least p-value that 999
 * shuffles can give would drown in a family of tests. Never below 1/C(n + m, n): one of so many ways to deal the rows is the observed one, whatever
 * an asymptotic law says of a few rows.
 */
export function permutedOrAsymptotic(permuted: number, asymptotic: number, { n, m }: MergedTies): number {
  if (permuted > 1 / (1 + PERMUTATIONS)) return permuted;
  const least = Math.exp(gammaln(n + 1) + gammaln(m + 1) - gammaln(n + m + 1));
  return Math.min(permuted, Math.max(asymptotic, least));
}
