import type { Column, Table } from './table.ts';

/** Rows [from, to) of a table; number columns share their memory with it. */
export function sliceRows(table: Table, from: number, to: number): Table {
  return mapColumns(table, Math.max(0, Math.min(to, table.rows) - from), (column): Column => {
    switch (column.kind) {
      case 'number':
        return { ...column, values: column.values.subarray(from, to) };
      case 'integer':
        return { ...column, values: column.values.subarray(from, to), missing: column.missing.subarray(from, to) };
      case 'category':
        return { ...column, codes: column.codes.subarray(from, to) };
      case 'list':
        return { ...column, values: column.values.slice(from, to) };
    }
  });
}

/** The rows named by their numbers, in that order; a row may be named twice. Row numbers must be within the table. */
export function takeRows(table: Table, rows: ArrayLike<number>): Table {
  const at = (i: number): number => rows[i] ?? 0;
  return mapColumns(table, rows.length, (column): Column => {
    switch (column.kind) {
      case 'number':
        return { ...column, values: Float64Array.from(rows, (row) => column.values[row] ?? NaN) };
      case 'integer': {
        const values = new BigInt64Array(rows.length);
        const missing = new Uint8Array(rows.length);
        for (let i = 0; i < rows.length; i++) {
          values[i] = column.values[at(i)] ?? 0n;
          missing[i] = column.missing[at(i)] ?? 1;
        }
        return { ...column, values, missing };
      }
      case 'category':
        return { ...column, codes: Int32Array.from(rows, (row) => column.codes[row] ?? -1) };
      case 'list':
        return { ...column, values: Array.from(rows, (row) => column.values[row]) };
    }
  });
}

/** The table with one column replaced or added. The column must have as many values as the table has rows. */
export function withColumn(table: Table, column: Column): Table {
  return { rows: table.rows, columns: new Map([...table.columns, [column.name, column]]) };
}

/** At most `count` row numbers, spread evenly over the table, the first row among them. */
export function spreadRows(rows: number, count: number): Int32Array {
  const taken = Math.min(rows, Math.floor(count));
  return Int32Array.from({ length: taken }, (_, i) => Math.floor((i * rows) / taken));
}

function mapColumns(table: Table, rows: number, change: (column: Column) => Column): Table {
  return { rows, columns: new Map([...table.columns].map(([name, column]) => [name, change(column)])) };
}
