import { ascendingOrder } from './ascending-order.ts';

/** A non-decreasing step-and-line function: values at rising places, straight between them, constant beyond. */
export interface IsotonicFit {
  readonly places: Float64Array;
  readonly values: Float64Array;
}

/**
 * The non-decreasing function nearest to the points in squares: how scores become calibrated probabilities.
 *
 * Definition: pool adjacent violators over the points in order of `x`, points of equal `x` averaged first. Reference: Barlow et al. (1972);
 * equals scikit-learn's IsotonicRegression(out_of_bounds='clip'). Complexity: O(n log n).
 *
 * @example isotonicFit([1, 2, 3], [0, 2, 1]).values // Float64Array [0, 1.5, 1.5]
 */
export function isotonicFit(x: ArrayLike<number>, y: ArrayLike<number>): IsotonicFit {
  const order = ascendingOrder(x);
  const places: number[] = [];
  const means: number[] = [];
  const weights: number[] = [];
  for (let at = 0; at < order.length; ) {
    const place = x[order[at] ?? 0] ?? NaN;
    let [sum, count] = [0, 0];
    for (; at < order.length && x[order[at] ?? 0] === place; at++, count++) sum += y[order[at] ?? 0] ?? 0;
    places.push(place);
    means.push(sum / count);
    weights.push(count);
  }
  const values = pooled(means, weights);
  return { places: Float64Array.from(places), values };
}

function pooled(means: readonly number[], weights: readonly number[]): Float64Array {
  const blocks: { mean: number; weight: number; length: number }[] = [];
  means.forEach((mean, i) => {
    let block = { mean, weight: weights[i] ?? 1, length: 1 };
    for (let before = blocks.at(-1); before !== undefined && before.mean >= block.mean; before = blocks.at(-1)) {
      const weight = before.weight + block.weight;
      block = {
        mean: (before.mean * before.weight + block.mean * block.weight) / weight,
        weight,
        length: before.length + block.length,
      };
      blocks.pop();
    }
    blocks.push(block);
  });
  const values = new Float64Array(means.length);
  let at = 0;
  for (const { mean, length } of blocks) {
    values.fill(mean, at, at + length);
    at += length;
  }
  return values;
}

/** The fit at any place; the nearest end's value beyond both ends. */
export function isotonicValue({ places, values }: IsotonicFit, x: number): number {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] ?? 0) <= x) low = middle + 1;
    else high = middle;
  }
  const [before, after] = [low - 1, low];
  if (before < 0) return values[0] ?? NaN;
  if (after >= places.length) return values[places.length - 1] ?? NaN;
  const [x0, x1] = [places[before] ?? 0, places[after] ?? 0];
  const [y0, y1] = [values[before] ?? 0, values[after] ?? 0];
  return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}
