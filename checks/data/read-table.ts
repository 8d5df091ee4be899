import type { ColumnType } from '../../serving/model/signature.ts';
import type { Column, Table } from '../../serving/model/table.ts';
import { bytesSource } from './byte-source.ts';
import { openData } from './data-file.ts';

/** What is wrong with a data file. Rows count from 1 and do not count the header; lines count from 1 and do. */
export interface TableProblem {
  readonly row?: number;
  readonly line?: number;
  readonly column?: string;
  readonly reason: string;
}

export type TableRead =
  | {
      readonly kind: 'table';
      readonly table: Table;
      /** Columns that hold what no table column can (structs, maps, raw bytes), and why they were left out. */
      readonly left: readonly { readonly column: string; readonly why: string }[];
    }
  | { readonly kind: 'refused'; readonly problems: readonly TableProblem[] };

export interface TableOptions {
  /** For error messages, and to tell the format when the bytes do not. */
  readonly name: string;
  /** Types that are known beforehand (manifest, graph); every other column's come from Parquet, or from a CSV's cells. */
  readonly types?: ReadonlyMap<string, ColumnType>;
  /** Columns that must be there. */
  readonly required?: readonly string[];
}

/** `evaluation.csv, row 8 (line 9), column "age": found "forty", expected a number`. */
export function tableProblemText(name: string, { row, line, column, reason }: TableProblem): string {
  const at =
    row === undefined
      ? line === undefined
        ? ''
        : `, line ${line}`
      : `, row ${row}${line === undefined ? '' : ` (line ${line})`}`;
  return `${name}${at}${column === undefined ? '' : `, column "${column}"`}: ${reason}`;
}

/**
 * Reads a Parquet or CSV file (RFC 4180: comma, double quotes, a header line; UTF-8, with or without a byte order mark) into columns. A bad file is a
 * refusal that names every problem's row, line and column; only a bug throws.
 */
export async function readTable(bytes: Uint8Array, options: TableOptions): Promise<TableRead> {
  const read = await readAll(bytes, options);
  if (read.kind === 'refused') return read;
  const missing = (options.required ?? []).filter((name) => !read.table.columns.has(name));
  if (missing.length === 0) return read;
  const columns = [...read.table.columns.keys()].map((name) => `"${name}"`).join(', ');
  return {
    kind: 'refused',
    problems: missing.map((column) => ({ column, reason: `no such column; the file has ${columns}` })),
  };
}

async function readAll(bytes: Uint8Array, options: TableOptions): Promise<TableRead> {
  const source = await openData(bytesSource(bytes), options);
  if ('kind' in source) return source;
  const columns = new Map<string, Column>();
  const left: { column: string; why: string }[] = [];
  const problems: TableProblem[] = [];
  for await (const read of source.columns(source.names)) {
    if (read.kind === 'left') left.push({ column: read.column, why: read.why });
    else if (read.kind === 'problem') problems.push(read.problem);
    else columns.set(read.column.name, read.column);
  }
  return problems.length > 0
    ? { kind: 'refused', problems }
    : { kind: 'table', table: { rows: source.rows, columns }, left };
}
