import type { ColumnType } from '../../serving/model/signature.ts';
import type { Table } from '../../serving/model/table.ts';
import { readCsv } from './csv-table.ts';
import { readParquet } from './parquet-table.ts';

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

const PARQUET_MAGIC = 'PAR1';
const LFS_POINTER = 'version https://git-lfs';

/**
 * Reads a Parquet or CSV file (RFC 4180: comma, double quotes, a header line; UTF-8, with or without a byte order mark) into columns. A bad file is a
 * refusal that names every problem's row, line and column; only a bug throws.
 */
export async function readTable(bytes: Uint8Array, options: TableOptions): Promise<TableRead> {
  const refusal = unreadableReason(bytes, options.name);
  if (refusal !== undefined) return { kind: 'refused', problems: [{ reason: refusal }] };
  const read = isParquet(bytes) ? await readParquet(bytes, options) : await readCsv(bytes, options);
  if (read.kind === 'refused') return read;
  const missing = (options.required ?? []).filter((name) => !read.table.columns.has(name));
  if (missing.length === 0) return read;
  const columns = [...read.table.columns.keys()].map((name) => `"${name}"`).join(', ');
  return {
    kind: 'refused',
    problems: missing.map((column) => ({ column, reason: `no such column; the file has ${columns}` })),
  };
}

function isParquet(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, PARQUET_MAGIC.length)).toString('latin1') === PARQUET_MAGIC;
}

function unreadableReason(bytes: Uint8Array, name: string): string | undefined {
  if (bytes.length === 0) return 'the file is empty (0 bytes), expected a header and rows';
  const start = Buffer.from(bytes.subarray(0, LFS_POINTER.length)).toString('latin1');
  if (start === LFS_POINTER) return 'this is a Git LFS pointer, not the data it points to';
  if (isParquet(bytes)) return undefined;
  if (name.toLowerCase().endsWith('.parquet')) return `not a Parquet file: it does not start with ${PARQUET_MAGIC}`;
  return start.startsWith('\u001f\u008b') ? 'a gzip file: unpack it, or write Parquet' : undefined;
}
