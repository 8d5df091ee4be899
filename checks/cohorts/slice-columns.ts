import type { Column, Table } from '../../serving/model/table.ts';
import { cohortsOfColumn } from './cohort.ts';

/** A column cut into bins, so that a slice is a bin of one column, or of two. */
export interface SliceColumn {
  readonly column: string;
  /** Bin of each row, by its place among the rows that are searched. */
  readonly bins: Uint8Array;
  readonly labels: readonly { readonly key: string; readonly name: string }[];
}

/** Columns searched at most; the model's own inputs come first. */
const MOST_COLUMNS = 40;

/**
 * The columns that slices are looked for in: every one but those left out, lists, constants and identifiers (whole numbers or texts that never
 * repeat). Cut as cohorts are: values where they are few, else quarters of the rows; without looking at any label or answer.
 */
export function sliceColumns(
  table: Table,
  rows: Uint32Array,
  { inputs, without }: { readonly inputs: readonly string[]; readonly without: ReadonlySet<string> },
): readonly SliceColumn[] {
  const names = [...new Set([...inputs, ...table.columns.keys()])].filter((name) => !without.has(name));
  const columns: SliceColumn[] = [];
  for (const column of names) {
    const found = table.columns.get(column);
    if (columns.length === MOST_COLUMNS) break;
    if (found === undefined || isIdentifier(found, rows)) continue;
    const binned = binnedColumn(table, column, rows);
    if (binned !== undefined) columns.push(binned);
  }
  return columns;
}

function binnedColumn(table: Table, column: string, rows: Uint32Array): SliceColumn | undefined {
  const cohorts = cohortsOfColumn(table, { column }, rows);
  if (cohorts === undefined || cohorts.length < 2) return undefined;
  const placeOf = new Map(Array.from(rows, (row, place) => [row, place]));
  const bins = new Uint8Array(rows.length);
  cohorts.forEach((cohort, bin) => {
    for (const row of cohort.rows) bins[placeOf.get(row) ?? 0] = bin;
  });
  return { column, bins, labels: cohorts.map(({ key, name }) => ({ key, name })) };
}

function isIdentifier(column: Column, rows: Uint32Array): boolean {
  switch (column.kind) {
    case 'list':
      return true;
    case 'integer':
      return true;
    case 'category':
      return new Set(Array.from(rows, (row) => column.codes[row])).size === rows.length;
    case 'number': {
      const values = Array.from(rows, (row) => column.values[row] ?? NaN);
      return values.every(Number.isInteger) && new Set(values).size === rows.length;
    }
  }
}
