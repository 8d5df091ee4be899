import { seededRandom } from '../stats/seeded-random.ts';
import type { ComparableColumn } from './comparable-column.ts';

/** Refitting and permuting is what makes the p-value of all columns together true, and what costs time: more rows are sampled down. */
export const MOST_PICKED = 1000;

/** Row numbers of either side, ascending: the same for every column. */
export interface PickedRows {
  readonly reference: Uint32Array;
  readonly window: Uint32Array;
}

/** All rows of a side, or a seeded sample of 1,000 (or `most`) without replacement. */
export function pickRows(reference: number, window: number, seed: number, most = MOST_PICKED): PickedRows {
  const random = seededRandom(seed);
  const pick = (rows: number): Uint32Array => {
    if (rows <= most) return Uint32Array.from({ length: rows }, (_, row) => row);
    // Floyd's sampling: as many draws as rows are wanted, however many there are.
    const chosen = new Set<number>();
    for (let last = rows - most; last < rows; last++) {
      const drawn = random.index(last + 1);
      chosen.add(chosen.has(drawn) ? last : drawn);
    }
    return Uint32Array.from(chosen).sort();
  };
  return { reference: pick(reference), window: pick(window) };
}

export function pickedColumn(column: ComparableColumn, rows: PickedRows): ComparableColumn {
  if (column.kind === 'number') {
    const of = (values: Float64Array, picked: Uint32Array) => Float64Array.from(picked, (row) => values[row] ?? NaN);
    return { ...column, reference: of(column.reference, rows.reference), window: of(column.window, rows.window) };
  }
  const of = (codes: Int32Array, picked: Uint32Array) => Int32Array.from(picked, (row) => codes[row] ?? -1);
  return { ...column, reference: of(column.reference, rows.reference), window: of(column.window, rows.window) };
}
