import { seededRandom } from './seeded-random.ts';

/** Rows of numbers, for tests that look at all columns together. No value is missing: whoever builds them says what stands for nothing. */
export interface Points {
  readonly rows: number;
  readonly columns: number;
  /** Row by row. */
  readonly values: Float64Array;
}

/**
 * Points from columns of one length.
 *
 * Complexity: O(rows · columns).
 *
 * @example pointsOf([[1, 2], [3, 4]]).values // Float64Array [1, 3, 2, 4]
 */
export function pointsOf(columns: readonly ArrayLike<number>[]): Points {
  const rows = columns[0]?.length ?? 0;
  const values = new Float64Array(rows * columns.length);
  columns.forEach((column, c) => {
    for (let row = 0; row < rows; row++) values[row * columns.length + c] = column[row] ?? NaN;
  });
  return { rows, columns: columns.length, values };
}

/**
 * Both samples with every column brought to mean 0 and standard deviation 1 of the two together, so that no column counts for
 * more because of its unit; a constant column becomes 0. Labels play no part in it, which keeps permutation tests exact.
 *
 * Complexity: O(rows · columns).
 *
 * @example standardisedTogether(pointsOf([[0, 2]]), pointsOf([[0, 2]])).first.values // Float64Array [-1, 1]
 */
export function standardisedTogether(
  first: Points,
  second: Points,
): { readonly first: Points; readonly second: Points } {
  const scale = columnScales([first, second]);
  return { first: scaled(first, scale), second: scaled(second, scale) };
}

export interface ColumnScales {
  readonly means: Float64Array;
  /** Over the number of rows, not one less; 1 for a constant column. */
  readonly deviations: Float64Array;
}

/** Means and standard deviations of the columns of several samples together. Complexity: O(rows · columns). */
export function columnScales(samples: readonly Points[]): ColumnScales {
  const columns = samples[0]?.columns ?? 0;
  const rows = samples.reduce((sum, points) => sum + points.rows, 0);
  const [means, squares] = [new Float64Array(columns), new Float64Array(columns)];
  for (const { values } of samples) {
    for (let at = 0; at < values.length; at++)
      means[at % columns] = (means[at % columns] ?? 0) + (values[at] ?? 0) / rows;
  }
  for (const { values } of samples) {
    for (let at = 0; at < values.length; at++) {
      const c = at % columns;
      squares[c] = (squares[c] ?? 0) + ((values[at] ?? 0) - (means[c] ?? 0)) ** 2 / rows;
    }
  }
  // What rounding leaves of a constant column's spread is no spread.
  const deviations = squares.map((square, c) =>
    Math.sqrt(square) > Math.abs(means[c] ?? 0) * ROUNDING ? Math.sqrt(square) : 1,
  );
  return { means, deviations };
}

const ROUNDING = 1e-12;

/** Complexity: O(rows · columns). */
export function scaled(points: Points, { means, deviations }: ColumnScales): Points {
  const { columns } = points;
  const values = points.values.map(
    (value, at) => (value - (means[at % columns] ?? 0)) / (deviations[at % columns] ?? 1),
  );
  return { ...points, values };
}

/**
 * The rows of these numbers, in this order.
 *
 * @example rowsOf(pointsOf([[5, 6, 7]]), [2, 0]).values // Float64Array [7, 5]
 */
export function rowsOf(points: Points, rows: ArrayLike<number>): Points {
  const { columns } = points;
  const values = new Float64Array(rows.length * columns);
  for (let i = 0; i < rows.length; i++) {
    const start = (rows[i] ?? 0) * columns;
    values.set(points.values.subarray(start, start + columns), i * columns);
  }
  return { rows: rows.length, columns, values };
}

/**
 * At most `most` rows of a sample, drawn without replacement by a seed; all of them, in order, when there are no more.
 *
 * Complexity: O(rows).
 *
 * @example sampledRows(pointsOf([[5, 6, 7]]), 5, 1).rows // 3
 */
export function sampledRows(points: Points, most: number, seed: number): Points {
  return points.rows <= most ? points : rowsOf(points, shuffledRows(points.rows, seed).subarray(0, most));
}

/** The numbers from 0 to `rows` − 1 in an order that a seed decides. Complexity: O(rows). */
export function shuffledRows(rows: number, seed: number): Uint32Array {
  const random = seededRandom(seed);
  const order = Uint32Array.from({ length: rows }, (_, row) => row);
  for (let i = rows - 1; i > 0; i--) {
    const other = random.index(i + 1);
    const kept = order[i] ?? 0;
    order[i] = order[other] ?? 0;
    order[other] = kept;
  }
  return order;
}
