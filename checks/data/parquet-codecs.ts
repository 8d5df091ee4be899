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

/** No page unpacks to more than it says it does: a small file must not fill the memory. */
function bounded(decompress: (bytes: Uint8Array, options: { maxOutputLength: number }) => Buffer): Decompress {
  return (bytes, sizeBytes) =>
    sizeBytes === 0 ? new Uint8Array(0) : decompress(bytes, { maxOutputLength: sizeBytes });
}
