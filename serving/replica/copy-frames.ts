import { deserialize, serialize } from 'node:v8';
import type { ScoreMapping } from '../model/score.ts';
import type { RequestBody } from '../protocol/infer-request.ts';

/** A request that the stable arm has answered, on its way to a shadow arm's process, with that answer's scores. */
export interface Copy {
  readonly at: number;
  readonly id: string;
  readonly model: string;
  /** The shadow's. */
  readonly revision: string;
  readonly protocol: 'v1' | 'v2';
  readonly body: RequestBody;
  /** Whose answer it is compared with, as a `champion` frame has told it. */
  readonly champion: string;
  readonly rows: number;
  /** Undefined where the answer holds no score: then it is only seen whether the shadow answers at all. */
  readonly scores?: Float64Array;
}

export type CopyFrame =
  /** Once on a connection, before the first copy that is compared with this revision. */
  | { readonly kind: 'champion'; readonly revision: string; readonly mapping: ScoreMapping | undefined }
  | { readonly kind: 'copies'; readonly copies: readonly Copy[] };

/** Where a process takes copies, beside the socket on which it answers. */
export function copySocketOf(socket: string): string {
  return socket.replace(/\.sock$/, '.copy');
}

const LENGTH_BYTES = 4;
/** More than a sender has under way: it is not one of ours. */
const MAX_FRAME_BYTES = 256 * 2 ** 20;

/** `v8.serialize` behind a 32-bit little-endian length. */
export function bytesOfFrame(frame: CopyFrame): Buffer {
  const payload = serialize(frame);
  const length = Buffer.allocUnsafe(LENGTH_BYTES);
  length.writeUInt32LE(payload.length, 0);
  return Buffer.concat([length, payload]);
}

/** Takes frames out of a stream of chunks, in whatever pieces they come. Throws on what is none. */
export class CopyReader {
  #chunks: Buffer[] = [];
  #size = 0;
  #needed = LENGTH_BYTES;

  read(chunk: Buffer): readonly CopyFrame[] {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size < this.#needed) return [];
    let bytes = Buffer.concat(this.#chunks);
    const frames: CopyFrame[] = [];
    this.#needed = LENGTH_BYTES;
    while (bytes.length >= LENGTH_BYTES) {
      const length = bytes.readUInt32LE(0);
      if (length > MAX_FRAME_BYTES) throw new Error(`a frame of ${length} bytes`);
      this.#needed = LENGTH_BYTES + length;
      if (bytes.length < this.#needed) break;
      // Written by the replicas of this very program.
      frames.push(deserialize(bytes.subarray(LENGTH_BYTES, this.#needed)) as CopyFrame);
      bytes = bytes.subarray(this.#needed);
      this.#needed = LENGTH_BYTES;
    }
    this.#chunks = bytes.length === 0 ? [] : [bytes];
    this.#size = bytes.length;
    return frames;
  }
}
