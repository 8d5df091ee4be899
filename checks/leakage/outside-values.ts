import type { Column } from '../../serving/model/table.ts';
import type { ManifestColumn } from '../manifest/manifest.ts';
import { wilsonInterval } from '../stats/wilson-interval.ts';

/** What a column holds that the manifest says it may not. */
export interface OutsideValues {
  readonly rows: number;
  /** Values below `min`, above `max`, or not among `values`. */
  readonly outside: number;
  /** The first of them, rows 1-based. */
  readonly first: readonly { readonly row: number; readonly found: number | string }[];
  readonly missing: number;
  /** Whether the share of missing values surely lies above the declared one. */
  readonly missesTooMuch: boolean;
}

const ROWS_TOLD = 5;
const ALPHA = 0.05;

/** Undefined where nothing is declared that the column could break. */
export function outsideValues(column: Column, domain: ManifestColumn): OutsideValues | undefined {
  const { min = -Infinity, max = Infinity, values, missing } = domain;
  if (values === undefined && min === -Infinity && max === Infinity && missing === undefined) return undefined;
  const listed = values === undefined ? undefined : new Set(values.map(String));
  const isOutside = (value: number | string): boolean =>
    listed === undefined ? typeof value === 'number' && (value < min || value > max) : !listed.has(String(value));
  const at = valuesOf(column);
  const rows = rowsOf(column);
  const first: { row: number; found: number | string }[] = [];
  let [outside, absent] = [0, 0];
  for (let row = 0; row < rows; row++) {
    const value = at(row);
    if (value === undefined) absent += 1;
    else if (isOutside(value)) {
      outside += 1;
      if (first.length < ROWS_TOLD) first.push({ row: row + 1, found: value });
    }
  }
  return {
    rows,
    outside,
    first,
    missing: absent,
    // None allowed is broken by one; a share is broken when chance does not explain it.
    missesTooMuch: missing !== undefined && absent > 0 && wilsonInterval(absent, rows, ALPHA).lower > missing,
  };
}

function rowsOf(column: Column): number {
  return column.kind === 'category' ? column.codes.length : column.values.length;
}

function valuesOf(column: Column): (row: number) => number | string | undefined {
  switch (column.kind) {
    case 'number':
      return (row) => {
        const value = column.values[row] ?? NaN;
        return Number.isNaN(value) ? undefined : value;
      };
    case 'integer':
      return (row) => (column.missing[row] === 1 ? undefined : Number(column.values[row] ?? 0n));
    case 'category':
      return (row) => column.dictionary[column.codes[row] ?? -1];
    case 'list':
      return () => undefined;
  }
}
