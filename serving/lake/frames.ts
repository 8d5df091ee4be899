import { deserialize, serialize } from 'node:v8';
import type { LogNotice } from './entry.ts';

/**
 * Between a replica and the log's writer: frames behind a 32-bit little-endian length, of which the upper bit tells entries
 * (`entry-bytes.ts`, one behind the other, after their number in 32 bits) from a notice (`v8.serialize`).
 */
export type LogFrame =
  | { readonly kind: 'notice'; readonly notice: LogNotice }
  | { readonly kind: 'entries'; readonly count: number; readonly bytes: Buffer };

/** A frame is longer than any replica sends: the sender is not one of ours. */
const MAX_FRAME_BYTES = 64 * 2 ** 20;
const LENGTH_BYTES = 4;
const ENTRIES = 2 ** 31;
/** Before the first entry of a frame: the frame's length, and how many entries it holds. */
export const FRAME_HEAD_BYTES = 8;

export function noticeFrame(notice: LogNotice): Buffer {
  const payload = serialize(notice);
  const frame = Buffer.allocUnsafe(payload.length + LENGTH_BYTES);
  frame.writeUInt32LE(payload.length, 0);
  payload.copy(frame, LENGTH_BYTES);
  return frame;
}

/** Completes a frame of entries, whose head was left free. */
export function sealEntries(frame: Buffer, length: number, count: number): Buffer {
  frame.writeUInt32LE(length - LENGTH_BYTES + ENTRIES, 0);
  frame.writeUInt32LE(count, LENGTH_BYTES);
  return frame.subarray(0, length);
}

/** Takes frames out of a stream of chunks, in whatever pieces they come. What a frame holds is valid until the next chunk is read. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  read(chunk: Buffer): readonly LogFrame[] {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: LogFrame[] = [];
    while (bytes.length >= LENGTH_BYTES) {
      const head = bytes.readUInt32LE(0);
      const length = head % ENTRIES;
      if (length > MAX_FRAME_BYTES) throw new Error(`a frame of ${length} bytes`);
      if (bytes.length < LENGTH_BYTES + length) break;
      const payload = bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
      frames.push(
        head >= ENTRIES
          ? { kind: 'entries', count: payload.readUInt32LE(0), bytes: payload.subarray(LENGTH_BYTES) }
          : // Written by the replicas of this very program.
            { kind: 'notice', notice: deserialize(payload) as LogNotice },
      );
      bytes = bytes.subarray(LENGTH_BYTES + length);
    }
    this.#rest = bytes;
    return frames;
  }
}
