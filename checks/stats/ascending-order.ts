/** Below this many values the engine's own sort is as fast. */
const FEW = 2048;
const DIGIT_BITS = 11;
const DIGITS = 2 ** DIGIT_BITS;
const DIGIT_MASK = DIGITS - 1;
const SIGN = 0x8000_0000;

/**
 * The indices of `values` in ascending order of value; equal values in ascending order of index. NaN must not occur.
 *
 * Definition: many values by a stable radix sort over the high words of their doubles, as `sortedValues` does; runs that the high word does not tell apart
 * by comparison. Complexity: O(n log n), O(n) for many values that spread; no boxing.
 *
 * @example ascendingOrder([3, 1, 2]) // Uint32Array [1, 2, 0]
 */
export function ascendingOrder(values: ArrayLike<number>): Uint32Array {
  const order = Uint32Array.from({ length: values.length }, (_, i) => i);
  const compare = (a: number, b: number) => (values[a] ?? 0) - (values[b] ?? 0) || a - b;
  if (order.length < FEW) return order.sort(compare);
  return radixOrder(values, order, compare);
}

function radixOrder(
  values: ArrayLike<number>,
  first: Uint32Array<ArrayBuffer>,
  compare: (a: number, b: number) => number,
): Uint32Array {
  let keys = highWords(values);
  let order = first;
  let [nextKeys, nextOrder] = [new Uint32Array(keys.length), new Uint32Array(keys.length)];
  for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
    const starts = new Uint32Array(DIGITS + 1);
    for (let i = 0; i < keys.length; i++) {
      const digit = ((keys[i] ?? 0) >>> shift) & DIGIT_MASK;
      starts[digit + 1] = (starts[digit + 1] ?? 0) + 1;
    }
    // One digit for all: nothing has to move.
    if (starts.includes(keys.length)) continue;
    for (let digit = 1; digit <= DIGITS; digit++) starts[digit] = (starts[digit] ?? 0) + (starts[digit - 1] ?? 0);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] ?? 0;
      const digit = (key >>> shift) & DIGIT_MASK;
      const place = starts[digit] ?? 0;
      starts[digit] = place + 1;
      nextKeys[place] = key;
      nextOrder[place] = order[i] ?? 0;
    }
    [keys, nextKeys] = [nextKeys, keys];
    [order, nextOrder] = [nextOrder, order];
  }
  for (let from = 0, to = 1; to <= keys.length; to++) {
    if (to < keys.length && keys[to] === keys[from]) continue;
    orderRun(order, from, to, compare);
    from = to;
  }
  return order;
}

/** The sort is stable: a run of equal values is in order already, and most runs are that, or of one value. */
function orderRun(order: Uint32Array, from: number, to: number, compare: (a: number, b: number) => number): void {
  for (let i = from + 1; i < to; i++) {
    if (compare(order[i - 1] ?? 0, order[i] ?? 0) < 0) continue;
    order.subarray(from, to).sort(compare);
    return;
  }
}

/** The upper halves of the doubles, mapped so that they order as the doubles do; −0 is 0. */
function highWords(values: ArrayLike<number>): Uint32Array<ArrayBuffer> {
  const doubles = new Float64Array(values.length);
  for (let i = 0; i < doubles.length; i++) doubles[i] = (values[i] ?? 0) + 0;
  const words = new Uint32Array(doubles.buffer);
  const keys = new Uint32Array(values.length);
  for (let i = 0; i < keys.length; i++) {
    const high = words[2 * i + 1] ?? 0;
    keys[i] = high ^ ((high >> 31) | SIGN);
  }
  return keys;
}
