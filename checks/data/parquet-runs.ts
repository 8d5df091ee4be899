/** Wider values would not fit beside what is left of the byte before them in 32 bits. */
export const WIDEST_BITS = 24;

/**
 * Decodes Parquet's mix of run-length and bit-packed runs into `out`. Throws where the bytes end too early.
 * Source: https://parquet.apache.org/docs/file-format/data-pages/encodings/ (RLE = 3).
 */
export function readRuns(bytes: Uint8Array, from: number, width: number, out: Int32Array | Uint8Array): void {
  let at = from;
  for (let filled = 0; filled < out.length; ) {
    let header = 0;
    let byte = 0x80;
    for (let shift = 0; byte >= 0x80; shift += 7) {
      if (at >= bytes.length || shift > 28) throw new Error('a run of values ends too early');
      byte = bytes[at++] ?? 0;
      header |= (byte & 0x7f) << shift;
    }
    const count = header >>> 1;
    const isPacked = (header & 1) === 1;
    const sizeBytes = isPacked ? count * width : (width + 7) >> 3;
    if (at + sizeBytes > bytes.length && (!isPacked || at + packedBytes(out.length - filled, width) > bytes.length))
      throw new Error('a run of values ends too early');
    const values = Math.min(isPacked ? count * 8 : count, out.length - filled);
    if (isPacked) unpack(bytes, at, width, out, filled, values);
    else out.fill(littleEndian(bytes, at, sizeBytes), filled, filled + values);
    at += sizeBytes;
    filled += values;
  }
}

function packedBytes(values: number, width: number): number {
  return Math.ceil((values * width) / 8);
}

function littleEndian(bytes: Uint8Array, at: number, sizeBytes: number): number {
  let value = 0;
  for (let i = 0; i < sizeBytes; i++) value |= (bytes[at + i] ?? 0) << (8 * i);
  return value;
}

function unpack(
  bytes: Uint8Array,
  from: number,
  width: number,
  out: Int32Array | Uint8Array,
  first: number,
  values: number,
): void {
  const mask = 2 ** width - 1;
  let at = from;
  let bits = 0;
  let held = 0;
  for (let i = first; i < first + values; i++) {
    while (held < width) {
      bits |= (bytes[at++] ?? 0) << held;
      held += 8;
    }
    out[i] = bits & mask;
    bits >>>= width;
    held -= width;
  }
}
