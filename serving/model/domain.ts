import type { ColumnDomain } from './specification.ts';
import type { Column, Table } from './table.ts';

/** A value outside what its column is declared to hold: told with the answer, refused only by those who ask for it. */
export interface DomainFlag {
  readonly row: number;
  readonly column: string;
  readonly found: string;
  readonly expected: string;
}

/** Values outside their declared range or list, in the order of columns and rows; missing values are not outside. */
export function domainFlagsOf(
  domains: Readonly<Record<string, ColumnDomain>>,
  table: Table,
  limit = Number.POSITIVE_INFINITY,
): readonly DomainFlag[] {
  const flags: DomainFlag[] = [];
  for (const [name, domain] of Object.entries(domains)) {
    const column = table.columns.get(name);
    if (column === undefined || column.kind === 'list') continue;
    for (const flag of flagsOf(column, domain, table.rows)) {
      if (flags.length >= limit) return flags;
      flags.push(flag);
    }
  }
  return flags;
}

function* flagsOf(
  column: Exclude<Column, { kind: 'list' }>,
  domain: ColumnDomain,
  rows: number,
): Generator<DomainFlag> {
  const { min, max, values } = domain;
  const listed = values === undefined ? undefined : new Set(values.map(String));
  if (min === undefined && max === undefined && listed === undefined) return;
  for (let row = 0; row < rows; row++) {
    const value = valueAt(column, row);
    if (value === undefined) continue;
    if (listed !== undefined && !listed.has(String(value)))
      yield {
        row,
        column: column.name,
        found: JSON.stringify(String(value)),
        expected: `one of ${[...listed].join(', ')}`,
      };
    else if (typeof value !== 'string' && ((min !== undefined && value < min) || (max !== undefined && value > max)))
      yield { row, column: column.name, found: String(value), expected: rangeText(min, max) };
  }
}

function rangeText(min: number | undefined, max: number | undefined): string {
  if (min === undefined) return `at most ${max}`;
  return max === undefined ? `at least ${min}` : `${min} to ${max}`;
}

function valueAt(column: Exclude<Column, { kind: 'list' }>, row: number): number | bigint | string | undefined {
  if (column.kind === 'category') return column.dictionary[column.codes[row] ?? -1];
  if (column.kind === 'integer') return column.missing[row] === 1 ? undefined : column.values[row];
  const value = column.values[row];
  return value === undefined || Number.isNaN(value) ? undefined : value;
}
