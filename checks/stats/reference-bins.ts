import { quantileSorted } from './quantile.ts';

/** Ten bins of equal reference mass: the customary number, to which the customary limits (0.1, 0.25) belong. */
const BINS = 10;

/**
 * Inner edges that part the reference into bins of about equal mass; the outer bins are open. A value that takes up two quantiles or
 * more (a tenth of the rows: the zero of amounts that are mostly zero) is a bin of its own, so that what lies beyond it is seen.
 *
 * Definition: the distinct values of the 0.1 … 0.9 quantiles (type 7), and after each one that repeats, the next double.
 * Complexity: O(1) on sorted values.
 *
 * @example referenceEdges([1, 2, 3, 4, 5]) // [1.4, 1.8, 2.2, 2.6, 3, 3.4, 3.8, 4.2, 4.6]
 * @example referenceEdges([0, 0, 0, 0, 7]) // [0, 5e-324, 1.4000000000000001, 4.2]
 */
export function referenceEdges(sorted: ArrayLike<number>): readonly number[] {
  if (sorted.length === 0) return [];
  const quantiles = Array.from({ length: BINS - 1 }, (_, i) => quantileSorted(sorted, (i + 1) / BINS));
  const edges = quantiles.flatMap((edge, i) => {
    if (edge === quantiles[i - 1]) return [];
    return edge === quantiles[i + 1] ? [edge, nextDouble(edge)] : [edge];
  });
  return [...new Set(edges)];
}

/** The least double above a finite one. */
function nextDouble(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + (value > 0 ? 1n : -1n));
  return view.getFloat64(0);
}

/**
 * How many values fall into each bin: bin i holds edge[i−1] ≤ x < edge[i], as numpy.digitize does; NaN is counted apart.
 *
 * Complexity: O(n log k).
 *
 * @example binCounts([1, 2, 3, NaN], [2]) // { counts: Float64Array [1, 2], missing: 1 }
 */
export function binCounts(
  values: ArrayLike<number>,
  edges: readonly number[],
): { readonly counts: Float64Array; readonly missing: number } {
  const counts = new Float64Array(edges.length + 1);
  let missing = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN;
    if (Number.isNaN(value)) {
      missing++;
      continue;
    }
    const bin = edgesAtMost(edges, value);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { counts, missing };
}

/** How many edges are at most the value. */
export function edgesAtMost(edges: readonly number[], value: number): number {
  let [low, high] = [0, edges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((edges[middle] ?? Infinity) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
