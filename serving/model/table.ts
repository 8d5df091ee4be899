/**
 * Data sets are columns, never arrays of row objects.
 *
 * A missing value (null, an empty cell) is NaN in a number column, code -1 in a category column, undefined in a list column.
 */
export type Column = NumberColumn | IntegerColumn | CategoryColumn | ListColumn;

/** `values[row]`; NaN is missing. Booleans are 0 and 1. */
export interface NumberColumn {
  readonly kind: 'number';
  readonly name: string;
  readonly values: Float64Array;
}

/** 64-bit integers beyond 2^53 only; every other integer column is a NumberColumn. `missing[row]` is 1 where the value is missing. */
export interface IntegerColumn {
  readonly kind: 'integer';
  readonly name: string;
  readonly values: BigInt64Array;
  readonly missing: Uint8Array;
}

/** Dictionary-coded text: the value of a row is `dictionary[codes[row]]`; code -1 is missing. */
export interface CategoryColumn {
  readonly kind: 'category';
  readonly name: string;
  readonly codes: Int32Array;
  readonly dictionary: readonly string[];
}

/** One flat list of numbers a row (an image, an embedding). */
export interface ListColumn {
  readonly kind: 'list';
  readonly name: string;
  readonly values: readonly (Float64Array | undefined)[];
}

export interface Table {
  readonly rows: number;
  /** In the order of the file. Every column has `rows` values. */
  readonly columns: ReadonlyMap<string, Column>;
}

/** One record as a caller writes it: column names and plain JSON values. */
export type Cell = number | string | boolean | null | readonly number[];
export type Row = Readonly<Record<string, Cell>>;
