import { BYTE, type CellTaker, isCellEnd } from './csv-cells.ts';
import type { TableProblem } from './read-table.ts';

/** What the scanner asks of who collects the columns. */
export interface Records {
  /** A file's first record. */
  header(names: readonly string[]): void;
  /** By position; undefined beyond the header's columns. */
  taker(position: number): CellTaker | undefined;
  /** None before the header. */
  readonly names: readonly string[];
  /** A text is no cell of its column: a taker for the column as it turns out to be, which is asked next, or a problem's expectation. */
  unexpected(position: number, row: number, expected: string): CellTaker | string;
  problem(problem: TableProblem): void;
}

/** Problems end the reading when nothing after them can be trusted. */
class Unreadable extends Error {
  readonly problem: TableProblem;
  constructor(problem: TableProblem) {
    super(problem.reason);
    this.problem = problem;
  }
}

/**
 * Reads the records of a CSV (RFC 4180: commas, double quotes, LF or CRLF) out of blocks of bytes. A block ends after a line end; a record that goes on
 * beyond it, in a quoted cell, is left for the next block, which begins with it.
 */
export class CsvScanner {
  /** Records after the header. */
  rows = 0;
  readonly #records: Records;
  /** Line ends passed. */
  #lines = 0;
  #problems: TableProblem[] = [];
  /** Line ends inside quoted cells of the record that is being read. */
  #inside = 0;
  #text = '';
  #hasHeader = false;
  /** The column of a quoted cell that went beyond the block. */
  #open: number | undefined;

  constructor(records: Records) {
    this.#records = records;
  }

  /** How many bytes were read as whole records; undefined after a problem that ends the reading. */
  scan(bytes: Uint8Array, end: number, isLast: boolean): number | undefined {
    let at = 0;
    try {
      while (at < end) {
        const next = this.#record(bytes, at, end);
        if (next < 0) {
          if (isLast) throw this.#unreadable(this.#open, 'a quoted cell is never closed');
          break;
        }
        at = next;
      }
      return at;
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.#records.problem(error.problem);
      return undefined;
    }
  }

  /** Where the record that is read next stands, for a problem that the reader of the bytes finds. */
  place(): { readonly row?: number; readonly line: number } {
    return { ...(!this.#hasHeader ? {} : { row: this.rows + 1 }), line: this.#lines + 1 };
  }

  /** Where the next record begins; −1 when this one is cut off. */
  #record(bytes: Uint8Array, from: number, end: number): number {
    if (bytes[from] === BYTE.lf) return this.#passed(from + 1, 0);
    if (bytes[from] === BYTE.cr && bytes[from + 1] === BYTE.lf) return this.#passed(from + 2, 0);
    this.#inside = 0;
    if (!this.#hasHeader) return this.#header(bytes, from, end);
    const { rows } = this;
    let at = from;
    let position = 0;
    for (; ; position++) {
      const taker = this.#records.taker(position);
      let stop = taker === undefined ? -1 : taker.take(bytes, at, rows);
      if (stop < 0) {
        stop = this.#cell(bytes, at, end, position);
        if (stop < 0) return -1;
        if (taker !== undefined) this.#takeText(taker, position);
      }
      if (bytes[stop] !== BYTE.comma) {
        at = this.#lineEnd(bytes, stop, position);
        break;
      }
      at = stop + 1;
    }
    this.#told(position + 1);
    this.rows += 1;
    return this.#passed(at, this.#inside);
  }

  #header(bytes: Uint8Array, from: number, end: number): number {
    const names: string[] = [];
    for (let at = from; ; ) {
      const stop = this.#cell(bytes, at, end, names.length);
      if (stop < 0) return -1;
      names.push(this.#text);
      if (bytes[stop] !== BYTE.comma) {
        const next = this.#lineEnd(bytes, stop, names.length - 1);
        this.#flush();
        this.#hasHeader = true;
        this.#records.header(names);
        return this.#passed(next, this.#inside);
      }
      at = stop + 1;
    }
  }

  #passed(next: number, inside: number): number {
    this.#lines += 1 + inside;
    return next;
  }

  #lineEnd(bytes: Uint8Array, stop: number, position: number): number {
    if (bytes[stop] === BYTE.lf) return stop + 1;
    if (bytes[stop + 1] === BYTE.lf) return stop + 2;
    throw this.#unreadable(position, 'a carriage return without a line feed; lines end in LF or in CR and LF');
  }

  /** Problems of a whole record: that its cells are too many or too few makes what its cells hold irrelevant. */
  #told(cells: number): void {
    const columns = this.#records.names.length;
    if (cells !== columns)
      this.#problems = [{ ...this.place(), reason: `${cells} cells, but the header names ${columns} columns` }];
    this.#flush();
  }
  #flush(): void {
    if (this.#problems.length === 0) return;
    for (const problem of this.#problems) this.#records.problem(problem);
    this.#problems = [];
  }

  #takeText(taker: CellTaker, position: number): void {
    const expected = taker.takeText(this.#text, this.rows);
    if (expected === undefined) return;
    const found = this.#records.unexpected(position, this.rows, expected);
    if (typeof found !== 'string') {
      found.takeText(this.#text, this.rows);
      return;
    }
    const reason = `found ${JSON.stringify(this.#text.slice(0, 60))}, expected ${found}`;
    this.#problems.push({ ...this.place(), ...this.#columnAt(position), reason });
  }

  #columnAt(position: number): Pick<TableProblem, 'column'> {
    const column = this.#records.names[position];
    return column === undefined ? {} : { column };
  }

  #unreadable(position: number | undefined, reason: string): Unreadable {
    const column = position === undefined ? {} : this.#columnAt(position);
    return new Unreadable({ ...this.place(), ...column, reason });
  }

  /** Reads any cell into `#text`; where it ends, or −1 when it is cut off. */
  #cell(bytes: Uint8Array, from: number, end: number, position: number): number {
    if (bytes[from] === BYTE.quote) return this.#quoted(bytes, from + 1, end, position);
    let at = from;
    for (; !isCellEnd(bytes[at]); at++) {
      if (bytes[at] === BYTE.quote) throw this.#unreadable(position, 'a quote stands inside a cell that is not quoted');
      if (bytes[at] === BYTE.nul) throw this.#unreadable(position, 'a NUL byte: this is not text');
    }
    this.#text = textOf(bytes, from, at);
    return at;
  }

  #quoted(bytes: Uint8Array, from: number, end: number, position: number): number {
    let text = '';
    let part = from;
    for (let at = from; at < end; at++) {
      const byte = bytes[at];
      if (byte === BYTE.lf) this.#inside += 1;
      if (byte === BYTE.nul) throw this.#unreadable(position, 'a NUL byte: this is not text');
      if (byte !== BYTE.quote) continue;
      text += textOf(bytes, part, at);
      if (bytes[at + 1] === BYTE.quote) {
        // A quote written twice is one.
        at += 1;
        part = at;
        continue;
      }
      if (at + 1 < end && !isCellEnd(bytes[at + 1]))
        throw this.#unreadable(
          position,
          'a quote closes before its cell ends; a quote inside a quoted cell is written twice',
        );
      this.#text = text;
      return at + 1;
    }
    this.#problems = [];
    this.#open = position;
    return -1;
  }
}

function textOf(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8');
}
