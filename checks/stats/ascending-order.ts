/**
 * The indices of `values` in ascending order of value; equal values in ascending order of index. NaN must not occur.
 *
 * Complexity: O(n log n), no boxing.
 *
 * @example ascendingOrder([3, 1, 2]) // Uint32Array [1, 2, 0]
 */
export function ascendingOrder(values: ArrayLike<number>): Uint32Array {
  const order = Uint32Array.from({ length: values.length }, (_, i) => i);
  return order.sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0) || a - b);
}
