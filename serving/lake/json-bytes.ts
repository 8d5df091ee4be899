/**
 * Reads JSON where it lies, for bodies that were parsed and answered before: it need not find mistakes, only never misread. What it does not
 * know to read exactly (escapes, integers that a double would round) it declines, and the general parser takes it.
 */
export class JsonBytes {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;
  /** Of the last text that was read. */
  textStart = 0;
  textEnd = 0;

  open(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  /** The next byte that is no white space, which stays to be read; 0 at the end. */
  peek(): number {
    const { bytes, end } = this;
    let at = this.at;
    while (at < end) {
      const byte = bytes[at];
      if (byte !== SPACE && byte !== NEWLINE && byte !== RETURN && byte !== TAB) {
        this.at = at;
        return byte ?? 0;
      }
      at += 1;
    }
    this.at = at;
    return 0;
  }

  /** Reads one byte if it is the next. */
  take(byte: number): boolean {
    if (this.peek() !== byte) return false;
    this.at += 1;
    return true;
  }

  /** Reads text without escapes; its place is in `textStart` and `textEnd`. */
  text(): boolean {
    if (!this.take(QUOTE)) return false;
    const { bytes, end } = this;
    let at = this.at;
    this.textStart = at;
    while (at < end) {
      const byte = bytes[at];
      if (byte === QUOTE) {
        this.textEnd = at;
        this.at = at + 1;
        return true;
      }
      if (byte === BACKSLASH) return false;
      at += 1;
    }
    return false;
  }

  textIs(expected: Buffer): boolean {
    const { bytes, textStart } = this;
    const { length } = expected;
    if (this.textEnd - textStart !== length) return false;
    for (let index = 0; index < length; index++) if (bytes[textStart + index] !== expected[index]) return false;
    return true;
  }

  textValue(): string {
    return this.bytes.toString('utf8', this.textStart, this.textEnd);
  }

  /** Reads a number or null, which is NaN; undefined: declined. */
  number(): number | undefined {
    const first = this.peek();
    if (first === LETTER_N) return this.#word(NULL) ? NaN : undefined;
    const { bytes } = this;
    const start = this.at;
    let at = start + (first === MINUS ? 1 : 0);
    let mantissa = 0;
    let digits = 0;
    let scale = 0;
    for (let byte = bytes[at] ?? 0; byte >= ZERO && byte <= NINE; byte = bytes[++at] ?? 0) {
      mantissa = mantissa * 10 + byte - ZERO;
      if (mantissa > 0) digits += 1;
    }
    let isInteger = true;
    if (bytes[at] === POINT) {
      isInteger = false;
      at += 1;
      for (let byte = bytes[at] ?? 0; byte >= ZERO && byte <= NINE; byte = bytes[++at] ?? 0) {
        mantissa = mantissa * 10 + byte - ZERO;
        if (mantissa > 0) digits += 1;
        scale += 1;
      }
    }
    if (at === start || at > this.end) return undefined;
    const next = bytes[at];
    const hasExponent = next === LETTER_E || next === CAPITAL_E;
    if (hasExponent || digits > EXACT_DIGITS || scale > EXACT_POWER) {
      if (isInteger && !hasExponent) return undefined;
      return this.#long(start, at);
    }
    this.at = at;
    const value = scale === 0 ? mantissa : mantissa / (POWERS[scale] ?? NaN);
    return first === MINUS ? -value : value;
  }

  /** A number that two exact doubles do not make. */
  #long(start: number, from: number): number | undefined {
    let at = from;
    for (let byte = this.bytes[at] ?? 0; isOfNumber(byte); byte = this.bytes[++at] ?? 0);
    if (at > this.end) return undefined;
    this.at = at;
    const value = Number(this.bytes.toString('latin1', start, at));
    return Number.isNaN(value) ? undefined : value;
  }

  /** Reads `true` or `false`. */
  boolean(): boolean | undefined {
    const first = this.peek();
    if (first === LETTER_T) return this.#word(TRUE) ? true : undefined;
    if (first === LETTER_F) return this.#word(FALSE) ? false : undefined;
    return undefined;
  }

  #word(word: Buffer): boolean {
    for (let index = 0; index < word.length; index++) if (this.bytes[this.at + index] !== word[index]) return false;
    this.at += word.length;
    return this.at <= this.end;
  }

  /** Reads over a value of any kind. */
  skip(): boolean {
    let depth = 0;
    for (;;) {
      const byte = this.peek();
      if (byte === QUOTE) {
        if (!this.text()) return false;
      } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
        depth += 1;
        this.at += 1;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
        depth -= 1;
        this.at += 1;
      } else if (byte === COMMA || byte === COLON) {
        this.at += 1;
        continue;
      } else if (byte === 0) return false;
      else while (this.at < this.end && isOfWord(this.bytes[this.at] ?? 0)) this.at += 1;
      if (depth === 0) return true;
      if (depth < 0) return false;
    }
  }
}

export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
export const OPEN_LIST = 0x5b;
export const CLOSE_LIST = 0x5d;
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const LETTER_N = 0x6e;
export const LETTER_T = 0x74;
export const LETTER_F = 0x66;
const SPACE = 0x20;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const TAB = 0x09;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const LETTER_E = 0x65;
const CAPITAL_E = 0x45;
const [NULL, TRUE, FALSE] = [Buffer.from('null'), Buffer.from('true'), Buffer.from('false')];
/** So many digits are an integer that a double holds, and so large a power of ten one as well: their quotient is rounded once, as it should. */
const EXACT_DIGITS = 15;
const EXACT_POWER = 22;
const POWERS = Array.from({ length: EXACT_POWER + 1 }, (_, power) => Number(`1e${power}`));

function isOfNumber(byte: number): boolean {
  return (
    (byte >= ZERO && byte <= NINE) ||
    byte === POINT ||
    byte === MINUS ||
    byte === PLUS ||
    byte === LETTER_E ||
    byte === CAPITAL_E
  );
}

function isOfWord(byte: number): boolean {
  return isOfNumber(byte) || (byte >= 0x61 && byte <= 0x7a);
}
