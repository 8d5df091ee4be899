import { bytesOf, grown } from './growing.ts';
import { levels, packed, run } from './levels.ts';
import type { LogColumn, LogType, LogValue } from './log-column.ts';

/**
 * A column while its rows come in. Values lie in typed arrays in the very form in which Parquet's plain encoding has them, so that writing a
 * file is compressing what is there: a row of 35 columns costs a microsecond instead of four.
 */
export interface TypedColumn extends LogColumn {
  readonly rows: number;
  /** What does not fit the column's type is null. */
  push(value: LogValue): void;
  /** For numbers that are known to be numbers; what is not finite, or no integer in a column of integers, is null. */
  pushNumber(value: number): void;
  /** For a list of numbers; in a column of another type it is null. */
  pushNumbers(source: Float64Array, start: number, end: number): void;
  page(): ColumnPage;
}

/** A column's values as one Parquet page. Levels are undefined where the schema has none. */
export interface ColumnPage {
  readonly values: Uint8Array;
  /** Values and nulls. */
  readonly count: number;
  readonly nulls: number;
  readonly definition: Uint8Array;
  readonly repetition?: Uint8Array;
  /** Distinct values, where `values` are indices into them. */
  readonly dictionary?: { readonly values: Uint8Array; readonly count: number };
  readonly least?: number;
  readonly greatest?: number;
}

export function typedColumn({ name, type }: LogColumn): TypedColumn {
  switch (type) {
    case 'DOUBLE':
      return new DoubleColumn(name);
    case 'INT32':
      return new IntegerColumn(name, type);
    case 'INT64':
    case 'TIMESTAMP':
      return new LongColumn(name, type);
    case 'BOOLEAN':
      return new BooleanColumn(name);
    case 'STRING':
      return new TextColumn(name);
    case 'LIST':
      return new ListColumn(name);
  }
}

/** Which rows hold a value: nothing is kept until the first null comes. */
class Presence {
  rows = 0;
  nulls = 0;
  #present: Uint8Array | undefined;

  push(isPresent: boolean): void {
    if (!isPresent && this.#present === undefined) this.#present = new Uint8Array(Math.max(256, this.rows * 2)).fill(1);
    if (this.#present !== undefined) {
      this.#present = grown(this.#present, this.rows + 1);
      this.#present[this.rows] = isPresent ? 1 : 0;
    }
    this.rows += 1;
    if (!isPresent) this.nulls += 1;
  }

  get definition(): Uint8Array {
    return this.#present === undefined ? run(1, this.rows, 1) : levels(this.#present, this.rows, 1);
  }
}

class DoubleColumn implements TypedColumn {
  readonly type = 'DOUBLE';
  readonly name: string;
  readonly #presence = new Presence();
  #values = new Float64Array(0);
  #held = 0;

  constructor(name: string) {
    this.name = name;
  }

  get rows(): number {
    return this.#presence.rows;
  }

  push(value: LogValue): void {
    this.pushNumber(typeof value === 'number' ? value : NaN);
  }

