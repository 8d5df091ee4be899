import { isUtf8 } from 'node:buffer';
import type { ColumnMetaData, FileMetaData, SchemaElement } from 'hyparquet';
import type { Column } from '../../serving/model/table.ts';
import { type ByteSource, readRange } from './byte-source.ts';
import { Dictionary } from './column-builder.ts';
import { type Page, pagesOf } from './parquet-pages.ts';
import { readRuns, WIDEST_BITS } from './parquet-runs.ts';

/** What a column's values are on disk, where this reader knows them. */
type Physical = 'DOUBLE' | 'FLOAT' | 'INT32' | 'INT64' | 'BOOLEAN' | 'TEXT';

/** Takes the pages of one column, row after row. */
interface FlatBuilder {
  dictionary(page: Page): void;
  /** False where a page holds what only the general reader can read. */
  take(page: Page, row: number): boolean;
  build(name: string): Column;
}

/**
 * A column of plain numbers, truths or text, straight from its pages into typed arrays and dictionary codes: no JavaScript value is made
 * for a cell. Undefined where it is nested, or written in a way that only the general reader knows. Throws where it cannot be read.
 */
export async function readFlatColumn(
  source: ByteSource,
  metadata: FileMetaData,
  name: string,
  rows: number,
): Promise<Column | undefined> {
  const element = metadata.schema.find((each, at) => at > 0 && each.name === name);
  const physical = element === undefined ? undefined : physicalOf(element);
  if (element === undefined || physical === undefined) return undefined;
  const builder = physical === 'TEXT' ? new TextPages(rows) : new NumberPages(rows, physical);
  const isOptional = element.repetition_type === 'OPTIONAL';
  let row = 0;
  for (const { columns } of metadata.row_groups) {
    const chunk = columns.find(({ meta_data: meta }) => meta?.path_in_schema[0] === name)?.meta_data;
    if (chunk === undefined || chunk.path_in_schema.length !== 1) return undefined;
    for (const page of pagesOf(await chunkBytes(source, chunk), chunk, isOptional)) {
      if (page.kind === 'dictionary') builder.dictionary(page);
      else {
        if (row + page.rows > rows) throw new Error(`it holds more than the ${rows} rows that the file names`);
        if (!taken(builder, page, row)) return undefined;
        row += page.rows;
      }
    }
  }
  if (row !== rows) throw new Error(`it holds ${row} of the ${rows} rows that the file names`);
  return builder.build(name);
}

