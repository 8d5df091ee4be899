import { parquetMetadata, parquetRead } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { ColumnType } from '../../serving/model/signature.ts';
import type { Column } from '../../serving/model/table.ts';
import { builderOf, Dictionary, integerColumnOf, isSafe } from './column-builder.ts';
import type { TableOptions, TableProblem, TableRead } from './read-table.ts';

/** Reads a Parquet file column by column: at no time are rows made. */
export async function readParquet(bytes: Uint8Array, options: TableOptions): Promise<TableRead> {
  // hyparquet reads slices of an ArrayBuffer; a Buffer may be a view into a larger one.
  const buffer = new Uint8Array(bytes).buffer;
  const names: string[] = [];
  let rows = 0;
  const columns = new Map<string, Column>();
  const left: { column: string; why: string }[] = [];
  const problems: TableProblem[] = [];
  try {
    const metadata = parquetMetadata(buffer);
    rows = Number(metadata.num_rows);
    names.push(...topLevelNames(metadata.schema));
    const twice = names.find((name, at) => names.indexOf(name) !== at);
    if (twice !== undefined) return refused([{ column: twice, reason: 'two columns of one name' }]);
    if (rows === 0) return refused([{ reason: 'a schema and no rows' }]);
    for (const name of names) {
      const cells = await cellsOf(buffer, metadata, name, rows);
      const column = columnOf(name, cells, options.types?.get(name));
      if (column.kind === 'left') left.push({ column: name, why: column.why });
      else if (column.kind === 'problem') problems.push(column.problem);
      else columns.set(name, column);
    }
  } catch (error) {
    return refused([
      { reason: `not a readable Parquet file: ${error instanceof Error ? error.message : String(error)}` },
    ]);
  }
  return problems.length > 0 ? refused(problems) : { kind: 'table', table: { rows, columns }, left };
}

function refused(problems: readonly TableProblem[]): TableRead {
  return { kind: 'refused', problems };
}

type Schema = ReturnType<typeof parquetMetadata>['schema'];

/** The schema is a flattened tree in depth-first order; its first element is the root. */
function topLevelNames(schema: Schema): readonly string[] {
  const names: string[] = [];
  let at = 1;
  const skip = (): void => {
    const children = schema[at]?.num_children ?? 0;
    at += 1;
    for (let child = 0; child < children; child++) skip();
  };
  while (at < schema.length) {
    const name = schema[at]?.name;
    if (name !== undefined) names.push(name);
    skip();
  }
  return names;
}

async function cellsOf(
  file: ArrayBuffer,
  metadata: ReturnType<typeof parquetMetadata>,
  column: string,
  rows: number,
): Promise<readonly unknown[]> {
  const cells: unknown[] = Array.from({ length: rows });
  await parquetRead({
    file,
    metadata,
    columns: [column],
    compressors,
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
      numbers.push(...inner);
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
