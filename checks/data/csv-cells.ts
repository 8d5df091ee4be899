import type { ColumnType } from '../../serving/model/signature.ts';
import type { Column } from '../../serving/model/table.ts';
import { builderOf, type ColumnBuilder, numberOfText } from './column-builder.ts';

/** Bytes that mean something in a CSV; all others are text. */
export const BYTE = { nul: 0, lf: 10, cr: 13, quote: 34, comma: 44 } as const;
const PLUS_ABOVE = 44;
const [MINUS, DOT, ZERO, NINE] = [45, 46, 48, 57];

/**
 * Takes one column's cells. Most are taken from the bytes as they stand; a quoted cell, or one that this column's short way does not know, comes as
 * text. The same row may come twice when a record was cut off by the end of what was read: the second time counts.
 */
export interface CellTaker {
  /** Where the cell that begins at `from` ends (at its comma or line end), when it was taken; −1 when it must come as text. */
  take(bytes: Uint8Array, from: number, row: number): number;
  /** Says what was expected when the text is no cell of this column. */
  takeText(text: string, row: number): string | undefined;
  build(name: string, rows: number): Column;
}

export function isCellEnd(byte: number | undefined): boolean {
  return byte === BYTE.comma || byte === BYTE.lf || byte === BYTE.cr;
}

/** A typed array with room for a row more than it was asked for. */
function grown<A extends Float64Array<ArrayBuffer> | Int32Array<ArrayBuffer>>(
  values: A,
  row: number,
  make: (buffer: ArrayBuffer) => A,
): A {
  return row < values.length
    ? values
    : make(values.buffer.transfer(values.BYTES_PER_ELEMENT * Math.max(1024, 2 * row)));
}

const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

/**
 * Numbers. A plain decimal whose digits, read as a whole number, lie below 2^53, with at most 22 of them after the point, is that whole
 * number over a power of ten: both are exact doubles, so that the one rounding of the division gives the double nearest to the decimal, as `Number` does
 * (Clinger 1990, "How to read floating point numbers accurately"). Every other cell comes as text.
 */
