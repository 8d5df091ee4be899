import { isUtf8 } from 'node:buffer';
import type { ColumnType } from '../../serving/model/signature.ts';
import type { Column } from '../../serving/model/table.ts';
import type { ByteSource } from './byte-source.ts';
import { BYTE, cellsOfType, type CellTaker, checkedCells, NumberCells, SkippedCells, TextCells } from './csv-cells.ts';
import { CsvScanner, type Records } from './csv-scan.ts';
import type { TableProblem } from './read-table.ts';

/** Enough to see a pattern; a wrong column would repeat itself on every row. */
const PROBLEMS_SHOWN = 20;
const BLOCK_BYTES = 4 * 2 ** 20;
/** A record longer than this is no record: a quote was left open, or this is no CSV. */
const MOST_RECORD_BYTES = 64 * 2 ** 20;
/** More columns than any table of records has; a binary file without line ends has more. */
const MOST_COLUMNS = 100_000;
/** Room for more rows than the first block lets expect: rows differ in length. */
const ROOM = 1.02;

export interface CsvOptions {
  readonly types: ReadonlyMap<string, ColumnType>;
  /** How much may be kept of one reading; columns beyond it are read again when they are asked for. */
  readonly keepBytes?: number;
  /** How much is looked at at a time; more when a record is longer. */
  readonly blockBytes?: number;
  /** The share of the file that was read, from 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

/** A CSV that was read through once: its structure is known to be sound, and so are its columns' types. */
export interface CsvFile {
  readonly rows: number;
  readonly names: readonly string[];
  /** These columns, in this order; as few readings as memory allows. */
  columns(names: readonly string[]): AsyncGenerator<Column>;
}

type Refused = { readonly kind: 'refused'; readonly problems: readonly TableProblem[] };

/**
 * Reads a CSV through. A column of unknown type is taken for numbers until a cell is none; when that comes after numbers were seen, the column is read
 * a second time, as categories.
 */
export async function openCsv(source: ByteSource, options: CsvOptions): Promise<CsvFile | Refused> {
  const first = new Reading(source.sizeBytes, options, () => true);
  await read(source, first, options);
  const refused = first.refusal();
  if (refused !== undefined) return refused;
  const { names, types, rows } = first;
  const kept = first.columns();
  return {
    rows,
    names,
    columns: async function* (wanted) {
      for (let at = 0; at < wanted.length; at++) {
        const name = wanted[at] ?? '';
        if (!kept.has(name)) {
          const rest = new Set(wanted.slice(at));
          const again = new Reading(source.sizeBytes, { ...options, types }, (each) => rest.has(each), rows);
          await read(source, again, options);
          const changed = again.refusal();
          if (changed !== undefined || again.rows !== rows) throw new Error('the file changed while it was read');
          for (const [each, column] of again.columns()) kept.set(each, column);
        }
        const column = kept.get(name);
        if (column === undefined) throw new Error(`there is no column "${name}"`);
        // Whoever asked has it now; keeping it here as well would hold all columns for ever.
        kept.delete(name);
        yield column;
      }
    },
  };
}

/** One reading of the file: which columns are kept, and what they turn out to be. */
class Reading implements Records {
  names: readonly string[] = [];
  readonly types = new Map<string, ColumnType>();
  readonly problems: TableProblem[] = [];
  readonly scanner: CsvScanner;
  readonly #options: CsvOptions;
  readonly #wants: (name: string) => boolean;
  readonly #sizeBytes: number;
  #expectedRows: number;
  readonly #takers: CellTaker[] = [];
  /** Not numbers after all, when numbers had been seen. */
  readonly #again = new Set<string>();
  readonly #dropped = new Set<string>();
  #hasHeader = false;

  constructor(sizeBytes: number, options: CsvOptions, wants: (name: string) => boolean, rows = 0) {
    this.#sizeBytes = sizeBytes;
    this.#options = options;
    this.#wants = wants;
    this.#expectedRows = rows;
    this.scanner = new CsvScanner(this);
  }

  get rows(): number {
    return this.scanner.rows;
  }

  header(names: readonly string[]): void {
    this.names = names;
    this.#hasHeader = true;
    const seen = new Set<string>();
    for (const name of names) {
      if (seen.has(name)) this.problem({ line: 1, column: name, reason: 'two columns of one name' });
      seen.add(name);
    }
    const [only] = names;
    if (names.length === 1 && only !== undefined && /[;\t]/.test(only))
      this.problem({ line: 1, reason: `one column named ${JSON.stringify(only)}: the separator must be a comma` });
    this.#makeTakers();
    if (names.length > MOST_COLUMNS) this.problem({ line: 1, reason: `${names.length} columns: this is no table` });
  }

  /** How many rows the file's size and its first block let expect, so that there is room for them. */
  expect(block: Buffer, end: number): void {
    if (this.#expectedRows > 0 || end === 0) return;
    let lines = 0;
    for (let at = 0; at < end; at++) if (block[at] === BYTE.lf) lines += 1;
    this.#expectedRows = Math.ceil((this.#sizeBytes / end) * lines * ROOM) + 1;
  }

  #makeTakers(): void {
    let left = this.#options.keepBytes ?? Infinity;
    for (const name of this.names) {
      const type = this.#options.types.get(name) ?? 'number';
      if (!this.#wants(name)) {
        this.#takers.push(new SkippedCells());
        continue;
      }
      this.types.set(name, type);
      // One column is always kept, or no reading would get anywhere.
      const isKept = left === this.#options.keepBytes || left >= this.#expectedRows * 8;
      left -= this.#expectedRows * 8;
      if (!isKept) this.#dropped.add(name);
      this.#takers.push(isKept ? cellsOfType(name, type, this.#expectedRows) : checkedCells(name, type));
    }
  }

