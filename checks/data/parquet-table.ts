import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetRead } from 'hyparquet';
import type { ColumnType } from '../../serving/model/signature.ts';
import type { Column } from '../../serving/model/table.ts';
import { type ByteSource, readRange } from './byte-source.ts';
import { builderOf, Dictionary, integerColumnOf, isSafe } from './column-builder.ts';
import { codecs } from './parquet-codecs.ts';
import { readFlatColumn } from './parquet-flat.ts';
import type { TableOptions, TableProblem } from './read-table.ts';

/** A Parquet file whose footer was read; its columns are read one at a time. */
export interface ParquetFile {
  readonly rows: number;
  readonly names: readonly string[];
  column(name: string): Promise<ParquetColumn>;
}
export type ParquetColumn = { readonly kind: 'column'; readonly column: Column } | Left | Problem;

/** Beyond this no machine that this runs on holds one column; a footer that claims more is broken. */
const MOST_ROWS = 2 ** 31;

/** Reads a Parquet file's footer. Never throws for what the file holds. */
export async function openParquet(
  source: ByteSource,
  types: TableOptions['types'],
): Promise<ParquetFile | { readonly kind: 'refused'; readonly problems: readonly TableProblem[] }> {
  const file: AsyncBuffer = {
    byteLength: source.sizeBytes,
    slice: async (from, to = source.sizeBytes) => (await readRange(source, from, to)).buffer,
  };
  let metadata: FileMetaData;
  try {
    metadata = await parquetMetadataAsync(file);
  } catch (error) {
    return refused([{ reason: `not a readable Parquet file: its footer cannot be read: ${messageOf(error)}` }]);
  }
  const rows = Number(metadata.num_rows);
  const names = topLevelNames(metadata.schema);
  const seen = new Set<string>();
  const twice = names.find((name) => seen.size === seen.add(name).size);
  if (twice !== undefined) return refused([{ column: twice, reason: 'two columns of one name' }]);
  if (names.length === 0) return refused([{ reason: 'a schema without columns' }]);
  if (rows === 0) return refused([{ reason: 'a schema and no rows' }]);
  if (!(rows > 0 && rows <= MOST_ROWS))
    return refused([{ reason: `its footer names ${rows} rows, expected 1 to ${MOST_ROWS}` }]);
  const column = async (name: string): Promise<ParquetColumn> => {
    const wanted = types?.get(name);
    try {
      const isText = wanted === 'category' || wanted === 'text';
      const flat = wanted === 'list' ? undefined : await readFlatColumn(source, metadata, name, rows);
      const isAsWanted = flat?.kind === 'category' ? wanted === undefined || isText : !isText;
      if (flat !== undefined && isAsWanted) return { kind: 'column', column: flat };
      const column = columnOf(name, await cellsOf(file, metadata, name, rows), wanted);
      return column.kind === 'left' || column.kind === 'problem' ? column : { kind: 'column', column };
    } catch (error) {
      return { kind: 'problem', problem: { column: name, reason: `not a readable Parquet file: ${messageOf(error)}` } };
    }
  };
  return { rows, names, column };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function refused(problems: readonly TableProblem[]): {
  readonly kind: 'refused';
  readonly problems: readonly TableProblem[];
} {
  return { kind: 'refused', problems };
}

type Schema = FileMetaData['schema'];

/** The schema is a flattened tree in depth-first order; its first element is the root. */
function topLevelNames(schema: Schema): readonly string[] {
  const names: string[] = [];
  let at = 1;
  const skip = (): void => {
    const children = schema[at]?.num_children ?? 0;
    at += 1;
    for (let child = 0; child < children && at < schema.length; child++) skip();
  };
  while (at < schema.length) {
    const name = schema[at]?.name;
    if (name !== undefined) names.push(name);
    skip();
  }
  return names;
}

async function cellsOf(
  file: AsyncBuffer,
  metadata: FileMetaData,
  column: string,
  rows: number,
): Promise<readonly unknown[]> {
  const cells: unknown[] = Array.from({ length: rows });
  await parquetRead({
    file,
    metadata,
    columns: [column],
    compressors: codecs,
    onChunk: ({ columnData, rowStart }) => {
      for (let i = 0; i < columnData.length; i++) cells[rowStart + i] = columnData[i];
    },
  });
  return cells;
}

type Left = { readonly kind: 'left'; readonly why: string };
type Problem = { readonly kind: 'problem'; readonly problem: TableProblem };

function columnOf(name: string, cells: readonly unknown[], wanted: ColumnType | undefined): Column | Left | Problem {
  const sample = cells.find((cell) => cell !== null && cell !== undefined);
  if (wanted === 'category' || wanted === 'text') return textColumnOf(name, cells);
  if (isListLike(sample)) return listColumnOf(name, cells);
  if (typeof sample === 'string')
    return wanted === undefined ? textColumnOf(name, cells) : parsedColumnOf(name, cells, wanted);
  if (sample === undefined) return { kind: 'number', name, values: new Float64Array(cells.length).fill(NaN) };
  if (typeof sample === 'bigint') return bigColumnOf(name, cells);
  if (wanted === 'list') return problemAt(name, cells, () => false, 'a list of numbers');
  return numberColumnOf(name, cells);
}

function isListLike(value: unknown): boolean {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof Uint8Array));
}

