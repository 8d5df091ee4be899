import { CODE, type Code, FLAG, FRAME, FRAME_HEAD_BYTES, writeFrameHead } from './frames.ts';
import type { RequestHead } from './request-head.ts';

/** Who answers a stream hears of it; nothing follows `ended`, and nothing follows `gone`. */
export interface StreamEvents {
  /** A piece of the request's body. Until `consumed` says so, its sender may send only a window's worth. */
  data(piece: Buffer): void;
  /** The request is whole. */
  ended(): void;
  /** Its caller hung up, or the connection ended. */
  gone(): void;
  /** What was sent before has gone out; only after `send` has said false. */
  drained?(): void;
}

/** What a stream needs of its connection. */
export interface StreamConnection {
  /** Bytes of data that the peer still takes of all streams together. */
  window: number;
  /** What the peer takes in one frame. */
  readonly frameBytes: number;
  push(piece: Buffer): void;
  /** The frame, or the frames, of a header block. */
  pushBlock(stream: number, block: Buffer, isLast: boolean): void;
  /** What is to stand before the next header block. */
  blockPrefix(): Buffer | undefined;
  returnWindow(stream: Http2Stream, bytes: number): void;
  wait(stream: Http2Stream): void;
  /** It is closed on both sides, or was reset. */
  closed(stream: Http2Stream): void;
  reset(stream: Http2Stream, code: Code): void;
}

/**
 * One request and its answer. States: *remote* open until the request is whole, *local* open until the answer is; gone once both are, or one side has
 * reset it.
 */
export class Http2Stream {
  readonly id: number;
  readonly head: RequestHead;
  readonly #connection: StreamConnection;
  events: StreamEvents = NOBODY;
  isRemoteOpen = true;
  /** The answer may still be given, or go on. */
  isLocalOpen = true;
  isGone = false;
  /** Bytes of data that the peer still takes; may be less than nothing. */
  window: number;
  /** Bytes of data that we still take. */
  credit: number;
  /** Of them, what was taken care of and the peer was not told yet. */
  toReturn = 0;
  /** Of the request's body so far, and as announced. */
  received = 0;
  readonly expected: number | undefined;
  /** What waits for the peer's window. */
  #waiting: Buffer[] = [];
  #last: Buffer | undefined;

  constructor(id: number, head: RequestHead, connection: StreamConnection, window: number, credit: number) {
    this.id = id;
    this.head = head;
    this.#connection = connection;
    this.window = window;
    this.credit = credit;
    const length = head.headers['content-length'];
    this.expected = length === undefined ? undefined : Number(length);
  }

  /** So much of the body was taken care of: its sender may send as much more. */
  consumed(bytes: number): void {
    if (this.isRemoteOpen && !this.isGone) this.#connection.returnWindow(this, bytes);
  }

  /** A whole answer. Blocks are those of `fieldBlock`; nothing of what is given may be changed afterwards. */
  answer(block: Buffer, data: Buffer, trailers: Buffer): void {
    const connection = this.#connection;
    const isPlain =
      data.length <= Math.min(this.window, connection.window, ONE_PIECE_BYTES) &&
      block.length <= SHORT_BLOCK_BYTES &&
      trailers.length <= SHORT_BLOCK_BYTES;
    if (!isPlain) {
      this.respond(block, false);
      this.send(data);
      this.end(trailers);
      return;
    }
    if (!this.isLocalOpen) return;
    const prefix = connection.blockPrefix();
    const blockBytes = block.length + (prefix?.length ?? 0);
    const bytes = Buffer.allocUnsafe(3 * FRAME_HEAD_BYTES + blockBytes + data.length + trailers.length);
    const stream = this.id;
    let at = writeFrameHead(bytes, 0, { length: blockBytes, type: FRAME.headers, flags: FLAG.endHeaders, stream });
    if (prefix !== undefined) at += prefix.copy(bytes, at);
    at += block.copy(bytes, at);
    at = writeFrameHead(bytes, at, { length: data.length, type: FRAME.data, flags: 0, stream });
    at += data.copy(bytes, at);
    const flags = FLAG.endHeaders | FLAG.endStream;
    at = writeFrameHead(bytes, at, { length: trailers.length, type: FRAME.headers, flags, stream });
    trailers.copy(bytes, at);
    this.window -= data.length;
    connection.window -= data.length;
    connection.push(bytes);
    this.#finish();
  }

  /** The answer's head. */
  respond(block: Buffer, isLast: boolean): void {
    if (!this.isLocalOpen) return;
    this.#connection.pushBlock(this.id, block, isLast);
    if (isLast) this.#finish();
  }

  /** More of the answer's body. False: wait for `drained` before the next. */
  send(data: Buffer): boolean {
    if (!this.isLocalOpen) return true;
    this.#waiting.push(data);
    this.pump();
    return this.#waiting.length === 0;
  }

  /** The end of the answer, behind what waits of it. */
  end(trailers: Buffer): void {
    if (!this.isLocalOpen || this.#last !== undefined) return;
    this.#last = trailers;
    if (this.#waiting.length === 0) this.#conclude(trailers);
  }

  reset(code: Code = CODE.internal): void {
    if (!this.isGone) this.#connection.reset(this, code);
  }

  /** Sends what the peer's windows let through. */
  pump(): void {
    const connection = this.#connection;
    while (!this.isGone) {
      const [piece] = this.#waiting;
      if (piece === undefined) break;
      const room = Math.min(this.window, connection.window, connection.frameBytes);
      if (room <= 0 && piece.length > 0) {
        connection.wait(this);
        return;
      }
      const part = piece.length <= room ? piece : piece.subarray(0, room);
      if (part === piece) this.#waiting.shift();
      else this.#waiting[0] = piece.subarray(room);
      this.window -= part.length;
      connection.window -= part.length;
      const head = Buffer.allocUnsafe(FRAME_HEAD_BYTES);
      writeFrameHead(head, 0, { length: part.length, type: FRAME.data, flags: 0, stream: this.id });
      connection.push(head);
      if (part.length > 0) connection.push(part);
    }
    if (this.#last !== undefined) this.#conclude(this.#last);
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Forgets what it still had to say. */
  drop(): void {
    this.isGone = true;
    this.isLocalOpen = false;
    this.#waiting = [];
    this.#last = undefined;
  }

  #conclude(trailers: Buffer): void {
    if (!this.isLocalOpen) return;
    this.#connection.pushBlock(this.id, trailers, true);
    this.#finish();
  }

  #finish(): void {
    this.isLocalOpen = false;
    this.#last = undefined;
    // An answer that came before the whole request: the rest of it is of no use (RFC 9113, section 8.1).
    if (this.isRemoteOpen) this.#connection.reset(this, CODE.none);
    else this.#connection.closed(this);
  }
}

/** What goes into one frame at every peer. */
const ONE_PIECE_BYTES = 16_384;
const SHORT_BLOCK_BYTES = 8_192;

const NOBODY: StreamEvents = { data() {}, ended() {}, gone() {} };
