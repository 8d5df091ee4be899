import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Refusal } from '../protocol/refusal.ts';
import { type Reply, callOf } from './call.ts';
import { requireCaller } from './caller.ts';
import { JSON_LENGTH, dividedBody, packedAnswer, refusalHeaders } from './http.ts';
import { newIdentifier } from './identifier.ts';
import { sharedBufferSocket } from './shared-buffer-socket.ts';
import type { ReplicaSettings } from './messages.ts';
import { MAX_FAST_BODY_BYTES, MAX_HEAD_BYTES, type RequestHead, RequestHeads } from './request-head.ts';
import { type Serving, serveCall } from './serve-call.ts';

/**
 * Answers the commonest request, a prediction in its plainest form (request-head.ts), straight from the socket: node:http costs three times what the
 * model does. Whatever is not recognised goes to node:http with its connection and every byte that was not answered, for good; so limits,
 * slow senders, 100-continue, chunks and everything a request can be wrong in are judged there and nowhere else.
 *
 * A connection is *idle* → *reading* (a request is incomplete) → *answering* (one request; what comes meanwhile waits, a little of it) → idle …
 * until it is handed over or closed.
 */
export interface FastLaneContext {
  readonly settings: ReplicaSettings;
  readonly serving: Serving;
  /** Whether the next answer on a connection should be its last. */
  readonly draining: () => boolean;
  /** Takes a connection, which is paused, with what it has sent and nobody has answered. */
  readonly handOver: (socket: Socket) => void;
}

/** As node:http, which closes a second after the time that it tells. */
const KEEP_ALIVE_SPARE_MS = 1_000;
const SWEEP_MS = 500;
/** A request that takes longer to come in belongs to who has limits for that. */
const READING_SWEEPS = 2;
/** A connection on which nothing ever came. */
const SILENT_SWEEPS = 60;

export class FastLane {
  readonly context: FastLaneContext;
  readonly heads = new RequestHeads();
  readonly #connections = new Set<Connection>();
  readonly #idleSweeps: number;
  readonly #sweeper: NodeJS.Timeout;
  /** Requests being answered. */
  inFlight = 0;
  /** Time as connections count it: sweeps so far. */
  sweeps = 0;

