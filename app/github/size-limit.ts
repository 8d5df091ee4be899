import { Transform } from 'node:stream';

/** Lets at most so many bytes through; the stream fails with the next. */
export function sizeLimit(limitBytes: number, what: string): Transform {
  let sizeBytes = 0;
  return new Transform({
    transform(chunk: Uint8Array, _, done) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > limitBytes) done(new Error(`${what} is larger than the ${limitBytes} bytes that are read`));
      else done(null, chunk);
    },
  });
}
