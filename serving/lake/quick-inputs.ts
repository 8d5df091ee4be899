import type { EntryCursor } from './entry-bytes.ts';
import type { LogSchema } from './entry.ts';
import { grown } from './growing.ts';
import { Names, type Place, recordPlaces, tensorPlaces } from './input-places.ts';
import {
  CLOSE_LIST,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  JsonBytes,
  LETTER_F,
  LETTER_T,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
} from './json-bytes.ts';
import type { TypedColumn } from './column-page.ts';
import { type NumberReader, numberReader } from './tensor-bytes.ts';

/** What a cell of the request holds. */
const NOTHING = 0;
const NUMBER = 1;
const TEXT = 2;
const TRUTH = 3;
const LIST = 4;

/**
 * Takes the inputs of an answered request apart into the log's columns, without making objects of its JSON. What it cannot (escapes, a name
 * that no input of the revision has, long integers, text tensors as bytes) it declines before it has written anything, and the general way
 * (`row-reader.ts`) takes it: both must come to the same, which a test holds them to.
 */
export class QuickInputs {
  readonly #schema: LogSchema;
  readonly #records: Names;
  readonly #tensors: Names;
  readonly #json = new JsonBytes();
  /** A cell is a row and a column: its kind, and a number, an index into the texts, or where a list begins. */
  #kinds = new Uint8Array(0);
  #cells = new Float64Array(0);
  #lengths = new Uint32Array(0);
  #numbers = new Float64Array(0);
  #held = 0;
  #texts: string[] = [];
  #rows = 0;
  /** Whether the list of records or tensors was read: one that comes twice is declined. */
  #isDivided = false;

  constructor(schema: LogSchema) {
    this.#schema = schema;
    this.#records = new Names(recordPlaces(schema));
    this.#tensors = new Names(tensorPlaces(schema));
  }

