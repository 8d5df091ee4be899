import { grown } from './growing.ts';
import { levels, run } from './levels.ts';
import type { LogColumn, LogValue } from './log-column.ts';

/**
 * A column while its rows come in. Values lie in typed arrays in the very form in which Parquet's plain encoding has them, so that writing a
 * file is compressing what is there: a row of 35 columns costs a microsecond instead of four.
 */
export interface TypedColumn extends LogColumn {
  readonly rows: number;
  /** What does not fit the column's type is null. */
  push(value: LogValue): void;
  /** For numbers that are known to be numbers; what is not finite, or no integer in a column of integers, is null. */
  pushNumber(value: number): void;
  /** For a list of numbers; in a column of another type it is null. */
  pushNumbers(source: Float64Array, start: number, end: number): void;
  page(): ColumnPage;
}

/** A column's values as one Parquet page. Levels are undefined where the schema has none. */
export interface ColumnPage {
  readonly values: Uint8Array;
  /** Values and nulls. */
  readonly count: number;
  readonly nulls: number;
  readonly definition: Uint8Array;
  readonly repetition?: Uint8Array;
  /** Distinct values, where `values` are indices into them. */
  readonly dictionary?: { readonly values: Uint8Array; readonly count: number };
  readonly least?: number;
  readonly greatest?: number;
}

/** Which rows hold a value: nothing is kept until the first null comes. */
export class Presence {
  rows = 0;
  nulls = 0;
  #present: Uint8Array | undefined;

  push(isPresent: boolean): void {
    if (!isPresent && this.#present === undefined) this.#present = new Uint8Array(Math.max(256, this.rows * 2)).fill(1);
    if (this.#present !== undefined) {
      this.#present = grown(this.#present, this.rows + 1);
      this.#present[this.rows] = isPresent ? 1 : 0;
    }
    this.rows += 1;
    if (!isPresent) this.nulls += 1;
  }

  get definition(): Uint8Array {
    return this.#present === undefined ? run(1, this.rows, 1) : levels(this.#present, this.rows, 1);
  }
}

export function pageOf({ rows, nulls, definition }: Presence, values: Uint8Array): ColumnPage {
  return { values, count: rows, nulls, definition };
}
