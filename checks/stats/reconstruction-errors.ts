import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { columnScales, scaled, type Points } from './points.ts';

export interface Reconstruction {
  /** How far each row lies from the plane of the components, in the fitted rows' standard deviations. */
  readonly errors: Float64Array;
  readonly components: number;
  /** Share of the fitted rows' variance that the components hold. */
  readonly variance: number;
}

/**
 * How badly rows are rebuilt from the principal components of other rows: low while columns hang together as they did there.
 *
 * Definition: columns standardised by the fitted rows; the fewest leading eigenvectors of their correlations that hold more than the share
 * `variance`, one fewer than columns at most; ‖z − VVᵀz‖. Reference: Pearson (1901); scikit-learn's StandardScaler and PCA(n_components=variance).
 * Complexity: O(rows · columns² + columns³).
 *
 * @example reconstructionErrors(pointsOf([[0, 1, 2], [0, 1, 2]]), pointsOf([[1, 2], [1, 0]]), 0.65).errors // [0, 1.7320…]
 */
export function reconstructionErrors(fitted: Points, rows: Points, variance: number): Reconstruction {
  const scales = columnScales([fitted]);
  const { columns } = fitted;
  const { values: eigenvalues, vectors } = eigenvectors(correlations(scaled(fitted, scales)));
  const whole = eigenvalues.reduce((sum, value) => sum + value, 0);
  let [components, held] = [0, 0];
  while (components < columns - 1 && held <= variance * whole) held += eigenvalues[components++] ?? 0;
  const kept = vectors.slice(0, components);
  const z = scaled(rows, scales).values;
  const errors = Float64Array.from({ length: rows.rows }, (_, row) =>
    distanceFrom(kept, z.subarray(row * columns, (row + 1) * columns)),
  );
  return { errors, components, variance: whole === 0 ? 0 : held / whole };
}

/** The rest is taken off coordinate by coordinate: the difference of two squared lengths would lose the digits of small errors. */
function distanceFrom(vectors: readonly Float64Array[], z: Float64Array): number {
  const rest = z.slice();
  for (const vector of vectors) {
    let along = 0;
    for (let c = 0; c < z.length; c++) along += (vector[c] ?? 0) * (z[c] ?? 0);
    for (let c = 0; c < z.length; c++) rest[c] = (rest[c] ?? 0) - along * (vector[c] ?? 0);
  }
  return Math.hypot(...rest);
}

function correlations({ rows, columns, values }: Points): Matrix {
  const out = Matrix.zeros(columns, columns);
  const sums = new Float64Array(columns * columns);
  for (let row = 0; row < rows; row++) {
    for (let a = 0; a < columns; a++) {
      const left = values[row * columns + a] ?? 0;
      for (let b = 0; b <= a; b++)
        sums[a * columns + b] = (sums[a * columns + b] ?? 0) + left * (values[row * columns + b] ?? 0);
    }
  }
  for (let a = 0; a < columns; a++) {
    for (let b = 0; b <= a; b++) {
      out.set(a, b, (sums[a * columns + b] ?? 0) / rows);
      out.set(b, a, (sums[a * columns + b] ?? 0) / rows);
    }
  }
  return out;
}

/** Greatest first. */
function eigenvectors(symmetric: Matrix): {
  readonly values: readonly number[];
  readonly vectors: readonly Float64Array[];
} {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(symmetric, { assumeSymmetric: true });
  const order = realEigenvalues
    .map((_, at) => at)
    .toSorted((a, b) => (realEigenvalues[b] ?? 0) - (realEigenvalues[a] ?? 0));
  return {
    values: order.map((at) => Math.max(0, realEigenvalues[at] ?? 0)),
    vectors: order.map((at) => Float64Array.from(eigenvectorMatrix.getColumn(at))),
  };
}
