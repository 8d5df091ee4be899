import type { Duplex } from 'node:stream';
import { CutOffStreams } from './cut-off-streams.ts';
import { FloodGuard } from './flood-guard.ts';
import { type Frame, FrameReader } from './frame-reader.ts';
import {
  CODE,
  type Code,
  FIRST_WINDOW_BYTES,
  FLAG,
  FRAME,
  FRAME_BYTES,
  Http2Failure,
  LARGEST_STREAM,
  LARGEST_WINDOW_BYTES,
  PING_BYTES,
  SETTING,
  SETTINGS_ACK,
  blockFrames,
  goAwayFrame,
  pingFrame,
  resetFrame,
  settingsFrame,
  windowFrame,
} from './frames.ts';
import { HeaderReader } from './header-reader.ts';
import { Http2Stream, type StreamConnection } from './http2-stream.ts';
import { Outlet } from './outlet.ts';
import { peerSettings } from './peer-settings.ts';

/** Who serves a connection hears of each request, and of the end. */
export interface ConnectionEvents {
  /** A request's head has come; its `events` are to be set at once. */
  request(stream: Http2Stream): void;
  closed(): void;
}

/** So many calls of one connection at once; clients keep others back until some have ended. */
export const MOST_STREAMS = 1024;
/** Tensors of a megabyte do not wait for leave to go on. */
const WINDOW_BYTES = 2 ** 20;
/** Above it nothing more is read until its sender has read what it was told. */
const MOST_UNSENT_BYTES = 2 ** 20;
/** Calls that are cut off, frames that carry nothing: at once, and a second (as nghttp2 has it). */
const FLOOD_BURST = 1000;
const FLOOD_PER_SECOND = 33;
/** Streams that were reset of which we know it; the client has heard of older ones. */
const MOST_CUT_OFF = 2 * MOST_STREAMS;
/** Who opens a connection says at once what it wants. */
const GREETING_LIMIT_MS = 10_000;
/** How long a client may take to hear of the end of a connection; what it began by then is answered. */
const FAREWELL_LIMIT_MS = 5_000;
/** For the last frames to be read before the connection is cut. */
const LINGER_MS = 1_000;
const FAREWELL = Buffer.from('farewell');
/** The table is empty from here on: blocks never fill it (RFC 7541, section 6.3). */
const NO_TABLE = Buffer.of(0x20);

const GREETING = Buffer.concat([
  settingsFrame([
    [SETTING.streams, MOST_STREAMS],
    [SETTING.window, WINDOW_BYTES],
    [SETTING.headerListBytes, 65_536],
  ]),
  windowFrame(0, WINDOW_BYTES - FIRST_WINDOW_BYTES),
]);

/**
 * The server's end of an HTTP/2 connection (https://www.rfc-editor.org/rfc/rfc9113) over a socket, encrypted or not: requests in, answers out, flow control both ways. It knows nothing of what is asked. No push, no
 * priorities (which servers may ignore), no upgrade from HTTP/1.1.
 *
 * States: *open* → (goAway: streams beyond those that the client has begun are refused) *leaving* → *closed*. A peer that breaks the protocol gets a GOAWAY that says why.
 */
export class Http2Connection implements StreamConnection {
  readonly #socket: Duplex;
  readonly #events: ConnectionEvents;
  readonly #outlet: Outlet;
  readonly #reader = new FrameReader();
  readonly #heads = new HeaderReader();
  readonly #streams = new Map<number, Http2Stream>();
  /** Streams whose next bytes wait for the window of all. */
  readonly #waiting = new Set<Http2Stream>();
  readonly #cutOff = new CutOffStreams(MOST_CUT_OFF);
  readonly #floods = new FloodGuard(FLOOD_BURST, FLOOD_PER_SECOND, performance.now());
  readonly #take = (frame: Frame): boolean => this.#frame(frame);
  #limit: NodeJS.Timeout | undefined;
  #last = 0;
  #sawSettings = false;
  #toldTable = false;
  #state: 'open' | 'leaving' | 'closed' = 'open';
  /** The last stream that is answered; set once that is certain. */
  #lastAnswered = LARGEST_STREAM;
  #streamWindow = FIRST_WINDOW_BYTES;
  #credit = WINDOW_BYTES;
  #toReturn = 0;
  window = FIRST_WINDOW_BYTES;
  frameBytes = FRAME_BYTES;

