/**
 * Parquet's hybrid of runs and packed bits, in which definition levels, repetition levels and dictionary indices are written.
 * https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE
 */

/** One value, `count` times. */
export function run(value: number, count: number, bits: number): Uint8Array {
  const bytes = varint(count * 2);
  for (let shift = 0; shift < bits; shift += 8) bytes.push((value >>> shift) & 0xff);
  return Uint8Array.from(bytes);
}

/** The first `count` values, each in so many bits, the least significant first. */
export function packed(values: ArrayLike<number>, count: number, bits: number): Uint8Array {
  const groups = Math.ceil(count / GROUP);
  const header = varint(groups * 2 + 1);
  const bytes = new Uint8Array(header.length + groups * bits);
  bytes.set(header);
  let at = header.length;
  let held = 0;
  let heldBits = 0;
  for (let index = 0; index < count; index++) {
    held |= (values[index] ?? 0) << heldBits;
    heldBits += bits;
    while (heldBits >= 8) {
      bytes[at++] = held & 0xff;
      held >>>= 8;
      heldBits -= 8;
    }
  }
  if (heldBits > 0) bytes[at] = held & 0xff;
  return bytes;
}

/** Runs where all are alike, else packed bits: zstd behind it takes what is regular in between. */
export function levels(values: ArrayLike<number>, count: number, bits: number): Uint8Array {
  const first = values[0] ?? 0;
  for (let index = 1; index < count; index++) if (values[index] !== first) return packed(values, count, bits);
  return run(first, count, bits);
}

const GROUP = 8;

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}
