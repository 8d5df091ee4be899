import type { MergedTies } from './merged-ties.ts';
import { seededRandom } from './seeded-random.ts';

/** Enough that a p-value of 0.05 is known to 0.007, few enough for a column of 2,000 rows a side. */
export const PERMUTATIONS = 999;
/** Rows a side up to which tied samples are judged by permutation; above, asymptotic laws that are conservative under ties take over. */
export const PERMUTED_ROWS = 2000;
/** Statistics that are equal but for rounding count as equal. */
const SAME = 1e-9;

/**
 * Permutation p-value of any statistic of two samples' tie blocks: which row belongs to which sample is shuffled, the values stay.
 *
 * Definition: (1 + count)/(1 + 999), count being the shuffles whose statistic is at least the observed one. `statistic` gets what
 * `MergedTies.first` would be: how many of the first sample are at or below the end of each block. Greater means further apart.
 * Reference: Phipson & Smyth (2010), "Permutation p-values should never be zero". Complexity: O(999·(n + m)).
 *
 * @example permutedSides(tiesOf([1, 1, 2], [2, 3, 3]), ([one = 0]) => one, 1) // about 0.2: both 1s fall to the first sample
 */
export function permutedSides(ties: MergedTies, statistic: (first: Uint32Array) => number, seed: number): number {
  const labels = labelsOf(ties);
  const ends = ties.first.map((below, k) => below + (ties.second[k] ?? 0));
  const observed = statistic(ties.first);
  const limit = observed - Math.abs(observed) * SAME;
  const random = seededRandom(seed);
  const first = new Uint32Array(ends.length);
  let atLeast = 0;
  for (let permutation = 0; permutation < PERMUTATIONS; permutation++) {
    for (let i = labels.length - 1; i > 0; i--) {
      const other = random.index(i + 1);
      const kept = labels[i] ?? 0;
      labels[i] = labels[other] ?? 0;
      labels[other] = kept;
    }
    let [at, below] = [0, 0];
    for (let k = 0; k < ends.length; k++) {
      for (const end = ends[k] ?? 0; at < end; at++) below += labels[at] ?? 0;
      first[k] = below;
    }
    if (statistic(first) >= limit) atLeast++;
  }
  return (1 + atLeast) / (1 + PERMUTATIONS);
}

/**
 * A permutation p-value, or, where none of the shuffles came near, the asymptotic one if it is smaller: the least p-value that 999
 * shuffles can give would drown in a family of tests.
 */
export function permutedOrAsymptotic(permuted: number, asymptotic: number): number {
  return permuted > 1 / (1 + PERMUTATIONS) ? permuted : Math.min(permuted, asymptotic);
}

/** 1 where the row at this place of the pooled order belongs to the first sample. */
function labelsOf({ n, m, first, second }: MergedTies): Uint8Array {
  const labels = new Uint8Array(n + m);
  let [at, before, beforeSecond] = [0, 0, 0];
  for (let k = 0; k < first.length; k++) {
    const [below, belowSecond] = [first[k] ?? 0, second[k] ?? 0];
    labels.fill(1, at, at + below - before);
    at += below - before + belowSecond - beforeSecond;
    [before, beforeSecond] = [below, belowSecond];
  }
  return labels;
}
