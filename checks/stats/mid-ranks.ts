import { ascendingOrder } from './ascending-order.ts';

/**
 * Ranks from 1; equal values share the mean of the ranks they take up.
 *
 * Reference: scipy.stats.rankdata(method='average'). Complexity: O(n log n).
 *
 * @example midRanks([10, 20, 10]) // Float64Array [1.5, 3, 1.5]
 */
export function midRanks(values: ArrayLike<number>): Float64Array {
  const order = ascendingOrder(values);
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length; ) {
    const value = values[order[start] ?? 0];
    let end = start + 1;
    while (end < order.length && values[order[end] ?? 0] === value) end++;
    for (let i = start; i < end; i++) ranks[order[i] ?? 0] = (start + end + 1) / 2;
    start = end;
  }
  return ranks;
}
