import type { ColumnType } from '../../serving/model/signature.ts';
import { type ByteSource, fileSource, readRange } from './byte-source.ts';
import type { ColumnRead, ColumnSource } from './column-source.ts';
import { type CsvOptions, openCsv } from './csv-file.ts';
import { unreadableReason, isParquet } from './file-format.ts';
import { openParquet } from './parquet-table.ts';
import type { TableProblem } from './read-table.ts';

export interface DataFile extends ColumnSource {
  close(): Promise<void>;
}
export interface Refused {
  readonly kind: 'refused';
  readonly problems: readonly TableProblem[];
}

export interface DataOptions extends Partial<CsvOptions> {
  /** For error messages, and to tell the format when the bytes do not. */
  readonly name: string;
  readonly signal?: AbortSignal;
}

/** Enough to tell any format by. */
const HEAD_BYTES = 64;

/**
 * Opens a Parquet or CSV file without loading it: columns are read when they are asked for. A bad file is a refusal that names row, line and column; a
 * Parquet column's own problems show when it is read. Throws when the file cannot be opened.
 */
export async function openDataFile(file: string, options: DataOptions): Promise<DataFile | Refused> {
  const source = await fileSource(file, options.signal);
  const opened = await openData(source, options);
  if ('kind' in opened) {
    await source.close();
    return opened;
  }
  return { ...opened, close: () => source.close() };
}

/** The same of bytes from anywhere. */
export async function openData(source: ByteSource, options: DataOptions): Promise<ColumnSource | Refused> {
  const head = await readRange(source, 0, Math.min(HEAD_BYTES, source.sizeBytes));
  const reason = unreadableReason(head, options.name);
  if (reason !== undefined) return { kind: 'refused', problems: [{ reason }] };
  return isParquet(head) ? parquetSource(source, options) : csvSource(source, options);
}

async function parquetSource(source: ByteSource, { types, onProgress }: DataOptions): Promise<ColumnSource | Refused> {
  const file = await openParquet(source, types);
  if ('kind' in file) return file;
  const { rows, names } = file;
  return {
    rows,
    names,
    columns: async function* (wanted) {
      for (const [at, name] of wanted.entries()) {
        const read = await file.column(name);
        onProgress?.((at + 1) / wanted.length);
        yield read.kind === 'left' ? { kind: 'left', column: name, why: read.why } : read;
      }
    },
  };
}

const NO_TYPES: ReadonlyMap<string, ColumnType> = new Map();

async function csvSource(source: ByteSource, options: DataOptions): Promise<ColumnSource | Refused> {
  const file = await openCsv(source, { ...options, types: options.types ?? NO_TYPES });
  if ('kind' in file) return file;
  const { rows, names } = file;
  return {
    rows,
    names,
    columns: async function* (wanted): AsyncGenerator<ColumnRead> {
      for await (const column of file.columns(wanted)) yield { kind: 'column', column };
    },
  };
}
