import type { Column } from '../../serving/model/table.ts';
import { bytesSource } from './byte-source.ts';
import { openCsv } from './csv-file.ts';
import type { TableOptions, TableRead } from './read-table.ts';

/** Reads a CSV into columns, without keeping its cells. */
export async function readCsv(bytes: Uint8Array, { types }: TableOptions): Promise<TableRead> {
  const file = await openCsv(bytesSource(bytes), { types: types ?? new Map() });
  if ('kind' in file) return file;
  const columns = new Map<string, Column>();
  for await (const column of file.columns(file.names)) columns.set(column.name, column);
  return { kind: 'table', table: { rows: file.rows, columns }, left: [] };
}
