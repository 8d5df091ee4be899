import { type Socket, connect } from 'node:net';

/** One answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** What is wrong with the bytes of a server: not an answer of HTTP/1.1. */
export class NotHttp extends Error {
  override readonly name = 'NotHttp';
}

/**
 * A connection that sends any bytes, and reads answers strictly: a status line, header lines, and a body of exactly `content-length` bytes (or
 * chunks). Interim answers (100 Continue) are left out. Anything else is NotHttp.
 */
export class RawConnection {
  readonly #socket: Socket;
  readonly #ended: Promise<void>;
  #received: Buffer = Buffer.alloc(0);
  #hasEnded = false;
  #wake: () => void = () => {};

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    this.#socket.on('data', (bytes: Buffer) => {
      this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
      this.#wake();
    });
    this.#ended = new Promise((resolve) => {
      const end = (): void => {
        this.#hasEnded = true;
        this.#wake();
        resolve();
      };
      this.#socket.on('end', end);
      this.#socket.on('close', end);
      // A reset is an end like another: what matters is what came before it.
      this.#socket.on('error', end);
    });
  }

  /** Resolves when the bytes have left, or the connection is gone. */
  send(bytes: Uint8Array | string): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.destroyed || this.#socket.writableEnded) resolve();
      else this.#socket.write(bytes, () => resolve());
    });
  }

  /** Ends this side only: what is called half-open. */
  endSending(): void {
    this.#socket.end();
  }

  /** The next answer; undefined where the connection ended cleanly before one began. */
  async answer(limitMs: number): Promise<RawAnswer | undefined> {
    const limit = AbortSignal.timeout(limitMs);
    for (;;) {
      const read = readAnswer(this.#received);
      if (read !== undefined) {
        this.#received = this.#received.subarray(read.length);
        if (read.answer.status >= 200) return read.answer;
        continue;
      }
      if (this.#hasEnded) {
        if (this.#received.length === 0) return undefined;
        throw new NotHttp(`the connection ended inside of an answer: ${shown(this.#received)}`);
      }
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve;
        limit.addEventListener('abort', () => reject(new Error(`no answer for ${limitMs} ms`)), { once: true });
        if (limit.aborted) reject(new Error(`no answer for ${limitMs} ms`));
      });
    }
  }

  /** Resolves when the other side has ended; rejects at the limit. */
  async ended(limitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`the connection is still open after ${limitMs} ms`)), limitMs);
    });
    await Promise.race([this.#ended, limit]).finally(() => clearTimeout(timer));
  }

  close(): void {
    this.#socket.destroy();
  }
}

const STATUS_LINE = /^HTTP\/1\.1 (\d{3}) [^\r\n]*$/;
const HEADER_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\r\n]*?)[ \t]*$/;

/** The first answer in the bytes and how many it takes; undefined while it is incomplete. */
function readAnswer(bytes: Buffer): { readonly answer: RawAnswer; readonly length: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) {
    if (bytes.length > 0 && !'HTTP/1.1'.startsWith(bytes.toString('latin1', 0, Math.min(8, bytes.length))))
      throw new NotHttp(`no status line: ${shown(bytes)}`);
    return undefined;
  }
  const [first = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const status = STATUS_LINE.exec(first)?.[1];
  if (status === undefined) throw new NotHttp(`no status line: ${shown(bytes)}`);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value = ''] = HEADER_LINE.exec(line) ?? [];
    if (name === undefined) throw new NotHttp(`no header line: ${JSON.stringify(line)}`);
    headers.set(name.toLowerCase(), value);
  }
  const start = headEnd + 4;
  const told = { status: Number(status), headers };
  const given = headers.get('content-length');
  if (given !== undefined) {
    if (!/^\d+$/.test(given)) throw new NotHttp(`content-length ${given}`);
    const end = start + Number(given);
    return bytes.length < end ? undefined : { answer: { ...told, body: bytes.subarray(start, end) }, length: end };
  }
  if (headers.get('transfer-encoding') === 'chunked') {
    const read = readChunks(bytes, start);
    return read === undefined ? undefined : { answer: { ...told, body: read.body }, length: read.end };
  }
  // Neither: no body, and nothing may follow on this connection.
  return { answer: { ...told, body: Buffer.alloc(0) }, length: start };
}

function readChunks(bytes: Buffer, start: number): { readonly body: Buffer; readonly end: number } | undefined {
  const parts: Buffer[] = [];
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(size)) throw new NotHttp(`chunk size ${shown(bytes.subarray(at, lineEnd))}`);
    const from = lineEnd + 2;
    if (bytes.length < from + size + 2) return undefined;
    if (size === 0) return { body: Buffer.concat(parts), end: from + 2 };
    parts.push(bytes.subarray(from, from + size));
    at = from + size + 2;
  }
}

function shown(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1', 0, 120));
}
