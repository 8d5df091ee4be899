import { connect, type Socket } from 'node:net';
import type { Lane, LaneEvents, Lanes } from './load-lanes.ts';
import type { LoadJob } from './load-job.ts';

/** One for all connections, which lies in the processor's cache: what has come is read before anything else comes. */
const buffer = Buffer.allocUnsafe(128 * 1024);
const HEAD_END = Buffer.from('\r\n\r\n');
const LONGEST_HEAD_BYTES = 64 * 1024;

/** Connections of HTTP/1.1 that stay open, with requests that were made beforehand: what the generator costs must not be what is measured. */
export async function httpLanes(job: LoadJob, events: LaneEvents): Promise<Lanes> {
  const lanes = await Promise.all(Array.from({ length: job.connections }, () => HttpLane.open(job, events)));
  return {
    lanes,
    sweep: (now) => lanes.forEach((lane) => lane.sweep(now)),
    close: () => lanes.forEach((lane) => lane.close()),
  };
}

class HttpLane implements Lane {
  readonly #job: LoadJob;
  readonly #events: LaneEvents;
  #socket: Socket | undefined;
  /** An answer that comes in parts: what is there of it, and how long it and its headers are once that is known. */
  #parts: Buffer[] = [];
  #kept = 0;
  #wanted = 0;
  /** On this connection. */
  #answered = 0;
  /** When what is under way was sent; undefined: free. */
  #sentAt: number | undefined;
  #closed = false;

  static async open(job: LoadJob, events: LaneEvents): Promise<HttpLane> {
    const lane = new HttpLane(job, events);
    const socket = lane.#connect();
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', () => resolve());
      socket.once('error', (cause) =>
        reject(new Error(`no connection to ${job.host}:${job.port} for the load`, { cause })),
      );
    });
    return lane;
  }

  private constructor(job: LoadJob, events: LaneEvents) {
    this.#job = job;
    this.#events = events;
  }

  send(request: number): void {
    const bytes = this.#job.requests[request]?.bytes;
    if (bytes === undefined) throw new RangeError(`no request ${request}`);
    this.#sentAt = performance.now();
    (this.#socket ?? this.#connect()).write(bytes);
  }

  sweep(now: number): void {
    if (this.#sentAt === undefined || now - this.#sentAt <= this.#job.limitMs) return;
    this.#end({ kind: 'no answer in time', says: `no answer within ${this.#job.limitMs} ms` });
  }

  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
  }

  #connect(): Socket {
    const { host, port } = this.#job;
    const socket = connect({
      host,
      port,
      noDelay: true,
      onread: {
        buffer,
        callback: (size) => {
          if (this.#socket === socket) this.#read(buffer.subarray(0, size));
          return true;
        },
      },
    });
    const gone = (says: string) => () => {
      if (this.#socket === socket) this.#end({ kind: 'connection', says });
    };
    socket.on('error', (error) => gone(error.message)());
    socket.on('end', gone('the server closed the connection'));
    socket.on('close', gone('the connection was closed'));
    this.#socket = socket;
    this.#forget();
    this.#answered = 0;
    return socket;
  }

  #end(complaint: { readonly kind: string; readonly says: string }): void {
    this.#socket?.destroy();
    this.#socket = undefined;
    const wasBusy = this.#sentAt !== undefined;
    this.#sentAt = undefined;
    // A connection that is closed between requests is no error; the next request opens another.
    if (wasBusy && !this.#closed) this.#events.failed(this, complaint);
  }

  /** `chunk` is lent: what is kept of it is copied. */
  #read(chunk: Buffer): void {
    if (this.#parts.length === 0) {
      if (!this.#take(chunk) && this.#socket !== undefined) this.#keep(chunk);
      return;
    }
    this.#keep(chunk);
    if (this.#kept < this.#wanted) return;
    const whole = Buffer.concat(this.#parts);
    this.#forget();
    if (!this.#take(whole) && this.#socket !== undefined) this.#keep(whole);
  }

  #keep(chunk: Buffer): void {
    this.#parts.push(Buffer.from(chunk));
    this.#kept += chunk.length;
  }

  #forget(): void {
    this.#parts = [];
    this.#kept = 0;
    this.#wanted = 0;
  }

  /** Takes the answer that these bytes are; false: it is not whole yet, or was none. */
  #take(bytes: Buffer): boolean {
    const headEnd = bytes.indexOf(HEAD_END);
    if (headEnd === -1) {
      if (bytes.length > LONGEST_HEAD_BYTES) this.#end({ kind: 'framing', says: 'headers without an end' });
      return false;
    }
    const head = bytes.toString('latin1', 0, headEnd);
    const length = CONTENT_LENGTH.exec(head)?.[1];
    if (this.#sentAt === undefined || length === undefined || !head.startsWith(PROTOCOL)) {
      this.#end({ kind: 'framing', says: `not an answer with a length to a request: ${head}` });
      return false;
    }
    const bodyAt = headEnd + HEAD_END.length;
    this.#wanted = bodyAt + Number(length);
    if (bytes.length < this.#wanted) return false;
    if (bytes.length > this.#wanted) {
      this.#end({ kind: 'framing', says: `${bytes.length - this.#wanted} bytes behind an answer` });
      return false;
    }
    this.#wanted = 0;
    this.#sentAt = undefined;
    this.#answered += 1;
    if (CLOSES.test(head) || this.#answered === this.#job.perConnection) {
      this.#socket?.destroy();
      this.#socket = undefined;
    }
    const jsonBytes = JSON_LENGTH.exec(head)?.[1];
    this.#events.answered(this, {
      status: Number(head.slice(PROTOCOL.length, PROTOCOL.length + 3)),
      body: bytes.subarray(bodyAt),
      ...(jsonBytes === undefined ? {} : { jsonBytes: Number(jsonBytes) }),
    });
    return true;
  }
}

const PROTOCOL = 'HTTP/1.1 ';
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
const JSON_LENGTH = /\r\ninference-header-content-length: *(\d+)/i;
const CLOSES = /\r\nconnection: *close/i;
