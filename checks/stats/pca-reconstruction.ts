import { andersonDarling } from './anderson-darling.ts';
import { rowsOf, shuffledRows, type Points } from './points.ts';
import { reconstructionErrors } from './reconstruction-errors.ts';

export interface PcaReconstruction {
  /** Anderson–Darling's A² of the errors of rows that were not fitted; 1 is to be expected when nothing differs. */
  readonly statistic: number;
  readonly pValue: number;
  readonly components: number;
  /** Mean error of the first sample's rows that were not fitted, and of the second sample's. */
  readonly meanErrors: { readonly first: number; readonly second: number };
  /** Rows that were fitted, and that were compared. */
  readonly rows: { readonly fitted: number; readonly first: number; readonly second: number };
}

/** NannyML's share; what is left is what the errors are made of. */
const VARIANCE = 0.65;
/** Fewer rows a side say nothing. */
const FEWEST_ROWS = 20;

/**
 * Do the columns of the second sample hang together as those of the first do? Sees what no column shows alone. Undefined for fewer than
 * two columns or 20 rows a side.
 *
 * Definition: principal components are fitted on a random half of the first sample; the reconstruction errors of its other half and of the
 * second sample, which under the same law are alike given the fit, are compared by Anderson–Darling. Comparing with the errors of fitted
 * rows, as is usual, cries wolf: those are smaller whether or not anything drifted. Reference: Pearson (1901); the idea is NannyML's.
 * Complexity: O(rows · columns² + columns³).
 *
 * @example pcaReconstruction(reference, window, { seed: 1 })?.pValue // small when a correlation turned round
 */
export function pcaReconstruction(
  first: Points,
  second: Points,
  options: { readonly seed: number; readonly variance?: number },
): PcaReconstruction | undefined {
  if (first.columns < 2 || Math.min(first.rows, second.rows) < FEWEST_ROWS) return undefined;
  const { seed, variance = VARIANCE } = options;
  const order = shuffledRows(first.rows, seed);
  const half = Math.floor(first.rows / 2);
  const fitted = rowsOf(first, order.subarray(0, half));
  const held = reconstructionErrors(fitted, rowsOf(first, order.subarray(half)), variance);
  const other = reconstructionErrors(fitted, second, variance);
  const { statistic, pValue } = andersonDarling(held.errors, other.errors, seed);
  return {
    statistic,
    pValue,
    components: held.components,
    meanErrors: { first: meanOf(held.errors), second: meanOf(other.errors) },
    rows: { fitted: half, first: held.errors.length, second: other.errors.length },
  };
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
