import { CODE, Http2Failure } from './frames.ts';
import { huffmanText } from './huffman.ts';
import { STATIC_FIELDS } from './static-table.ts';

export type Field = readonly [name: string, value: string];

/** What everybody's table holds unless something else was agreed, and nothing is. */
const TABLE_BYTES = 4096;
/** What a field takes besides its letters (RFC 7541, section 4.1). */
const FIELD_BYTES = 32;
/** No length or place is longer: 4 groups of 7 bits. */
const LARGEST_INTEGER = 2 ** 28;

/**
 * Reads a client's header blocks (https://www.rfc-editor.org/rfc/rfc7541), one after the other as they come: fields that were sent once are referred to later. Throws an Http2Failure for a
 * block that cannot be read, after which no other can.
 */
export class HpackDecoder {
  /** The newest last. */
  readonly #table: Field[] = [];
  #tableBytes = 0;
  #mostBytes = TABLE_BYTES;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #to = 0;
  /** Counts what changed the table: while it is the same, the same bytes mean the same. */
  changes = 0;

  /** The fields of a block; undefined where they take more than `limitBytes`, which leaves the table right. */
  fieldsOf(bytes: Buffer, from: number, to: number, limitBytes: number): readonly Field[] | undefined {
    this.#bytes = bytes;
    this.#at = from;
    this.#to = to;
    const fields: Field[] = [];
    let left = limitBytes;
    let isBeginning = true;
    while (this.#at < to) {
      const first = bytes[this.#at] ?? 0;
      if ((first & 0xe0) === 0x20) {
        if (!isBeginning) throw failure('the size of the table changes within a block');
        this.#resize(this.#integer(0x1f));
        continue;
      }
      isBeginning = false;
      const field = this.#field(first);
      left -= sizeOf(field);
      if (left >= 0) fields.push(field);
    }
    return left < 0 ? undefined : fields;
  }

  #field(first: number): Field {
    if (first >= 0x80) return this.#known(this.#integer(0x7f));
    const isKept = first >= 0x40;
    const name = this.#integer(isKept ? 0x3f : 0x0f);
    const field: Field = [name === 0 ? this.#text() : this.#known(name)[0], this.#text()];
    if (isKept) this.#keep(field);
    return field;
  }

  #known(number: number): Field {
    const field =
      number <= STATIC_FIELDS.length
        ? STATIC_FIELDS[number - 1]
        : this.#table[this.#table.length - (number - STATIC_FIELDS.length)];
    if (field === undefined) throw failure(`there is no field ${number}`);
    return field;
  }

  #keep(field: Field): void {
    this.changes += 1;
    const size = sizeOf(field);
    this.#evict(this.#mostBytes - size);
    // What is larger than the table empties it, and is not kept.
    if (size > this.#mostBytes) return;
    this.#table.push(field);
    this.#tableBytes += size;
  }

  #resize(bytes: number): void {
    if (bytes > TABLE_BYTES) throw failure(`a table of ${bytes} bytes, ${TABLE_BYTES} are kept`);
    this.changes += 1;
    this.#mostBytes = bytes;
    this.#evict(bytes);
  }

  #evict(room: number): void {
    while (this.#tableBytes > room) {
      const oldest = this.#table.shift();
      if (oldest === undefined) return;
      this.#tableBytes -= sizeOf(oldest);
    }
  }

  #byte(): number {
    if (this.#at >= this.#to) throw failure('a block ends within a field');
    return this.#bytes[this.#at++] ?? 0;
  }

  /** `prefix`: the bits of the first byte that belong to it. */
  #integer(prefix: number): number {
    let value = this.#byte() & prefix;
    if (value < prefix) return value;
    for (let unit = 1; unit < LARGEST_INTEGER; unit *= 0x80) {
      const byte = this.#byte();
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
    }
    throw failure('a number is too long');
  }

  #text(): string {
    const isPacked = (this.#bytes[this.#at] ?? 0) >= 0x80;
    const length = this.#integer(0x7f);
    const from = this.#at;
    if (length > this.#to - from) throw failure('a block ends within a string');
    this.#at += length;
    return isPacked ? huffmanText(this.#bytes, from, this.#at) : this.#bytes.toString('latin1', from, this.#at);
  }
}

function sizeOf([name, value]: Field): number {
  return name.length + value.length + FIELD_BYTES;
}

function failure(says: string): Http2Failure {
  return new Http2Failure(CODE.compression, says);
}
