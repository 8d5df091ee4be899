import type { LogRows } from './log-column.ts';
import { parquetFile } from './parquet-file.ts';
import { typedColumn } from './typed-column.ts';

/** Rows as a Parquet file of the same kind as the log's own. */
export function parquetOf({ columns, values, rows }: LogRows): Uint8Array {
  const written = columns.map((column) => {
    const typed = typedColumn(column);
    const given = values.get(column.name) ?? [];
    for (let row = 0; row < rows; row++) typed.push(given[row] ?? null);
    return { ...column, page: typed.page() };
  });
  return parquetFile(written, rows);
}
