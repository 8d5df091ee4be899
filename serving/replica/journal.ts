import { createHash } from 'node:crypto';
import { type Socket, connect } from 'node:net';
import { serialize } from 'node:v8';
import type { RequestBody } from '../protocol/infer-request.ts';
import { type Handed, type LogEntry, type LogFrame, type LogSchema, schemaKeyOf } from '../lake/entry.ts';

/**
 * The replica's end of the prediction log: bounded and never blocking. Entries wait a moment to share a frame; when the writer is away or
 * slow, what does not fit is dropped and counted. Frames are `v8.serialize` behind a 32-bit little-endian length.
 */
export class Journal {
  readonly #path: string | undefined;
  readonly #schemas = new Map<string, LogSchema>();
  #said = new Set<string>();
  #entries: LogEntry[] = [];
  #socket: Socket | undefined;
  #connected = false;
  #connections = 0;
  #handed: Handed | undefined;
  #timer: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;
  written = 0;
  dropped = 0;

  constructor(path: string | undefined) {
    this.#path = path;
    this.#connect();
  }

  describe(schema: LogSchema): void {
    this.#schemas.set(schemaKeyOf(schema), schema);
  }

  add(entry: LogEntry): void {
    if (this.#path === undefined) return;
    if (this.#entries.length >= MAX_WAITING) {
      this.dropped += 1;
      return;
    }
    this.#entries.push(entry);
    if (this.#entries.length >= ENTRIES_A_FRAME) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS);
  }

  /** Hands over what waits now; what the writer should have had by then. */
  handOver(): Handed | undefined {
    this.#flush();
    return this.#connected ? this.#handed : undefined;
  }

  /** Hands over what waits, and waits until the writer has it or the limit has passed. */
  async close(limitMs: number): Promise<void> {
    this.#flush();
    this.#closed = true;
    clearTimeout(this.#retry);
    const socket = this.#socket;
    if (socket === undefined || !this.#connected) return;
    await new Promise<void>((resolve) => {
      const limit = setTimeout(resolve, limitMs);
      socket.end(() => {
        clearTimeout(limit);
        resolve();
      });
    });
    socket.destroy();
  }

  #connect(): void {
    if (this.#path === undefined || this.#closed) return;
    const socket = connect(this.#path);
    socket.on('connect', () => {
      this.#connected = true;
      this.#said = new Set();
      this.#handed = { connection: `${process.pid}-${this.#connections++}`, entries: 0 };
      socket.write(framed({ kind: 'hello', connection: this.#handed.connection }));
      this.#flush();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#connected = false;
      if (!this.#closed) this.#retry = setTimeout(() => this.#connect(), RETRY_MS);
    });
    // Nothing is ever said back; reading notices the end.
    socket.resume();
    this.#socket = socket;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const socket = this.#socket;
    if (this.#entries.length === 0 || socket === undefined || !this.#connected) return;
    if (socket.writableLength > MAX_BUFFERED_BYTES) {
      this.#timer = setTimeout(() => this.#flush(), FLUSH_MS);
      return;
    }
    const entries = this.#entries;
    this.#entries = [];
    for (const entry of entries) {
      const key = schemaKeyOf(entry);
      const schema = this.#schemas.get(key);
      if (schema === undefined || this.#said.has(key)) continue;
      this.#said.add(key);
      socket.write(framed({ kind: 'schema', schema }));
    }
    socket.write(framed({ kind: 'entries', entries }));
    this.written += entries.length;
    if (this.#handed !== undefined) this.#handed = { ...this.#handed, entries: this.#handed.entries + entries.length };
  }
}

const FLUSH_MS = 100;
const RETRY_MS = 250;
const ENTRIES_A_FRAME = 128;
const MAX_WAITING = 20_000;
const MAX_BUFFERED_BYTES = 16 * 2 ** 20;
/** Larger inputs are logged as their size and digest. */
const MAX_BODY_CHARACTERS = 16_384;

export function framed(frame: LogFrame): Buffer {
  const payload = serialize(frame);
  const message = Buffer.allocUnsafe(payload.length + 4);
  message.writeUInt32LE(payload.length, 0);
  payload.copy(message, 4);
  return message;
}

/** A body as it goes into the log. */
export function loggedBody({ text, tail }: RequestBody): Pick<LogEntry, 'body' | 'tail' | 'bodyDigest' | 'bodyBytes'> {
  const size = text.length + (tail?.length ?? 0);
  if (size <= MAX_BODY_CHARACTERS) return { body: text, ...(tail === undefined ? {} : { tail }), bodyBytes: size };
  const hash = createHash('sha256').update(text);
  if (tail !== undefined) hash.update(tail);
  return {
    bodyDigest: `sha256:${hash.digest('hex')}`,
    bodyBytes: Buffer.byteLength(text) + (tail?.length ?? 0),
  };
}
