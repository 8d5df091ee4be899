import { CODE, Http2Failure } from './frames.ts';

/**
 * The code of HPACK's strings (https://www.rfc-editor.org/rfc/rfc7541, appendix B): how many bits each byte takes, the last being the end of a string. The codes themselves
 * follow, since it is a canonical code: the shortest first, among equals in the order of their bytes.
 */
// biome-ignore format: a table
const BITS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
] as const;
const END = 256;
const LONGEST_BITS = 30;
const MOST_PADDING_BITS = 7;

/** Of each length: the first code, how many there are, and where their symbols stand in SYMBOLS. */
const FIRST = new Int32Array(LONGEST_BITS + 1);
const COUNT = new Int32Array(LONGEST_BITS + 1);
const PLACE = new Int32Array(LONGEST_BITS + 1);
const SYMBOLS = Array.from({ length: BITS.length }, (_, symbol) => symbol).toSorted(
  (a, b) => (BITS[a] ?? 0) - (BITS[b] ?? 0) || a - b,
);
for (const bits of BITS) COUNT[bits] = (COUNT[bits] ?? 0) + 1;
for (let bits = 1; bits <= LONGEST_BITS; bits++) {
  FIRST[bits] = ((FIRST[bits - 1] ?? 0) + (COUNT[bits - 1] ?? 0)) << 1;
  PLACE[bits] = (PLACE[bits - 1] ?? 0) + (COUNT[bits - 1] ?? 0);
}

/** The text that stands in bytes `from` to `to`. Throws an Http2Failure where that is no code. */
export function huffmanText(bytes: Uint8Array, from: number, to: number): string {
  // The shortest code has five bits.
  const text = Buffer.allocUnsafe(Math.ceil(((to - from) * 8) / 5));
  let length = 0;
  let code = 0;
  let bits = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    for (let bit = 7; bit >= 0; bit--) {
      code = (code << 1) | ((byte >>> bit) & 1);
      bits += 1;
      const place = code - (FIRST[bits] ?? 0);
      if (place >= (COUNT[bits] ?? 0)) continue;
      const symbol = SYMBOLS[(PLACE[bits] ?? 0) + place] ?? END;
      if (symbol === END) throw new Http2Failure(CODE.compression, 'a string holds the mark of its end');
      text[length++] = symbol;
      code = 0;
      bits = 0;
    }
  }
  if (bits > MOST_PADDING_BITS || code !== (1 << bits) - 1)
    throw new Http2Failure(CODE.compression, 'a string ends within a byte’s code');
  return text.toString('latin1', 0, length);
}