  taker(position: number): CellTaker | undefined {
    return this.#takers[position];
  }

  unexpected(position: number, row: number, expected: string): CellTaker | string {
    const name = this.names[position] ?? '';
    const now = this.#takers[position];
    if (this.#options.types.has(name) || !(now instanceof NumberCells)) return expected;
    if (now.saw(row)) this.#again.add(name);
    this.types.set(name, 'category');
    const taker = this.#dropped.has(name) ? new SkippedCells() : new TextCells(this.#expectedRows, row);
    this.#takers[position] = taker;
    return taker;
  }

  problem(problem: TableProblem): void {
    if (this.problems.length < PROBLEMS_SHOWN) this.problems.push(problem);
  }

  refusal(): Refused | undefined {
    if (this.problems.length > 0) return { kind: 'refused', problems: this.problems };
    if (!this.#hasHeader) return { kind: 'refused', problems: [{ reason: 'no header line' }] };
    if (this.rows === 0) return { kind: 'refused', problems: [{ reason: 'a header and no rows' }] };
    return undefined;
  }

  columns(): Map<string, Column> {
    const columns = new Map<string, Column>();
    for (const [at, name] of this.names.entries()) {
      const taker = this.#takers[at];
      if (taker === undefined || taker instanceof SkippedCells) continue;
      if (this.#again.has(name) || this.#dropped.has(name)) continue;
      columns.set(name, taker.build(name, this.rows));
    }
    return columns;
  }
}

/** Feeds the file's bytes to a reading, block by block. */
async function read(source: ByteSource, reading: Reading, { onProgress, blockBytes }: CsvOptions): Promise<void> {
  let block = Buffer.alloc(Math.min(blockBytes ?? BLOCK_BYTES, source.sizeBytes) + 1);
  let [offset, held] = [0, 0];
  for (let isLast = false; !isLast; ) {
    // A byte is left for the end of a last line that has none.
    const got = await filled(source, block.subarray(held, block.length - 1), offset);
    held = offset === 0 ? withoutMark(block, got) : held + got;
    offset += got;
    isLast = got === 0 || offset >= source.sizeBytes;
    if (isLast && held > 0 && block[held - 1] !== BYTE.lf) block[held++] = BYTE.lf;
    const end = held === 0 ? 0 : block.lastIndexOf(BYTE.lf, held - 1) + 1;
    const used = scanText(reading, block, end, isLast);
    if (used === undefined) return;
    block.copyWithin(0, used, held);
    held -= used;
    onProgress?.(Math.min(1, offset / source.sizeBytes));
    if (held < block.length - 1) continue;
    if (block.length > MOST_RECORD_BYTES) {
      const reason = `no record ends within ${MOST_RECORD_BYTES / 2 ** 20} MB: a quote was left open, or this is no CSV`;
      reading.problem({ ...reading.scanner.place(), reason });
      return;
    }
    const larger = Buffer.alloc(2 * block.length);
    larger.set(block);
    block = larger;
  }
}

/** Reads until there is no room or nothing left. */
async function filled(source: ByteSource, room: Buffer, offset: number): Promise<number> {
  let got = 0;
  while (got < room.length) {
    const more = await source.read(room.subarray(got), offset + got);
    if (more === 0) break;
    got += more;
  }
  return got;
}

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

function withoutMark(block: Buffer, held: number): number {
  if (!BYTE_ORDER_MARK.every((byte, at) => block[at] === byte)) return held;
  block.copyWithin(0, BYTE_ORDER_MARK.length, held);
  return held - BYTE_ORDER_MARK.length;
}

/** Scans whole lines; those before a byte that is not UTF-8 first, so that its place is known. */
function scanText(reading: Reading, block: Buffer, end: number, isLast: boolean): number | undefined {
  reading.expect(block, end);
  if (isUtf8(block.subarray(0, end))) return reading.scanner.scan(block, end, isLast);
  let from = 0;
  let to = block.indexOf(BYTE.lf) + 1;
  while (isUtf8(block.subarray(from, to))) [from, to] = [to, block.indexOf(BYTE.lf, to) + 1];
  if (reading.scanner.scan(block, from, false) === undefined) return undefined;
  const cells = cellsOf(block.subarray(from, to));
  const column = reading.names[cells.findIndex((cell) => !isUtf8(cell))];
  const where = { ...reading.scanner.place(), ...(column === undefined ? {} : { column }) };
  reading.problem({ ...where, reason: 'not UTF-8 text and not Parquet; write the file as one of them' });
  return undefined;
}

/** A line's cells, as near as a line that is no text can be taken apart. */
function cellsOf(line: Buffer): readonly Buffer[] {
  const cells: Buffer[] = [];
  let [from, isQuoted] = [0, false];
  for (const [at, byte] of line.entries()) {
    if (byte === BYTE.quote) isQuoted = !isQuoted;
    if ((byte !== BYTE.comma || isQuoted) && at < line.length - 1) continue;
    cells.push(line.subarray(from, at));
    from = at + 1;
  }
  return cells;
}
