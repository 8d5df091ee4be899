import type { Table } from '../../serving/model/table.ts';
import { outsideValues } from '../leakage/outside-values.ts';
import type { ManifestColumn } from '../manifest/manifest.ts';

/** The declared columns whose values break what the manifest says of them, and how many do; columns that are not in the table are left out. */
export function outsideDomain(
  table: Table,
  columns: Readonly<Record<string, ManifestColumn>>,
): readonly { readonly column: string; readonly outside: number }[] {
  return Object.entries(columns).flatMap(([name, domain]) => {
    const column = table.columns.get(name);
    const found = column === undefined ? undefined : outsideValues(column, domain);
    if (found === undefined || (found.outside === 0 && !found.missesTooMuch)) return [];
    return [{ column: name, outside: found.outside + (found.missesTooMuch ? found.missing : 0) }];
  });
}

/** Whether the manifest says what a column may hold, and not only that it is there. */
export function hasDomain({ type, min, max, values }: ManifestColumn): boolean {
  if (values !== undefined) return true;
  if (type === 'number' || type === 'integer') return min !== undefined && max !== undefined;
  return type === 'boolean' || type === 'text' || type === 'list';
}
