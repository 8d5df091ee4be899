import { type ColumnPage, Presence, type TypedColumn, pageOf } from './column-page.ts';
import { grown } from './growing.ts';
import { levels, run } from './levels.ts';
import type { LogColumn, LogValue } from './log-column.ts';

export class TextColumn implements TypedColumn {
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
