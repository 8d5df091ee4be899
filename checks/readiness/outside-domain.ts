import type { Column, Table } from '../../serving/model/table.ts';
import type { ManifestColumn } from '../manifest/manifest.ts';

/** How many values of each declared column lie outside of what the manifest says it may hold; columns that are not in the table are left out. */
export function outsideDomain(
  table: Table,
  columns: Readonly<Record<string, ManifestColumn>>,
): readonly { readonly column: string; readonly outside: number }[] {
  return Object.entries(columns).flatMap(([name, domain]) => {
    const column = table.columns.get(name);
    const outside = column === undefined ? 0 : countOutside(column, domain);
    return outside === 0 ? [] : [{ column: name, outside }];
  });
}

/** Whether the manifest says what a column may hold, and not only that it is there. */
export function hasDomain({ type, min, max, values }: ManifestColumn): boolean {
  if (values !== undefined) return true;
  if (type === 'number' || type === 'integer') return min !== undefined && max !== undefined;
  return type === 'boolean' || type === 'text' || type === 'list';
}

function countOutside(
  column: Column,
  { min = -Infinity, max = Infinity, values, missing = 1 }: ManifestColumn,
): number {
  const known = values === undefined ? undefined : new Set(values.map(String));
  const isOutside = (value: number | string): boolean =>
    known === undefined ? typeof value === 'number' && (value < min || value > max) : !known.has(String(value));
  let outside = 0;
  let absent = 0;
  let rows = 0;
  const count = (value: number | string | undefined): void => {
    rows += 1;
    if (value === undefined) absent += 1;
    else if (isOutside(value)) outside += 1;
  };
  switch (column.kind) {
    case 'number':
      for (const value of column.values) count(Number.isNaN(value) ? undefined : value);
      break;
    case 'integer':
      column.values.forEach((value, row) => count(column.missing[row] === 1 ? undefined : Number(value)));
      break;
    case 'category': {
      const wrong = column.dictionary.map((text) => known !== undefined && !known.has(text));
      for (const code of column.codes) {
        rows += 1;
        if (code < 0) absent += 1;
        else if (wrong[code] === true) outside += 1;
      }
      break;
    }
    case 'list':
      break;
  }
  const tolerated = Math.floor(missing * rows);
  return outside + Math.max(0, absent - tolerated);
}
