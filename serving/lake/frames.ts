import { deserialize } from 'node:v8';
import type { LogFrame } from './entry.ts';

/** A frame is longer than any replica sends: the sender is not one of ours. */
const MAX_FRAME_BYTES = 64 * 2 ** 20;
const LENGTH_BYTES = 4;

/** Takes frames out of a stream of chunks, in whatever pieces they come. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  read(chunk: Buffer): readonly LogFrame[] {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: LogFrame[] = [];
    while (bytes.length >= LENGTH_BYTES) {
      const length = bytes.readUInt32LE(0);
      if (length > MAX_FRAME_BYTES) throw new Error(`a frame of ${length} bytes`);
      if (bytes.length < LENGTH_BYTES + length) break;
      // Written by the replicas of this very program.
      frames.push(deserialize(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length)) as LogFrame);
      bytes = bytes.subarray(LENGTH_BYTES + length);
    }
    this.#rest = bytes;
    return frames;
  }
}