  constructor(socket: Duplex, events: ConnectionEvents) {
    this.#socket = socket;
    this.#events = events;
    this.#outlet = new Outlet(socket);
    this.#limit = setTimeout(() => this.destroy(), GREETING_LIMIT_MS).unref();
    socket.on('drain', () => {
      if (this.#state !== 'closed') socket.resume();
    });
    socket.on('error', () => socket.destroy());
    // Who has closed its end cannot read an answer that it waits for either: nobody does that.
    socket.on('end', () => this.destroy());
    socket.on('close', () => {
      clearTimeout(this.#limit);
      this.#end();
    });
    this.#outlet.push(GREETING);
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** Begins no more; what the client has begun by the time that it hears of it is answered, then the connection ends. */
  goAway(): void {
    if (this.#state !== 'open') return;
    this.#state = 'leaving';
    // In two steps (RFC 9113, section 6.8): the client stops, and what it sent until then is in when the pong comes.
    this.push(goAwayFrame(LARGEST_STREAM, CODE.none));
    this.push(pingFrame(FAREWELL, 0));
    this.#limitTo(FAREWELL_LIMIT_MS, () => this.#leave());
  }

  /** Ends it as it is. */
  destroy(): void {
    this.#outlet.flush();
    this.#socket.destroy();
    this.#end();
  }

  /** Takes what has come, which is the connection's from then on. */
  read(chunk: Buffer): void {
    if (this.#state === 'closed') return;
    try {
      this.#reader.read(chunk, this.#take);
    } catch (error) {
      if (!(error instanceof Http2Failure)) console.error('a connection of HTTP/2 could not be read', error);
      this.#fail(error instanceof Http2Failure ? error : new Http2Failure(CODE.internal, 'an error of the server'));
    }
    if (this.#outlet.waitingBytes <= MOST_UNSENT_BYTES) return;
    this.#outlet.flush();
    if (this.#socket.writableNeedDrain) this.#socket.pause();
  }

  #frame(frame: Frame): boolean {
    const { type, stream } = frame;
    if (!this.#sawSettings) {
      if (type !== FRAME.settings || (frame.flags & FLAG.ack) !== 0)
        throw new Http2Failure(CODE.protocol, 'the first frame must be SETTINGS');
      this.#sawSettings = true;
      this.#limitTo(undefined);
    }
    if (this.#heads.isWithin && (type !== FRAME.continuation || stream !== this.#heads.stream))
      throw new Http2Failure(CODE.protocol, 'a header block is interrupted');
    switch (type) {
      case FRAME.data:
        this.#data(frame);
        break;
      case FRAME.headers:
        if (stream % 2 === 0) throw new Http2Failure(CODE.protocol, `HEADERS on stream ${stream}`);
        if (this.#heads.begin(frame)) this.#head();
        break;
      case FRAME.continuation:
        if (frame.from === frame.to) this.#counted('CONTINUATION without anything');
        if (this.#heads.goOn(frame)) this.#head();
        break;
      case FRAME.priority:
        if (stream === 0) throw new Http2Failure(CODE.protocol, 'PRIORITY of the connection');
        // What it says is not looked at.
        if (frame.to - frame.from !== 5) this.#refuse(stream, CODE.frameSize);
        break;
      case FRAME.reset:
        this.#reset(frame);
        break;
      case FRAME.settings:
        this.#settings(frame);
        break;
      case FRAME.pushPromise:
        throw new Http2Failure(CODE.protocol, 'PUSH_PROMISE of a client');
      case FRAME.ping:
        this.#ping(frame);
        break;
      case FRAME.goAway:
        expectBytes(frame, 8, 'more');
        expectConnection(frame);
        break;
      case FRAME.window:
        this.#moreWindow(frame);
        break;
    }
    return this.#state !== 'closed';
  }

  #data(frame: Frame): void {
    const { flags, stream: id, bytes, to } = frame;
    let { from } = frame;
    const size = to - from;
    if (id === 0 || id > this.#last) throw new Http2Failure(CODE.protocol, `DATA on stream ${id}, which is not open`);
    if (size > this.#credit) throw new Http2Failure(CODE.flowControl, 'more data than the connection’s window');
    let end = to;
    if ((flags & FLAG.padded) !== 0) {
      const padding = bytes[from++] ?? 0;
      end -= padding;
      if (size === 0 || end < from) throw new Http2Failure(CODE.protocol, 'more padding than there are bytes');
    }
    // All of it at once: one stream that stands still must not hold up the others.
    this.#credit -= size;
    this.#toReturn += size;
    if (this.#toReturn >= WINDOW_BYTES / 2) {
      this.push(windowFrame(0, this.#toReturn));
      this.#credit += this.#toReturn;
      this.#toReturn = 0;
    }
    const isLast = (flags & FLAG.endStream) !== 0;
    if (end === from && !isLast) this.#counted('DATA without anything');
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      if (!this.#isUnderWay(id, isLast)) this.#refuse(id, CODE.streamClosed);
      return;
    }
    if (!stream.isRemoteOpen) {
      this.#offend(stream, CODE.streamClosed);
      return;
    }
    if (size > stream.credit) {
      this.#offend(stream, CODE.flowControl);
      return;
    }
    stream.credit -= size;
    if (size > end - from && !isLast) this.returnWindow(stream, size - (end - from));
    stream.received += end - from;
    if (end > from) stream.events.data(bytes.subarray(from, end));
    if (isLast) this.#whole(stream);
  }

  #isUnderWay(stream: number, isLast: boolean): boolean {
    return stream > this.#lastAnswered || this.#cutOff.isUnderWay(stream, isLast);
  }

  #cut(stream: number, code: Code): void {
    this.push(resetFrame(stream, code));
    this.#cutOff.add(stream);
  }

  /** A request is whole. */
  #whole(stream: Http2Stream): void {
    if (stream.isGone) return;
    if (stream.expected !== undefined && stream.expected !== stream.received) {
      this.#offend(stream, CODE.protocol);
      return;
    }
    stream.isRemoteOpen = false;
    stream.events.ended();
  }

  /** A header block is whole. */
  #head(): void {
    const { stream: id, isLast } = this.#heads;
    const known = this.#streams.get(id);
    if (known !== undefined) {
      const areGood = this.#heads.trailers();
      if (!known.isRemoteOpen) this.#offend(known, CODE.streamClosed);
      else if (!isLast || !areGood) this.#offend(known, CODE.protocol);
      else this.#whole(known);
      return;
    }
    const head = this.#heads.request();
    if (id <= this.#last) {
      if (this.#isUnderWay(id, isLast)) return;
      throw new Http2Failure(CODE.streamClosed, `HEADERS on stream ${id}, which is closed`);
    }
    this.#last = id;
    // It was told that nobody answers these: it asks again elsewhere.
    if (id > this.#lastAnswered) return;
    if (head.kind !== 'head') {
      this.#refuse(id, head.kind === 'too large' ? CODE.calm : CODE.protocol);
      return;
    }
    if (this.#streams.size >= MOST_STREAMS) {
      this.#refuse(id, CODE.refused);
      return;
    }
    const stream = new Http2Stream(id, head.head, this, this.#streamWindow, WINDOW_BYTES);
    this.#streams.set(id, stream);
    this.#events.request(stream);
    if (isLast) this.#whole(stream);
  }

  #reset(frame: Frame): void {
    expectBytes(frame, 4);
    const { stream: id } = frame;
    if (id === 0 || id > this.#last) throw new Http2Failure(CODE.protocol, `RST_STREAM of ${id}, which is not open`);
    this.#counted('RST_STREAM');
    this.#cutOff.isUnderWay(id, true);
    const stream = this.#streams.get(id);
    if (stream !== undefined) this.#forget(stream);
  }

  #settings(frame: Frame): void {
    expectConnection(frame);
    if ((frame.flags & FLAG.ack) !== 0) {
      expectBytes(frame, 0);
      return;
    }
    this.#counted('SETTINGS');
    const { windowBytes, frameBytes } = peerSettings(frame);
    if (windowBytes !== undefined) this.#moveWindows(windowBytes);
    if (frameBytes !== undefined) this.frameBytes = Math.min(frameBytes, WINDOW_BYTES);
    this.push(SETTINGS_ACK);
    this.#pump();
  }

  #moveWindows(bytes: number): void {
    const more = bytes - this.#streamWindow;
    this.#streamWindow = bytes;
    for (const stream of this.#streams.values()) {
      stream.window += more;
      if (stream.window > LARGEST_WINDOW_BYTES)
        throw new Http2Failure(CODE.flowControl, `a window of ${stream.window} bytes`);
      if (stream.isWaiting) this.#waiting.add(stream);
    }
  }

  #ping(frame: Frame): void {
    expectBytes(frame, PING_BYTES);
    expectConnection(frame);
    const data = frame.bytes.subarray(frame.from, frame.to);
    if ((frame.flags & FLAG.ack) === 0) this.push(pingFrame(data, FLAG.ack));
    else if (this.#state === 'leaving' && data.equals(FAREWELL)) this.#leave();
  }

  #moreWindow(frame: Frame): void {
    expectBytes(frame, 4);
    const { stream: id, bytes, from } = frame;
    const more = bytes.readUInt32BE(from) & LARGEST_WINDOW_BYTES;
    if (id > this.#last) throw new Http2Failure(CODE.protocol, `WINDOW_UPDATE of ${id}, which is not open`);
    const stream = this.#streams.get(id);
    if (id === 0) {
      if (more === 0) throw new Http2Failure(CODE.protocol, 'WINDOW_UPDATE by nothing');
      this.window += more;
      if (this.window > LARGEST_WINDOW_BYTES)
        throw new Http2Failure(CODE.flowControl, `a window of ${this.window} bytes`);
      this.#pump();
    } else if (stream !== undefined) {
      stream.window += more;
      if (more === 0) this.#offend(stream, CODE.protocol);
      else if (stream.window > LARGEST_WINDOW_BYTES) this.#offend(stream, CODE.flowControl);
      else if (stream.isWaiting) {
        this.#waiting.add(stream);
        this.#pump();
      }
    }
  }

  push(piece: Buffer): void {
    if (this.#state !== 'closed') this.#outlet.push(piece);
  }

  pushBlock(stream: number, block: Buffer, isLast: boolean): void {
    const prefix = this.blockPrefix();
    const whole = prefix === undefined ? block : Buffer.concat([prefix, block]);
    for (const frame of blockFrames(stream, whole, isLast)) this.push(frame);
  }

  blockPrefix(): Buffer | undefined {
    if (this.#toldTable) return undefined;
    this.#toldTable = true;
    return NO_TABLE;
  }

  returnWindow(stream: Http2Stream, bytes: number): void {
    stream.toReturn += bytes;
    if (stream.toReturn < WINDOW_BYTES / 2) return;
    this.push(windowFrame(stream.id, stream.toReturn));
    stream.credit += stream.toReturn;
    stream.toReturn = 0;
  }

  wait(stream: Http2Stream): void {
    this.#waiting.add(stream);
  }

  closed(stream: Http2Stream): void {
    stream.drop();
    this.#streams.delete(stream.id);
    this.#waiting.delete(stream);
    if (this.#streams.size === 0 && this.#lastAnswered !== LARGEST_STREAM) this.#closeSoon();
  }

  reset(stream: Http2Stream, code: Code): void {
    this.#cut(stream.id, code);
    this.closed(stream);
  }

  /** Sends what may go out now. */
  #pump(): void {
    for (const stream of this.#waiting) {
      if (this.window <= 0) return;
      this.#waiting.delete(stream);
      stream.pump();
      if (!stream.isGone && !stream.isWaiting) stream.events.drained?.();
      // Its own window is used up: it is told when there is more of it.
      if (stream.window <= 0) this.#waiting.delete(stream);
    }
  }

  /** A stream on which its caller broke the protocol. */
  #offend(stream: Http2Stream, code: Code): void {
    this.#cut(stream.id, code);
    this.#forget(stream);
    this.#counted('a stream against the protocol');
  }

  #refuse(stream: number, code: Code): void {
    this.#cut(stream, code);
    this.#counted('a stream against the protocol');
  }

  #forget(stream: Http2Stream): void {
    this.closed(stream);
    stream.events.gone();
  }

  #counted(what: string): void {
    if (!this.#floods.allows(performance.now())) throw new Http2Failure(CODE.calm, `too often: ${what}`);
  }

  #fail({ code, message }: Http2Failure): void {
    this.push(goAwayFrame(this.#last, code, message));
    this.#closeSoon();
    this.#end();
  }

  /** What the client has begun by now is answered, nothing else. */
  #leave(): void {
    if (this.#state !== 'leaving' || this.#lastAnswered !== LARGEST_STREAM) return;
    this.#limitTo(undefined);
    this.#lastAnswered = this.#last;
    this.push(goAwayFrame(this.#last, CODE.none));
    if (this.#streams.size === 0) this.#closeSoon();
  }

  /** Closing a socket that still has something to read resets it, and the reset may overtake the last frames: what still comes is read and dropped. */
  #closeSoon(): void {
    this.#outlet.flush();
    const socket = this.#socket;
    socket.end();
    socket.resume();
    this.#limitTo(LINGER_MS, () => socket.destroy());
  }

  #limitTo(ms: number | undefined, then: () => void = () => {}): void {
    clearTimeout(this.#limit);
    this.#limit = ms === undefined ? undefined : setTimeout(then, ms).unref();
  }

  #end(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    for (const stream of this.#streams.values()) {
      stream.drop();
      stream.events.gone();
    }
    this.#streams.clear();
    this.#waiting.clear();
    this.#events.closed();
  }
}

function expectBytes({ from, to, type }: Frame, bytes: number, or?: 'more'): void {
  const found = to - from;
  if (found !== bytes && !(or === 'more' && found > bytes))
    throw new Http2Failure(CODE.frameSize, `a frame of type ${type} with ${found} bytes, expected ${bytes}`);
}

function expectConnection({ stream, type }: Frame): void {
  if (stream !== 0) throw new Http2Failure(CODE.protocol, `a frame of type ${type} on stream ${stream}`);
}
