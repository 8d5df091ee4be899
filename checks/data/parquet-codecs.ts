import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { compressors } from 'hyparquet-compressors';

type Decompress = (bytes: Uint8Array, sizeBytes: number) => Uint8Array;

/** Node's own zlib where it has the codec: compiled, and several times as fast as the same in JavaScript. */
export const codecs = {
  ...compressors,
  ZSTD: bounded(zstdDecompressSync),
  GZIP: bounded(gunzipSync),
  BROTLI: bounded(brotliDecompressSync),
};

/** zlib takes no smaller ones. */
const LEAST_CHUNK_BYTES = 64;

type Unpack = (bytes: Uint8Array, options: { maxOutputLength: number; chunkSize: number }) => Buffer;

/**
 * No page unpacks to more than it says it does: a small file must not fill the memory. It comes out in one piece: zlib's usual pieces of 16 kB
 * are so many allocations that collecting them takes longer than unpacking.
 */
function bounded(unpack: Unpack): Decompress {
  return (bytes, sizeBytes) => {
    if (sizeBytes === 0) return new Uint8Array(0);
    // A byte of room more, or zlib asks for another piece to see whether it was the end.
    return unpack(bytes, { maxOutputLength: sizeBytes, chunkSize: Math.max(LEAST_CHUNK_BYTES, sizeBytes + 1) });
  };
}