  pushNumber(value: number): void {
    const isPresent = Number.isFinite(value);
    this.#presence.push(isPresent);
    if (!isPresent) return;
    if (this.#held === this.#values.length) this.#values = grown(this.#values, this.#held + 1);
    this.#values[this.#held++] = value;
  }

  pushNumbers(): void {
    this.push(null);
  }

  page(): ColumnPage {
    const held = this.#values.subarray(0, this.#held);
    return { ...pageOf(this.#presence, bytesOf(held, held.length)), ...extremes(held) };
  }
}

class IntegerColumn implements TypedColumn {
  readonly type: LogType;
  readonly name: string;
  readonly #presence = new Presence();
  #values = new Int32Array(0);
  #held = 0;

  constructor(name: string, type: 'INT32') {
    this.name = name;
    this.type = type;
  }

  get rows(): number {
    return this.#presence.rows;
  }

  push(value: LogValue): void {
    this.pushNumber(typeof value === 'number' ? value : NaN);
  }

  pushNumber(value: number): void {
    const isPresent = (value | 0) === value;
    this.#presence.push(isPresent);
    if (!isPresent) return;
    if (this.#held === this.#values.length) this.#values = grown(this.#values, this.#held + 1);
    this.#values[this.#held++] = value;
  }

  pushNumbers(): void {
    this.push(null);
  }

  page(): ColumnPage {
    const held = this.#values.subarray(0, this.#held);
    return { ...pageOf(this.#presence, bytesOf(held, held.length)), ...extremes(held) };
  }
}

const HALF = 2 ** 32;

/** 64 bits a value, as two words: a BigInt a value would cost more than all the rest. */
class LongColumn implements TypedColumn {
  readonly type: LogType;
  readonly name: string;
  readonly #presence = new Presence();
  #words = new Uint32Array(0);
  #held = 0;
  #least = Infinity;
  #greatest = -Infinity;

  constructor(name: string, type: 'INT64' | 'TIMESTAMP') {
    this.name = name;
    this.type = type;
  }

  get rows(): number {
    return this.#presence.rows;
  }

  push(value: LogValue): void {
    if (value instanceof Date) this.pushNumber(value.getTime());
    else if (typeof value === 'bigint') this.#pushLong(value);
    else this.pushNumber(typeof value === 'number' ? value : NaN);
  }

  pushNumber(value: number): void {
    const isPresent = Number.isSafeInteger(value);
    this.#presence.push(isPresent);
    if (!isPresent) return;
    this.#add(value >>> 0, Math.floor(value / HALF) >>> 0);
    if (value < this.#least) this.#least = value;
    if (value > this.#greatest) this.#greatest = value;
  }

  #pushLong(value: bigint): void {
    const isPresent = BigInt.asIntN(64, value) === value;
    this.#presence.push(isPresent);
    if (!isPresent) return;
    this.#add(Number(BigInt.asUintN(32, value)), Number(BigInt.asUintN(32, value >> 32n)));
    // As a double the bounds would be rounded, and a reader would skip what lies between.
    this.#least = NaN;
    this.#greatest = NaN;
  }

  #add(low: number, high: number): void {
    const at = this.#held * 2;
    if (at === this.#words.length) this.#words = grown(this.#words, at + 2);
    this.#words[at] = low;
    this.#words[at + 1] = high;
    this.#held += 1;
  }

  pushNumbers(): void {
    this.push(null);
  }

  page(): ColumnPage {
    const page = pageOf(this.#presence, bytesOf(this.#words, this.#held * 2));
    const isKnown = Number.isSafeInteger(this.#least) && Number.isSafeInteger(this.#greatest);
    return isKnown ? { ...page, least: this.#least, greatest: this.#greatest } : page;
  }
}

class BooleanColumn implements TypedColumn {
  readonly type = 'BOOLEAN';
  readonly name: string;
  readonly #presence = new Presence();
  #bits = new Uint8Array(0);
  #held = 0;

  constructor(name: string) {
    this.name = name;
  }

  get rows(): number {
    return this.#presence.rows;
  }

  push(value: LogValue): void {
    this.#presence.push(typeof value === 'boolean');
    if (typeof value !== 'boolean') return;
    this.#bits = grown(this.#bits, this.#held + 1);
    this.#bits[this.#held++] = value ? 1 : 0;
  }

  pushNumber(value: number): void {
    this.push(value === 1 ? true : value === 0 ? false : null);
  }

  pushNumbers(): void {
    this.push(null);
  }

  page(): ColumnPage {
    // Plain bits are packed bits without the header that says how many groups follow.
    const bytes = packed(this.#bits, this.#held, 1);
    const length = Math.ceil(this.#held / 8);
    return pageOf(this.#presence, bytes.subarray(bytes.length - length));
  }
}

class TextColumn implements TypedColumn {
  readonly type = 'STRING';
  readonly name: string;
  readonly #presence = new Presence();
  readonly #places = new Map<string, number>();
  #last = '';
  #lastPlace = -1;
  #indices = new Uint32Array(0);
  #held = 0;

  constructor(name: string) {
    this.name = name;
  }

  get rows(): number {
    return this.#presence.rows;
  }

  push(value: LogValue): void {
    this.#presence.push(typeof value === 'string');
    if (typeof value !== 'string') return;
    if (this.#held === this.#indices.length) this.#indices = grown(this.#indices, this.#held + 1);
    this.#indices[this.#held++] = this.#lastPlace >= 0 && value === this.#last ? this.#lastPlace : this.#placeOf(value);
  }

  pushNumber(value: number): void {
    this.push(String(value));
  }

  #placeOf(value: string): number {
    let place = this.#places.get(value);
    if (place === undefined) {
      place = this.#places.size;
      this.#places.set(value, place);
    }
    this.#last = value;
    this.#lastPlace = place;
    return place;
  }

  pushNumbers(): void {
    this.push(null);
  }

  page(): ColumnPage {
    const texts = [...this.#places.keys()];
    const indices = this.#indices.subarray(0, this.#held);
    if (texts.length > this.#held / 2)
      return pageOf(this.#presence, plainTexts(Array.from(indices, (place) => texts[place] ?? '')));
    const bits = Math.max(1, 32 - Math.clz32(Math.max(0, texts.length - 1)));
    const packedIndices = levels(indices, this.#held, bits);
    const values = new Uint8Array(packedIndices.length + 1);
    values[0] = bits;
    values.set(packedIndices, 1);
    const dictionary = { values: plainTexts(texts), count: texts.length };
    return { ...pageOf(this.#presence, values), ...(this.#held > 0 ? { dictionary } : {}) };
  }
}

function plainTexts(texts: readonly string[]): Uint8Array {
  const size = texts.reduce((sum, text) => sum + 4 + Buffer.byteLength(text), 0);
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const text of texts) {
    const length = bytes.write(text, at + 4);
    bytes.writeUInt32LE(length, at);
    at += 4 + length;
  }
  return bytes;
}

/** Text that hardly ever comes twice, such as identifiers: its bytes, each behind its length, and no string of it. */
export class BytesColumn implements TypedColumn {
  readonly type = 'STRING';
  readonly name: string;
  readonly #presence = new Presence();
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(name: string) {
    this.name = name;
  }

  get rows(): number {
    return this.#presence.rows;
  }

  push(value: LogValue): void {
    if (typeof value === 'string') {
      const bytes = Buffer.from(value);
      this.pushBytes(bytes, 0, bytes.length);
    } else this.#presence.push(false);
  }

  pushNumber(value: number): void {
    this.push(String(value));
  }

  /** UTF-8. */
  pushBytes(source: Buffer, start: number, end: number): void {
    this.#presence.push(true);
    const needed = this.#at + 4 + end - start;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2, 1024));
      this.#bytes.copy(larger, 0, 0, this.#at);
      this.#bytes = larger;
    }
    this.#bytes.writeUInt32LE(end - start, this.#at);
    source.copy(this.#bytes, this.#at + 4, start, end);
    this.#at = needed;
  }

  pushNumbers(): void {
    this.push(null);
  }

  page(): ColumnPage {
    return pageOf(this.#presence, this.#bytes.subarray(0, this.#at));
  }
}

/** The same text in every row. */
export class ConstantColumn implements LogColumn {
  readonly type = 'STRING';
  readonly name: string;
  readonly #value: string;

  constructor(name: string, value: string) {
    this.name = name;
    this.#value = value;
  }

  pageOf(rows: number): ColumnPage {
    const index = run(0, rows, 1);
    const values = new Uint8Array(index.length + 1);
    values[0] = 1;
    values.set(index, 1);
    const dictionary = { values: plainTexts([this.#value]), count: 1 };
    return { values, dictionary, count: rows, nulls: 0, definition: run(1, rows, 1) };
  }
}

/** Definition levels of a list of nullable numbers: no list, an empty one, a null in it, a number. */
const NO_LIST = 0;
const EMPTY_LIST = 1;
const NULL_ELEMENT = 2;
const ELEMENT = 3;

class ListColumn implements TypedColumn {
  readonly type = 'LIST';
  readonly name: string;
  rows = 0;
  #values = new Float64Array(0);
  #held = 0;
  #definition = new Uint8Array(0);
  /** 0: a row begins. */
  #repetition = new Uint8Array(0);
  #levels = 0;

  constructor(name: string) {
    this.name = name;
  }

  push(value: LogValue): void {
    this.rows += 1;
    if (!Array.isArray(value)) this.#level(0, NO_LIST);
    else if (value.length === 0) this.#level(0, EMPTY_LIST);
    else for (let at = 0; at < value.length; at++) this.#element(at, Number(value[at] ?? NaN));
  }

  pushNumber(): void {
    this.push(null);
  }

  pushNumbers(source: Float64Array, start: number, end: number): void {
    this.rows += 1;
    if (start === end) this.#level(0, EMPTY_LIST);
    for (let at = start; at < end; at++) this.#element(at - start, source[at] ?? NaN);
  }

  #element(at: number, value: number): void {
    const isPresent = Number.isFinite(value);
    this.#level(at === 0 ? 0 : 1, isPresent ? ELEMENT : NULL_ELEMENT);
    if (!isPresent) return;
    if (this.#held === this.#values.length) this.#values = grown(this.#values, this.#held + 1);
    this.#values[this.#held++] = value;
  }

  #level(repetition: number, definition: number): void {
    if (this.#levels === this.#definition.length) {
      this.#definition = grown(this.#definition, this.#levels + 1);
      this.#repetition = grown(this.#repetition, this.#levels + 1);
    }
    this.#definition[this.#levels] = definition;
    this.#repetition[this.#levels++] = repetition;
  }

  page(): ColumnPage {
    return {
      values: bytesOf(this.#values, this.#held),
      count: this.#levels,
      nulls: this.#levels - this.#held,
      definition: levels(this.#definition, this.#levels, 2),
      repetition: levels(this.#repetition, this.#levels, 1),
    };
  }
}

function pageOf({ rows, nulls, definition }: Presence, values: Uint8Array): ColumnPage {
  return { values, count: rows, nulls, definition };
}

function extremes(values: Float64Array | Int32Array): { readonly least?: number; readonly greatest?: number } {
  let [least, greatest] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return least > greatest ? {} : { least, greatest };
}
