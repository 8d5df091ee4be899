import type { Points } from './points.ts';

/** A symmetric matrix over the rows of two samples, the first sample's rows first; row by row, `size` × `size`. */
export interface PairMatrix {
  readonly size: number;
  readonly values: Float64Array;
}

/**
 * Squared Euclidean distances between all rows of two samples.
 *
 * Complexity: O(N² · columns); 8 N² bytes.
 *
 * @example squaredDistances(pointsOf([[0, 3]]), pointsOf([[1]])).values // Float64Array [0, 9, 1, 9, 0, 4, 1, 4, 0]
 */
export function squaredDistances(first: Points, second: Points): PairMatrix {
  const size = first.rows + second.rows;
  const { columns } = first;
  const all = new Float64Array(size * columns);
  all.set(first.values);
  all.set(second.values, first.values.length);
  const values = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let c = 0; c < columns; c++) {
        const gap = (all[i * columns + c] ?? 0) - (all[j * columns + c] ?? 0);
        sum += gap * gap;
      }
      values[i * size + j] = sum;
      values[j * size + i] = sum;
    }
  }
  return { size, values };
}