export class NumberCells implements CellTaker {
  #values: Float64Array<ArrayBuffer>;
  /** Whether a text that means NaN came: a column of those and words is not one of numbers that went wrong. */
  #sawText = false;
  constructor(rows: number) {
    this.#values = new Float64Array(rows);
  }
  take(bytes: Uint8Array, from: number, row: number): number {
    let at = from;
    let byte = bytes[at] as number;
    const isNegative = byte === MINUS;
    if (isNegative) byte = bytes[++at] as number;
    const first = at;
    let digits = 0;
    while (byte >= ZERO && byte <= NINE) {
      digits = digits * 10 + (byte - ZERO);
      byte = bytes[++at] as number;
    }
    let length = at - first;
    let scale = 0;
    if (byte === DOT) {
      const point = at;
      byte = bytes[++at] as number;
      while (byte >= ZERO && byte <= NINE) {
        digits = digits * 10 + (byte - ZERO);
        byte = bytes[++at] as number;
      }
      scale = at - point - 1;
      length += scale;
    }
    if (byte > PLUS_ABOVE || !isCellEnd(byte)) return -1;
    if (row >= this.#values.length) this.#values = grown(this.#values, row, (buffer) => new Float64Array(buffer));
    if (length === 0) {
      if (at !== from) return -1;
      this.#values[row] = NaN;
      return at;
    }
    if (digits > Number.MAX_SAFE_INTEGER || scale >= POWERS_OF_TEN.length) return -1;
    const value = scale === 0 ? digits : digits / (POWERS_OF_TEN[scale] as number);
    this.#values[row] = isNegative ? -value : value;
    return at;
  }
  takeText(text: string, row: number): string | undefined {
    const number = text === '' ? NaN : numberOfText(text);
    this.#sawText ||= text !== '' && number !== undefined;
    this.#values = grown(this.#values, row, (buffer) => new Float64Array(buffer));
    this.#values[row] = number ?? NaN;
    return number === undefined ? 'a number' : undefined;
  }
  /** Whether any of the first rows held anything. */
  saw(rows: number): boolean {
    return this.#sawText || this.#values.subarray(0, rows).some((value) => !Number.isNaN(value));
  }
  build(name: string, rows: number): Column {
    return { kind: 'number', name, values: new Float64Array(this.#values.buffer.transfer(rows * 8)) };
  }
}

const HASH_PRIME = 0x0100_0193;
const FIRST_SLOTS = 1024;

/** Texts, numbered in the order of their first appearance. A text is made once for each different one: bytes are compared with bytes. */
export class TextCells implements CellTaker {
  #codes: Int32Array<ArrayBuffer>;
  readonly #texts: string[] = [];
  /** The different texts' bytes, one after the other, and where each begins. */
  #pool = Buffer.alloc(4096);
  readonly #starts = [0];
  readonly #hashes: number[] = [];
  /** Code + 1 by hash, open addressing; 0 is free. */
  #slots = new Int32Array(FIRST_SLOTS);
  constructor(rows: number, missing = 0) {
    this.#codes = new Int32Array(Math.max(rows, missing)).fill(MISSING, 0, missing);
  }
  take(bytes: Uint8Array, from: number, row: number): number {
    let at = from;
    let hash = 0;
    let byte = bytes[at] as number;
    while (byte > PLUS_ABOVE || !(isCellEnd(byte) || byte === BYTE.quote || byte === BYTE.nul)) {
      hash = Math.imul(hash ^ byte, HASH_PRIME);
      byte = bytes[++at] as number;
    }
    if (byte === BYTE.quote || byte === BYTE.nul) return -1;
    if (row >= this.#codes.length) this.#codes = grown(this.#codes, row, (buffer) => new Int32Array(buffer));
    this.#codes[row] = at === from ? MISSING : this.#codeOf(bytes, from, at, hash);
    return at;
  }
  takeText(text: string, row: number): undefined {
    const bytes = Buffer.from(text);
    let hash = 0;
    for (const byte of bytes) hash = Math.imul(hash ^ byte, HASH_PRIME);
    this.#codes = grown(this.#codes, row, (buffer) => new Int32Array(buffer));
    this.#codes[row] = bytes.length === 0 ? MISSING : this.#codeOf(bytes, 0, bytes.length, hash);
  }
  build(name: string, rows: number): Column {
    return {
      kind: 'category',
      name,
      codes: new Int32Array(this.#codes.buffer.transfer(rows * 4)),
      dictionary: this.#texts,
    };
  }

  #codeOf(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = mixed(hash) & mask; ; slot = (slot + 1) & mask) {
      const code = (this.#slots[slot] as number) - 1;
      if (code < 0) return this.#added(bytes, from, to, hash, slot);
      if (this.#hashes[code] === hash && this.#isSame(code, bytes, from, to)) return code;
    }
  }
  #isSame(code: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = this.#starts[code] as number;
    if ((this.#starts[code + 1] as number) - start !== to - from) return false;
    for (let i = 0; i < to - from; i++) if (this.#pool[start + i] !== bytes[from + i]) return false;
    return true;
  }
  #added(bytes: Uint8Array, from: number, to: number, hash: number, slot: number): number {
    const code = this.#texts.length;
    const start = this.#starts[code] as number;
    const end = start + to - from;
    if (end > this.#pool.length) {
      const larger = Buffer.alloc(2 * end);
      larger.set(this.#pool);
      this.#pool = larger;
    }
    this.#pool.set(bytes.subarray(from, to), start);
    this.#starts.push(end);
    this.#hashes.push(hash);
    this.#texts.push(this.#pool.toString('utf8', start, end));
    this.#slots[slot] = code + 1;
    if (2 * this.#texts.length > this.#slots.length) this.#rehash();
    return code;
  }
  #rehash(): void {
    const slots = new Int32Array(2 * this.#slots.length);
    const mask = slots.length - 1;
    for (const [code, hash] of this.#hashes.entries()) {
      let slot = mixed(hash) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = code + 1;
    }
    this.#slots = slots;
  }
}

const MISSING = -1;

/** The low bits of a product know little of the first bytes. */
function mixed(hash: number): number {
  return hash ^ (hash >>> 15);
}

/** A column that is not wanted in this reading. */
export class SkippedCells implements CellTaker {
  take(bytes: Uint8Array, from: number): number {
    let at = from;
    let byte = bytes[at] as number;
    while (byte > PLUS_ABOVE || !(isCellEnd(byte) || byte === BYTE.quote || byte === BYTE.nul))
      byte = bytes[++at] as number;
    return byte === BYTE.quote || byte === BYTE.nul ? -1 : at;
  }
  takeText(): undefined {
    return undefined;
  }
  build(name: string): Column {
    throw new Error(`column "${name}" was not read`);
  }
}

/** Integers of 64 bits, truths and lists: always as text. */
class BuiltCells implements CellTaker {
  readonly #builder: ColumnBuilder;
  #rows = 0;
  #expected: string | undefined;
  constructor(builder: ColumnBuilder) {
    this.#builder = builder;
  }
  take(): number {
    return -1;
  }
  takeText(text: string, row: number): string | undefined {
    if (row < this.#rows) return this.#expected;
    this.#rows = row + 1;
    this.#expected = this.#builder.add(text);
    return this.#expected;
  }
  build(): Column {
    return this.#builder.build();
  }
}

/** Numbers that are looked at and not kept. */
class CheckedNumbers extends NumberCells {
  constructor() {
    super(1);
  }
  override take(bytes: Uint8Array, from: number): number {
    return super.take(bytes, from, 0);
  }
  override takeText(text: string): string | undefined {
    return super.takeText(text, 0);
  }
}

/** For a column that is kept in a later reading: this one only finds out whether its cells are what they should be. */
export function checkedCells(name: string, type: ColumnType): CellTaker {
  if (type === 'number') return new CheckedNumbers();
  return type === 'category' || type === 'text' ? new SkippedCells() : cellsOfType(name, type, 0);
}

export function cellsOfType(name: string, type: ColumnType, rows: number): CellTaker {
  if (type === 'number') return new NumberCells(rows);
  if (type === 'category' || type === 'text') return new TextCells(rows);
  return new BuiltCells(builderOf(name, type));
}
