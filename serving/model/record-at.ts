import type { Signature } from './signature.ts';
import type { Column, Row, Table } from './table.ts';

/** A row of a table as a caller would send it, with the columns that a signature takes; `tableOfRecords` is the way back. */
export function recordAt(table: Table, row: number, { columns }: Pick<Signature, 'columns'>): Row {
  const entries = columns.flatMap(({ name, type }) => {
    const column = table.columns.get(name);
    return column === undefined ? [] : [[name, cellAt(column, row, type === 'boolean')] as const];
  });
  return Object.fromEntries(entries);
}

/** One value as JSON writes it; null where it is missing. */
export function cellAt(column: Column, row: number, isFlag = false): Row[string] {
  switch (column.kind) {
    case 'number': {
      const value = column.values[row] ?? Number.NaN;
      if (Number.isNaN(value)) return null;
      return isFlag ? value !== 0 : value;
    }
    case 'integer':
      // Beyond 2^53 an integer travels as text of digits.
      return column.missing[row] === 1 ? null : String(column.values[row] ?? '');
    case 'category':
      return column.dictionary[column.codes[row] ?? -1] ?? null;
    case 'list': {
      const values = column.values[row];
      return values === undefined ? null : [...values];
    }
  }
}