function taken(builder: FlatBuilder, page: Page, row: number): boolean {
  try {
    return builder.take(page, row);
  } catch (cause) {
    throw new Error(
      `rows ${row + 1} to ${row + page.rows}: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    );
  }
}

function chunkBytes(source: ByteSource, chunk: ColumnMetaData): Promise<Uint8Array> {
  // Some writers leave 0 where there is no dictionary.
  const from = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
  return readRange(source, from, from + Number(chunk.total_compressed_size));
}

function physicalOf({ type, repetition_type, num_children, converted_type, logical_type }: SchemaElement) {
  if (repetition_type === 'REPEATED' || (num_children ?? 0) > 0) return undefined;
  const means = converted_type ?? logical_type?.type;
  if (type === 'DOUBLE' || type === 'FLOAT' || type === 'BOOLEAN') return means === undefined ? type : undefined;
  if (type === 'INT32' || type === 'INT64')
    return means === undefined || /^INT_(8|16|32|64)$/.test(means) ? type : undefined;
  if (type === 'BYTE_ARRAY') return means === 'UTF8' || means === 'STRING' || means === 'ENUM' ? 'TEXT' : undefined;
  return undefined;
}

const isDictionaryCoded = ({ encoding }: Page) => encoding === 'RLE_DICTIONARY' || encoding === 'PLAIN_DICTIONARY';

/** Codes of a dictionary-coded page; undefined where there are more values than fit. Throws for a code that is none. */
function codesOf({ bytes, values }: Page, entries: number): Int32Array | undefined {
  const codes = new Int32Array(values);
  const width = bytes[0] ?? 0;
  if (width > WIDEST_BITS) return undefined;
  if (width > 0) readRuns(bytes, 1, width, codes);
  for (let i = 0; i < codes.length; i++)
    if ((codes[i] ?? 0) >= entries) throw new Error(`value ${codes[i]} of a dictionary of ${entries}`);
  return codes;
}

const PLAIN = { DOUBLE: 8, FLOAT: 4, INT32: 4, INT64: 8 } as const;
/** High words beyond these are integers beyond 2^53, which only the general reader keeps. */
const HIGH_LIMIT = 2 ** 21;

class NumberPages implements FlatBuilder {
  readonly #values: Float64Array;
  readonly #physical: Exclude<Physical, 'TEXT'>;
  #dictionary: Float64Array | undefined;
  constructor(rows: number, physical: Exclude<Physical, 'TEXT'>) {
    this.#values = new Float64Array(rows);
    this.#physical = physical;
  }
  dictionary(page: Page): void {
    this.#dictionary = this.#plain(page);
  }
  take(page: Page, row: number): boolean {
    if (this.#physical === 'DOUBLE' && page.encoding === 'PLAIN' && page.defined === undefined) {
      const into = new Uint8Array(this.#values.buffer, row * PLAIN.DOUBLE, page.rows * PLAIN.DOUBLE);
      if (page.bytes.length < into.length) throw new Error('a page ends too early');
      into.set(page.bytes.subarray(0, into.length));
      return true;
    }
    const present = isDictionaryCoded(page)
      ? this.#looked(page)
      : page.encoding === 'PLAIN'
        ? this.#plain(page)
        : undefined;
    if (present === undefined) return false;
    const { defined } = page;
    if (defined === undefined) this.#values.set(present, row);
    else
      for (let i = 0, at = 0; i < page.rows; i++)
        this.#values[row + i] = defined[i] === 1 ? (present[at++] ?? NaN) : NaN;
    return true;
  }
  build(name: string): Column {
    return { kind: 'number', name, values: this.#values };
  }

  #looked(page: Page): Float64Array | undefined {
    const dictionary = this.#dictionary;
    const codes = dictionary === undefined ? undefined : codesOf(page, dictionary.length);
    if (dictionary === undefined || codes === undefined) return undefined;
    const out = new Float64Array(codes.length);
    for (let i = 0; i < out.length; i++) out[i] = dictionary[codes[i] ?? 0] ?? NaN;
    return out;
  }

  /** Undefined where an integer is too large for a double. */
  #plain({ bytes, values }: Page): Float64Array | undefined {
    if (this.#physical === 'BOOLEAN') {
      if (bytes.length * 8 < values) throw new Error('a page ends too early');
      return Float64Array.from({ length: values }, (_, i) => ((bytes[i >> 3] ?? 0) >> (i & 7)) & 1);
    }
    const sizeBytes = values * PLAIN[this.#physical];
    if (bytes.length < sizeBytes) throw new Error('a page ends too early');
    // A copy of its own: values in a page start at any byte, typed arrays at multiples of their size.
    const { buffer } = new Uint8Array(bytes.subarray(0, sizeBytes));
    if (this.#physical === 'DOUBLE') return new Float64Array(buffer);
    if (this.#physical === 'FLOAT') return Float64Array.from(new Float32Array(buffer));
    if (this.#physical === 'INT32') return Float64Array.from(new Int32Array(buffer));
    return doublesOf(new Int32Array(buffer));
  }
}

function doublesOf(words: Int32Array): Float64Array | undefined {
  const out = new Float64Array(words.length / 2);
  for (let i = 0; i < out.length; i++) {
    const high = words[2 * i + 1] ?? 0;
    if (high >= HIGH_LIMIT || high < -HIGH_LIMIT) return undefined;
    out[i] = high * 2 ** 32 + ((words[2 * i] ?? 0) >>> 0);
  }
  return out;
}

class TextPages implements FlatBuilder {
  readonly #codes: Int32Array;
  readonly #texts = new Dictionary();
  /** The row group's own dictionary, and each entry's code of the column once a row has shown it. */
  #own: { readonly texts: readonly string[]; readonly codes: Int32Array } | undefined;
  constructor(rows: number) {
    this.#codes = new Int32Array(rows);
  }
  dictionary(page: Page): void {
    const texts = [...textsOf(page)];
    this.#own = { texts, codes: new Int32Array(texts.length).fill(NOT_SHOWN) };
  }
  take(page: Page, row: number): boolean {
    const present = isDictionaryCoded(page)
      ? this.#looked(page)
      : page.encoding === 'PLAIN'
        ? this.#plain(page)
        : undefined;
    if (present === undefined) return false;
    const { defined } = page;
    if (defined === undefined) this.#codes.set(present, row);
    else
      for (let i = 0, at = 0; i < page.rows; i++) this.#codes[row + i] = defined[i] === 1 ? (present[at++] ?? -1) : -1;
    return true;
  }
  build(name: string): Column {
    // As in a CSV: where no row holds a text, nothing says that it is a column of texts.
    if (this.#texts.texts.length === 0)
      return { kind: 'number', name, values: new Float64Array(this.#codes.length).fill(NaN) };
    return { kind: 'category', name, codes: this.#codes, dictionary: this.#texts.texts };
  }

  #plain(page: Page): Int32Array {
    const codes = new Int32Array(page.values);
    let at = 0;
    for (const text of textsOf(page)) codes[at++] = this.#codeOf(text);
    return codes;
  }

  #looked(page: Page): Int32Array | undefined {
    const own = this.#own;
    const codes = own === undefined ? undefined : codesOf(page, own.texts.length);
    if (own === undefined || codes === undefined) return undefined;
    for (let i = 0; i < codes.length; i++) {
      const entry = codes[i] ?? 0;
      if (own.codes[entry] === NOT_SHOWN) own.codes[entry] = this.#codeOf(own.texts[entry] ?? '');
      codes[i] = own.codes[entry] ?? MISSING;
    }
    return codes;
  }

  #codeOf(text: string): number {
    return text === '' ? MISSING : this.#texts.code(text);
  }
}

const MISSING = -1;
const NOT_SHOWN = -2;

/** Each text of a plain page: its length, then its bytes. */
function* textsOf({ bytes, values }: Page): Generator<string> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0, at = 0; i < values; i++) {
    if (at + 4 > buffer.length) throw new Error('a page ends too early');
    const from = at + 4;
    at = from + buffer.readUInt32LE(at);
    if (at > buffer.length) throw new Error('a page ends inside a text');
    const text = buffer.subarray(from, at);
    if (!isUtf8(text)) throw new Error(`text ${i + 1} is not UTF-8`);
    yield text.toString('utf8');
  }
}
