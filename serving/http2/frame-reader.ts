import { CODE, FRAME_BYTES, FRAME_HEAD_BYTES, Http2Failure, LARGEST_STREAM, PREFACE } from './frames.ts';

/** One frame; its payload stands in `bytes` from `from` to `to`. */
export interface Frame {
  type: number;
  flags: number;
  stream: number;
  bytes: Buffer;
  from: number;
  to: number;
}

/** Takes a client's bytes apart, whatever pieces they come in: the preface, then frames. */
export class FrameReader {
  #held: Buffer | undefined;
  #greeted = false;
  /** One for all: whoever is called keeps nothing of it but bytes. */
  readonly #frame: Frame = { type: 0, flags: 0, stream: 0, bytes: PREFACE, from: 0, to: 0 };

  /** Calls `take` for each frame that is whole until it says false. Throws an Http2Failure for what is no HTTP/2. */
  read(chunk: Buffer, take: (frame: Frame) => boolean): void {
    const bytes = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = undefined;
    let at = this.#greeted ? 0 : this.#greet(bytes);
    if (!this.#greeted) return;
    const frame = this.#frame;
    frame.bytes = bytes;
    while (bytes.length - at >= FRAME_HEAD_BYTES) {
      const length = bytes.readUIntBE(at, 3);
      if (length > FRAME_BYTES)
        throw new Http2Failure(CODE.frameSize, `a frame of ${length} bytes, at most ${FRAME_BYTES} are taken`);
      const from = at + FRAME_HEAD_BYTES;
      const to = from + length;
      if (to > bytes.length) break;
      frame.type = bytes[at + 3] ?? 0;
      frame.flags = bytes[at + 4] ?? 0;
      frame.stream = bytes.readUInt32BE(at + 5) & LARGEST_STREAM;
      frame.from = from;
      frame.to = to;
      at = to;
      if (!take(frame)) return;
    }
    // A copy: a few bytes must not hold all that came with them.
    if (at < bytes.length) this.#held = Buffer.from(bytes.subarray(at));
  }

  /** Where frames begin. */
  #greet(bytes: Buffer): number {
    const length = Math.min(bytes.length, PREFACE.length);
    if (PREFACE.compare(bytes, 0, length, 0, length) !== 0)
      throw new Http2Failure(CODE.protocol, 'the connection does not begin as HTTP/2 does');
    if (length < PREFACE.length) this.#held = bytes;
    else this.#greeted = true;
    return length;
  }
}