  /** Whether it could read the request; its columns are then to be written by `write`. */
  read(entry: EntryCursor, rows: number): boolean {
    if (!entry.hasBody || entry.status >= REFUSED) return false;
    this.#rows = rows;
    const cells = rows * this.#schema.columns.length;
    if (cells > this.#kinds.length) {
      this.#kinds = grown(this.#kinds, cells);
      this.#cells = grown(this.#cells, cells);
      this.#lengths = grown(this.#lengths, cells);
    }
    this.#kinds.fill(NOTHING, 0, cells);
    this.#held = 0;
    this.#isDivided = false;
    if (this.#texts.length > 0) this.#texts = [];
    this.#json.open(entry.bytes, entry.bodyStart, entry.bodyEnd);
    return entry.protocol === 'v1' ? this.#readRecords() : this.#readTensors(entry);
  }

  /** Writes each column's rows. */
  write(columns: readonly TypedColumn[]): void {
    const width = this.#schema.columns.length;
    for (let column = 0; column < width; column++) {
      const target = columns[column];
      if (target === undefined) continue;
      for (let row = 0; row < this.#rows; row++) this.#writeCell(target, row * width + column);
    }
  }

  #writeCell(target: TypedColumn, cell: number): void {
    const value = this.#cells[cell] ?? NaN;
    switch (this.#kinds[cell]) {
      case NUMBER:
        // A null of the request.
        if (value !== value) target.push(null);
        else target.pushNumber(value);
        return;
      case TEXT:
        target.push(this.#texts[value] ?? null);
        return;
      case TRUTH:
        target.push(value === 1);
        return;
      case LIST:
        target.pushNumbers(this.#numbers, value, value + (this.#lengths[cell] ?? 0));
        return;
      default:
        target.push(null);
    }
  }

  #readRecords(): boolean {
    const json = this.#json;
    return this.#eachKey((key) => {
      if (!key.textIs(INSTANCES)) return json.skip();
      if (this.#isDivided) return false;
      this.#isDivided = true;
      let row = 0;
      return this.#eachOf(() => {
        if (row >= this.#rows) return false;
        const first = row++ * this.#schema.columns.length;
        this.#records.begin();
        return this.#eachKey(() => {
          const place = this.#records.placeOf(json);
          if (place === undefined) return false;
          if (place.kind !== 'columns') return json.skip();
          return this.#readCell(first + (place.columns[0] ?? 0));
        });
      });
    });
  }

  #readCell(cell: number): boolean {
    const json = this.#json;
    // A name that comes twice: which one counts, the general way knows.
    if (this.#kinds[cell] !== NOTHING) return false;
    switch (json.peek()) {
      case QUOTE:
        if (!json.text()) return false;
        return this.#setText(cell);
      case OPEN_LIST: {
        const start = this.#held;
        if (!this.#eachOf(() => this.#pushNumber())) return false;
        this.#set(cell, LIST, start);
        this.#lengths[cell] = this.#held - start;
        return this.#typeOf(cell) === 'list';
      }
      case OPEN_OBJECT:
        return false;
      case LETTER_T:
      case LETTER_F:
        return this.#setTruth(cell);
      default: {
        const value = json.number();
        if (value === undefined) return false;
        this.#set(cell, NUMBER, value);
        return true;
      }
    }
  }

  #typeOf(cell: number): string | undefined {
    return this.#schema.columns[cell % this.#schema.columns.length]?.type;
  }

  #set(cell: number, kind: number, value: number): void {
    this.#kinds[cell] = kind;
    this.#cells[cell] = value;
  }

  #setTruth(cell: number): boolean {
    const truth = this.#json.boolean();
    if (truth === undefined) return false;
    this.#set(cell, TRUTH, truth ? 1 : 0);
    return true;
  }

  /** Digits as text are an integer in a column of integers. */
  #setText(cell: number): boolean {
    if (this.#typeOf(cell) === 'integer') return false;
    this.#set(cell, TEXT, this.#texts.length);
    this.#texts.push(this.#json.textValue());
    return true;
  }

  #pushNumber(): boolean {
    const value = this.#json.number();
    if (value === undefined) return false;
    if (this.#held === this.#numbers.length) this.#numbers = grown(this.#numbers, this.#held + 1);
    this.#numbers[this.#held++] = value;
    return true;
  }

  #readTensors(entry: EntryCursor): boolean {
    let tailAt = entry.bodyEnd;
    this.#tensors.begin();
    return this.#eachKey((key) => {
      if (!key.textIs(INPUTS)) return key.skip();
      if (this.#isDivided) return false;
      this.#isDivided = true;
      return this.#eachOf(() => {
        const tensor = this.#readTensor(entry.bytes, tailAt, entry.tailEnd);
        if (tensor === undefined) return false;
        tailAt += tensor.tailBytes;
        return this.#placeTensor(tensor);
      });
    });
  }

  /** One object of `inputs`: numbers are read into the scratch, texts into theirs. */
  #readTensor(bytes: Buffer, tailAt: number, tailEnd: number): ReadTensor | undefined {
    const json = this.#json;
    let place: Place | undefined;
    let width = -1;
    let start = -1;
    let texts = -1;
    let tailBytes = -1;
    let read: NumberReader | undefined;
    const isRead = this.#eachKey((key) => {
      if (key.textIs(DATA)) {
        if (start >= 0 || texts >= 0) return false;
        if (this.#isOfTexts()) {
          texts = this.#texts.length;
          return this.#flat(() => json.text() && this.#texts.push(json.textValue()) > 0);
        }
        start = this.#held;
        return this.#flat(() => this.#pushNumber());
      }
      if (key.textIs(NAME)) {
        if (place !== undefined || !key.text()) return false;
        place = this.#tensors.placeOf(key);
        return place !== undefined;
      }
      if (key.textIs(SHAPE)) {
        if (width >= 0) return false;
        width = 1;
        let axis = 0;
        return this.#eachOf(() => {
          const size = json.number();
          if (size !== undefined && axis++ > 0) width *= size;
          return size !== undefined;
        });
      }
      if (key.textIs(DATATYPE)) {
        if (!key.text()) return false;
        read = numberReader(key);
        return true;
      }
      if (key.textIs(PARAMETERS)) {
        return this.#eachKey((parameter) => {
          if (!parameter.textIs(BINARY_SIZE)) return parameter.skip();
          if (tailBytes >= 0) return false;
          tailBytes = json.number() ?? -1;
          return tailBytes >= 0;
        });
      }
      return key.skip();
    });
    if (!isRead || place === undefined || width < 0) return undefined;
    if (tailBytes >= 0) {
      if (read === undefined || start >= 0 || texts >= 0 || tailAt + tailBytes > tailEnd) return undefined;
      start = this.#held;
      const count = tailBytes / read.bytes;
      if (this.#held + count > this.#numbers.length) this.#numbers = grown(this.#numbers, this.#held + count);
      if (!read.into(this.#numbers, this.#held, bytes, tailAt, count)) return undefined;
      this.#held += count;
    }
    if (start < 0 && texts < 0) return undefined;
    const count = texts >= 0 ? this.#texts.length - texts : this.#held - start;
    if (count !== this.#rows * width) return undefined;
    return { place, width, start: texts >= 0 ? texts : start, isText: texts >= 0, tailBytes: Math.max(0, tailBytes) };
  }

  /** Whether the first value of a list, however deep, is text. */
  #isOfTexts(): boolean {
    const { bytes, end } = this.#json;
    let at = this.#json.at;
    while (at < end && (bytes[at] === OPEN_LIST || (bytes[at] ?? 0) <= 0x20)) at += 1;
    return bytes[at] === QUOTE;
  }

  #placeTensor({ place, width, start, isText }: ReadTensor): boolean {
    if (place.kind === 'none') return true;
    const columns = this.#schema.columns.length;
    for (let row = 0; row < this.#rows; row++) {
      if (place.kind === 'list') {
        if (isText) return false;
        const cell = row * columns + place.column;
        this.#set(cell, LIST, start + row * width);
        this.#lengths[cell] = width;
        continue;
      }
      if (width !== place.columns.length) return false;
      for (let element = 0; element < width; element++) {
        const column = place.columns[element] ?? -1;
        if (column < 0) continue;
        const cell = row * columns + column;
        const value = start + row * width + element;
        if (!isText) this.#set(cell, NUMBER, this.#numbers[value] ?? NaN);
        else if (this.#typeOf(cell) === 'integer') return false;
        else this.#set(cell, TEXT, value);
      }
    }
    return true;
  }

  /** Each key of an object: `read` finds it as the last text, and reads its value. */
  #eachKey(read: (json: JsonBytes) => boolean): boolean {
    const json = this.#json;
    if (!json.take(OPEN_OBJECT)) return false;
    if (json.take(CLOSE_OBJECT)) return true;
    do if (!json.text() || !json.take(COLON) || !read(json)) return false;
    while (json.take(COMMA));
    return json.take(CLOSE_OBJECT);
  }

  #eachOf(read: () => boolean): boolean {
    const json = this.#json;
    if (!json.take(OPEN_LIST)) return false;
    if (json.take(CLOSE_LIST)) return true;
    do if (!read()) return false;
    while (json.take(COMMA));
    return json.take(CLOSE_LIST);
  }

  /** Each value of a list of lists, flat. */
  #flat(read: () => boolean): boolean {
    return this.#eachOf(() => (this.#json.peek() === OPEN_LIST ? this.#flat(read) : read()));
  }
}

interface ReadTensor {
  readonly place: Place;
  /** Values a row. */
  readonly width: number;
  /** Of its values among the numbers, or among the texts. */
  readonly start: number;
  readonly isText: boolean;
  readonly tailBytes: number;
}

const [INSTANCES, INPUTS] = [Buffer.from('instances'), Buffer.from('inputs')];
const [NAME, SHAPE, DATATYPE] = [Buffer.from('name'), Buffer.from('shape'), Buffer.from('datatype')];
const [DATA, PARAMETERS] = [Buffer.from('data'), Buffer.from('parameters')];
const BINARY_SIZE = Buffer.from('binary_data_size');
/** Answers from this status on were refused or failed: of their body nothing is certain. */
const REFUSED = 400;
