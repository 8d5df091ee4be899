import { createHash } from 'node:crypto';
import { type Socket, connect } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { RequestBody } from '../protocol/infer-request.ts';
import type { Handed, LogEntry, LogSchema } from '../lake/entry.ts';
import { type KeptBody, type Writable, roomOf, writable, writeEntry } from '../lake/entry-bytes.ts';
import { FRAME_HEAD_BYTES, noticeFrame, sealEntries } from '../lake/frames.ts';

/**
 * The replica's end of the prediction log: bounded and never blocking. An entry is written into the frame that is open, and nothing is kept of
 * it; a frame goes out when it is full or a moment old, and its memory is used again. When the writer is away or slow and all frames are
 * taken, entries are dropped and counted.
 */
export class Journal {
  readonly #path: string | undefined;
  readonly #schemas: LogSchema[] = [];
  readonly #numbers = new Map<string, Map<string, number>>();
  #open: Frame | undefined;
  #waiting: Frame[] = [];
  readonly #free: Writable[] = [];
  #heldBytes = 0;
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

  /** Entries of a revision that was not described are dropped. */
  describe(schema: LogSchema): void {
    const { model, revision } = schema;
    const revisions = this.#numbers.get(model) ?? new Map<string, number>();
    const before = revisions.get(revision);
    // A model that rests is described anew each time that it is loaded.
    if (before !== undefined && isDeepStrictEqual(this.#schemas[before], schema)) return;
    this.#numbers.set(model, revisions);
    // Entries that wait already were made under the number that it had.
    revisions.set(revision, this.#schemas.length);
    this.#schemas.push(schema);
    if (this.#connected) this.#socket?.write(noticeFrame({ kind: 'schema', schema }));
  }

  add(entry: LogEntry): void {
    if (this.#path === undefined) return;
    const bytes = sizeOf(entry.body) + (entry.tail?.length ?? 0);
    if (bytes <= mostBytes(entry)) this.#append(entry, { body: entry.body, tail: entry.tail, bytes });
    else this.#digest(entry);
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
    clearTimeout(this.#timer);
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

  #append(entry: LogEntry, kept: KeptBody): void {
    const schema = this.#numbers.get(entry.model)?.get(entry.revision);
    const room = roomOf(entry, kept);
    const frame = schema === undefined ? undefined : this.#frameFor(room);
    if (frame === undefined || schema === undefined) {
      this.dropped += 1;
      return;
    }
    frame.length = writeEntry(frame.memory, frame.length, entry, schema, kept);
    frame.entries += 1;
    if (frame.length >= FRAME_BYTES) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS);
  }

  /** A large request is represented by its digest. Taken here and now: handing it to a thread copies all of it, which costs more than reading it. */
  #digest(entry: LogEntry): void {
    // Nothing is spent on what is dropped.
    if (this.#open === undefined && this.#heldBytes + FRAME_ROOM_BYTES > MAX_HELD_BYTES) {
      this.dropped += 1;
      return;
    }
    const { body, tail } = entry;
    const head = typeof body === 'string' ? Buffer.from(body) : body;
    const hash = createHash('sha256');
    if (head !== undefined) hash.update(head);
    if (tail !== undefined) hash.update(tail);
    const instead = { digest: `sha256:${hash.digest('hex')}`, shape: shapeText(entry) };
    const bytes = (head?.length ?? 0) + (tail?.length ?? 0);
    this.#append(entry, { body: undefined, tail: undefined, bytes, instead });
  }

  #frameFor(room: number): Frame | undefined {
    const open = this.#open;
    if (open !== undefined && open.memory.bytes.length - open.length >= room) return open;
    if (open !== undefined) this.#flush();
    // What does not fit into a usual frame has one of its own.
    const size = Math.max(FRAME_ROOM_BYTES, room + FRAME_HEAD_BYTES);
    if (this.#heldBytes + size > MAX_HELD_BYTES) return undefined;
    const memory = (size === FRAME_ROOM_BYTES ? this.#free.pop() : undefined) ?? writable(size);
    this.#heldBytes += size;
    this.#open = { memory, length: FRAME_HEAD_BYTES, entries: 0 };
    return this.#open;
  }

  #release(memory: Writable): void {
    const { length } = memory.bytes;
    this.#heldBytes -= length;
    if (length === FRAME_ROOM_BYTES && this.#free.length < MAX_FREE) this.#free.push(memory);
  }

  #connect(): void {
    if (this.#path === undefined || this.#closed) return;
    const socket = connect(this.#path);
    socket.on('connect', () => {
      this.#connected = true;
      this.#handed = { connection: `${process.pid}-${this.#connections++}`, entries: 0 };
      socket.write(noticeFrame({ kind: 'hello', connection: this.#handed.connection }));
      for (const schema of this.#schemas) socket.write(noticeFrame({ kind: 'schema', schema }));
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
    if (this.#open !== undefined) this.#waiting.push(this.#open);
    this.#open = undefined;
    const socket = this.#socket;
    if (socket === undefined || !this.#connected) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { memory, length, entries } of waiting) {
      // Called as well when the connection ends before: what was under way is lost with it.
      socket.write(sealEntries(memory.bytes, length, entries), () => this.#release(memory));
      this.written += entries;
      if (this.#handed !== undefined) this.#handed = { ...this.#handed, entries: this.#handed.entries + entries };
    }
  }
}

interface Frame {
  readonly memory: Writable;
  length: number;
  entries: number;
}

const FLUSH_MS = 100;
const RETRY_MS = 250;
/** A frame goes out at this size; the room above it is for the last entry. */
const FRAME_BYTES = 64 * 2 ** 10;
const FRAME_ROOM_BYTES = 96 * 2 ** 10;
const MAX_HELD_BYTES = 16 * 2 ** 20;
const MAX_FREE = 16;
/** What is kept of a request for each of its rows; larger ones are logged as their shape and digest. */
const MAX_ROW_BYTES = 16_384;
const MAX_KEPT_BYTES = 2 ** 20;

function mostBytes({ rows }: LogEntry): number {
  return Math.min(MAX_KEPT_BYTES, MAX_ROW_BYTES * Math.max(1, rows));
}

/** Characters where it is text: close enough for a bound, and counting bytes would read all of it. */
function sizeOf(body: LogEntry['body']): number {
  return body?.length ?? 0;
}

/** `images FP32[1,3,224,224]`; of records, how many. */
function shapeText({ shapes, rows }: LogEntry): string {
  if (shapes === undefined) return `${rows} rows`;
  return shapes.map(({ name, datatype, shape }) => `${name} ${datatype}[${shape.join(',')}]`).join(', ');
}

/** A body as it goes into the log. */
export function loggedBody({ text, tail }: RequestBody): Pick<LogEntry, 'body' | 'tail'> {
  return tail === undefined ? { body: text } : { body: text, tail };
}