  constructor(context: FastLaneContext) {
    this.context = context;
    this.#idleSweeps = Math.ceil((context.settings.keepAliveMs + KEEP_ALIVE_SPARE_MS) / SWEEP_MS);
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  /** The socket that goes on with the connection, which may be another than the one given; it is paused until `begin`. */
  accept(given: Socket): { readonly socket: Socket; begin(): void } {
    const connection = new Connection(this, given, () => this.#connections.delete(connection));
    this.#connections.add(connection);
    return connection;
  }

  /** Requests that have not come in whole. */
  get reading(): number {
    let reading = 0;
    for (const { state } of this.#connections) if (state === 'reading') reading += 1;
    return reading;
  }

  /** Ends connections without a request under way. */
  closeIdle(): void {
    for (const connection of this.#connections) if (connection.state === 'idle') connection.destroy();
  }

  close(): void {
    clearInterval(this.#sweeper);
  }

  #sweep(): void {
    this.sweeps += 1;
    for (const connection of this.#connections) {
      const waited = this.sweeps - connection.since;
      if (connection.state === 'reading') {
        if (waited > READING_SWEEPS) connection.handOver();
      } else if (connection.state === 'idle') {
        if (connection.answers === 0) {
          if (waited > SILENT_SWEEPS) connection.handOver();
        } else if (waited > this.#idleSweeps) connection.destroy();
      }
    }
  }
}

const HEAD_END = Buffer.from('\r\n\r\n');
const BEGINNING = Buffer.from('POST /v');
/** While a request is being answered no more than this is read ahead. */
const READ_AHEAD_BYTES = MAX_HEAD_BYTES + MAX_FAST_BODY_BYTES;

class Connection {
  readonly #lane: FastLane;
  readonly socket: Socket;
  readonly #left: () => void;
  /** Bytes come by `onread`, not by 'data'. */
  readonly #isShared: boolean;
  state: 'idle' | 'reading' | 'answering' | 'gone' = 'idle';
  /** The sweep at which this state began. */
  since: number;
  answers = 0;
  #unread: Buffer | undefined;
  /** The last head, to be found again by its bytes. */
  #headBytes: Buffer | undefined;
  #head: RequestHead | undefined;

  constructor(lane: FastLane, given: Socket, left: () => void) {
    this.#lane = lane;
    this.#left = left;
    this.since = lane.sweeps;
    const socket = sharedBufferSocket(given, (shared, length) => this.#take(shared, length));
    this.#isShared = socket !== undefined;
    this.socket = socket ?? given;
  }

  begin(): void {
    const { socket } = this;
    if (!this.#isShared) socket.on('data', this.#onData);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
    socket.resume();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** For good: node:http sees the connection as if it had just been accepted, with all that was not answered still to be read. */
  handOver(): void {
    const { socket } = this;
    socket.pause();
    socket.off('data', this.#onData);
    socket.off('error', this.#onError);
    socket.off('close', this.#onClose);
    const unread = this.#unread;
    this.#unread = undefined;
    this.#leave();
    // The caller has closed its end: nothing more can come, and nothing can be said.
    if (socket.readableEnded || socket.destroyed) {
      socket.destroy();
      return;
    }
    if (unread !== undefined) socket.unshift(unread);
    this.#lane.context.handOver(socket);
  }

  /** What has come into the shared buffer is taken out of it before the next read. */
  #take(shared: Buffer, length: number): boolean {
    if (this.state === 'gone') return this.socket.push(Buffer.from(shared.subarray(0, length)));
    this.#read(shared, length);
    return true;
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.state !== 'gone') this.#read(chunk, chunk.length);
  };

  #read(bytes: Buffer, length: number): void {
    if (this.#unread === undefined && this.state !== 'answering') {
      this.#next(bytes, length);
      return;
    }
    const more = bytes.subarray(0, length);
    this.#unread = this.#unread === undefined ? Buffer.from(more) : Buffer.concat([this.#unread, more]);
    if (this.state !== 'answering') this.#next(this.#unread, this.#unread.length);
    else if (this.#unread.length > READ_AHEAD_BYTES) this.socket.pause();
  }

  readonly #onError = (): void => {
    this.socket.destroy();
  };

  readonly #onClose = (): void => {
    if (this.state === 'answering') this.#lane.inFlight -= 1;
    this.#leave();
  };

  #leave(): void {
    this.state = 'gone';
    this.#left();
  }

  #enter(state: 'idle' | 'reading'): void {
    if (this.state === state) return;
    this.state = state;
    this.since = this.#lane.sweeps;
  }

  /** Begins the next request, where it is complete; keeps what is left of the bytes. */
  #next(bytes: Buffer, length: number): void {
    if (length === 0) {
      this.#enter('idle');
      return;
    }
    const found = this.#findHead(bytes, length);
    if (found === 'other') {
      this.#keep(bytes, 0, length);
      this.handOver();
      return;
    }
    const end = found === 'incomplete' ? Infinity : found.bodyAt + found.head.bodyBytes;
    if (found === 'incomplete' || length < end) {
      this.#keep(bytes, 0, length);
      this.#enter('reading');
      return;
    }
    this.#keep(bytes, end, length);
    this.state = 'answering';
    this.#lane.inFlight += 1;
    void this.#serve(found.head, bytes, found.bodyAt, end);
  }

  /** A copy, unless it is what was kept already: the shared buffer is read into again. */
  #keep(bytes: Buffer, from: number, to: number): void {
    if (from === to) this.#unread = undefined;
    else if (bytes === this.#unread) this.#unread = bytes.subarray(from, to);
    else this.#unread = Buffer.from(bytes.subarray(from, to));
  }

  #findHead(
    bytes: Buffer,
    length: number,
  ): { readonly head: RequestHead; readonly bodyAt: number } | 'incomplete' | 'other' {
    const last = this.#headBytes;
    if (
      last !== undefined &&
      this.#head !== undefined &&
      length >= last.length &&
      bytes.compare(last, 0, last.length, 0, last.length) === 0
    )
      return { head: this.#head, bodyAt: last.length };
    const end = bytes.indexOf(HEAD_END);
    // Beyond the length lies what another connection sent.
    if (end < 0 || end + HEAD_END.length > length || end > MAX_HEAD_BYTES) {
      const begun = Math.min(length, BEGINNING.length);
      const mayBe = bytes.compare(BEGINNING, 0, begun, 0, begun) === 0 && length <= MAX_HEAD_BYTES;
      return mayBe ? 'incomplete' : 'other';
    }
    const head = this.#lane.heads.find(bytes.toString('latin1', 0, end));
    if (head === undefined) return 'other';
    const bodyAt = end + HEAD_END.length;
    this.#head = head;
    this.#headBytes = Buffer.from(bytes.subarray(0, bodyAt));
    return { head, bodyAt };
  }

  /** The bytes are read before anything is waited for. */
  async #serve(head: RequestHead, bytes: Buffer, from: number, to: number): Promise<void> {
    const { settings, serving } = this.#lane.context;
    const at = Date.now();
    const id = newIdentifier(at);
    try {
      requireCaller(head.headers['authorization'], false, settings, false);
      const jsonBytes = head.headers[JSON_LENGTH];
      const whole = bytes.subarray(from, to);
      // Text is copied as it is decoded; tensors stay views of what they came in.
      const body = dividedBody(jsonBytes === undefined ? whole : Buffer.from(whole), jsonBytes);
      await this.#answer(head, id, await serveCall(callOf(head, body, id, at, false), serving));
    } catch (error) {
      this.#refuse(error, id);
    }
  }

  async #answer(head: RequestHead, id: string, reply: Reply): Promise<void> {
    const packing = packedAnswer(head.headers['accept-encoding'], reply.body());
    const { contentType, body, more } = packing instanceof Promise ? await packing : packing;
    this.#send(
      200,
      `content-type: ${contentType}\r\nx-slipway-id: ${id}\r\nx-slipway-revision: ${reply.revision}\r\nx-slipway-model-version: ${reply.version}\r\n${linesOf(more)}`,
      body,
    );
  }

  #refuse(error: unknown, id: string): void {
    const refusal =
      error instanceof Refusal ? error : new Refusal(500, error instanceof Error ? error.message : String(error));
    this.#send(
      refusal.status,
      `content-type: application/json\r\nx-slipway-id: ${id}\r\n${linesOf(refusalHeaders(refusal))}`,
      JSON.stringify({ error: refusal.message }),
    );
  }

  #send(status: number, lines: string, body: string | readonly Uint8Array[]): void {
    if (this.state !== 'answering') return;
    const { settings, draining } = this.#lane.context;
    const isLast = draining();
    const connection = isLast
      ? 'connection: close\r\n'
      : `connection: keep-alive\r\nkeep-alive: timeout=${Math.floor(settings.keepAliveMs / 1000)}\r\n`;
    const size = typeof body === 'string' ? Buffer.byteLength(body) : body.reduce((sum, part) => sum + part.length, 0);
    const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines}content-length: ${size}\r\ndate: ${dateText()}\r\n${connection}\r\n`;
    const socket = this.socket;
    // Where every character is one byte, nothing needs to be encoded.
    const isTaken =
      typeof body === 'string'
        ? socket.write(head + body, size === body.length ? 'latin1' : 'utf8')
        : writeParts(socket, head, body);
    this.answers += 1;
    if (isLast) {
      this.#lane.inFlight -= 1;
      this.#leave();
      socket.destroySoon();
    } else if (isTaken) this.#finish();
    else socket.once('drain', () => this.#finish());
  }

  #finish(): void {
    if (this.state !== 'answering') return;
    this.#lane.inFlight -= 1;
    this.state = 'idle';
    this.since = this.#lane.sweeps;
    const unread = this.#unread;
    if (unread !== undefined) this.#next(unread, unread.length);
    if (this.socket.isPaused() && (this.#unread?.length ?? 0) <= READ_AHEAD_BYTES) this.socket.resume();
  }
}

function linesOf(headers: Readonly<Record<string, string>>): string {
  let lines = '';
  for (const name in headers) lines += `${name}: ${headers[name]}\r\n`;
  return lines;
}

/** In one piece for the system, without putting it together here. */
function writeParts(socket: Socket, head: string, parts: readonly Uint8Array[]): boolean {
  socket.cork();
  let isTaken = socket.write(head, 'latin1');
  for (const part of parts) isTaken = socket.write(part);
  socket.uncork();
  return isTaken;
}

let dateSecond = 0;
let date = '';

function dateText(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    date = new Date().toUTCString();
  }
  return date;
}