function bigColumnOf(name: string, cells: readonly unknown[]): Column {
  const values = new BigInt64Array(cells.length);
  const missing: number[] = [];
  let large = false;
  for (const [row, cell] of cells.entries()) {
    if (typeof cell !== 'bigint') missing.push(row);
    else {
      values[row] = cell;
      large ||= !isSafe(cell);
    }
  }
  return integerColumnOf(name, values, missing, large);
}

function numberColumnOf(name: string, cells: readonly unknown[]): Column | Left {
  const values = new Float64Array(cells.length);
  for (const [row, cell] of cells.entries()) {
    const number = numberOfCell(cell);
    if (number === undefined) return { kind: 'left', why: `it holds ${kindOf(cell)}` };
    values[row] = number;
  }
  return { kind: 'number', name, values };
}

/** Dates are milliseconds since 1970, so that they can be ordered and compared. */
function numberOfCell(cell: unknown): number | undefined {
  if (cell === null || cell === undefined) return NaN;
  if (typeof cell === 'number') return cell;
  if (typeof cell === 'boolean') return cell ? 1 : 0;
  return cell instanceof Date ? cell.getTime() : undefined;
}

function textColumnOf(name: string, cells: readonly unknown[]): Column | Left {
  const codes = new Int32Array(cells.length);
  const dictionary = new Dictionary();
  for (const [row, cell] of cells.entries()) {
    const text = textOfCell(cell);
    if (text === undefined) return { kind: 'left', why: `it holds ${kindOf(cell)}` };
    codes[row] = text === '' ? -1 : dictionary.code(text);
  }
  return { kind: 'category', name, codes, dictionary: dictionary.texts };
}

/** An empty text is a missing value, as it is in a CSV. */
function textOfCell(cell: unknown): string | undefined {
  if (cell === null || cell === undefined) return '';
  if (typeof cell === 'string') return cell;
  if (typeof cell === 'number') return Number.isNaN(cell) ? '' : String(cell);
  if (typeof cell === 'bigint' || typeof cell === 'boolean') return String(cell);
  return cell instanceof Date ? cell.toISOString() : undefined;
}

/** Text where the manifest or the graph want something else: read as a CSV's cells are. */
function parsedColumnOf(name: string, cells: readonly unknown[], wanted: ColumnType): Column | Left | Problem {
  const builder = builderOf(name, wanted);
  for (const [row, cell] of cells.entries()) {
    const text = textOfCell(cell);
    if (text === undefined) return { kind: 'left', why: `it holds ${kindOf(cell)}` };
    const expected = builder.add(text);
    if (expected !== undefined) return problemOf(name, row, cell, expected);
  }
  return builder.build();
}

function listColumnOf(name: string, cells: readonly unknown[]): Column | Left {
  const values: (Float64Array | undefined)[] = [];
  for (const cell of cells) {
    if (cell === null || cell === undefined) values.push(undefined);
    else {
      const numbers = flatNumbersOf(cell);
      if (numbers === undefined) return { kind: 'left', why: `it holds ${kindOf(cell)} that are not all numbers` };
      values.push(Float64Array.from(numbers));
    }
  }
  return { kind: 'list', name, values };
}

function flatNumbersOf(cell: unknown): readonly number[] | undefined {
  if (!isListLike(cell)) return undefined;
  const numbers: number[] = [];
  for (const element of cell as readonly unknown[]) {
    if (isListLike(element)) {
      const inner = flatNumbersOf(element);
      if (inner === undefined) return undefined;
      for (const number of inner) numbers.push(number);
    } else {
      const number = typeof element === 'bigint' ? Number(element) : numberOfCell(element);
      if (number === undefined) return undefined;
      numbers.push(number);
    }
  }
  return numbers;
}

function problemAt(
  name: string,
  cells: readonly unknown[],
  isGood: (cell: unknown) => boolean,
  expected: string,
): Problem {
  const row = cells.findIndex((cell) => cell !== null && cell !== undefined && !isGood(cell));
  return problemOf(name, row, cells[row], expected);
}

function problemOf(column: string, row: number, cell: unknown, expected: string): Problem {
  const found = typeof cell === 'string' ? JSON.stringify(cell.slice(0, 60)) : kindOf(cell);
  return { kind: 'problem', problem: { row: row + 1, column, reason: `found ${found}, expected ${expected}` } };
}

function kindOf(cell: unknown): string {
  if (cell instanceof Uint8Array) return 'raw bytes';
  if (isListLike(cell)) return 'lists';
  return typeof cell === 'object' ? 'structs' : `${typeof cell} values`;
}
