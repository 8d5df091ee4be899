import { type ColumnPage, Presence, type TypedColumn, pageOf } from './column-page.ts';
import { bytesOf, grown } from './growing.ts';
import { levels, packed } from './levels.ts';
import type { LogType, LogValue } from './log-column.ts';

export class DoubleColumn implements TypedColumn {
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

export class IntegerColumn implements TypedColumn {
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
export class LongColumn implements TypedColumn {
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

export class BooleanColumn implements TypedColumn {
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

/** Definition levels of a list of nullable numbers: no list, an empty one, a null in it, a number. */
const NO_LIST = 0;
const EMPTY_LIST = 1;
const NULL_ELEMENT = 2;
const ELEMENT = 3;

export class ListColumn implements TypedColumn {
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

function extremes(values: Float64Array | Int32Array): { readonly least?: number; readonly greatest?: number } {
  let [least, greatest] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return least > greatest ? {} : { least, greatest };
}
