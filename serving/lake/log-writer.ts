import { randomUUID } from 'node:crypto';
import { appendFile, mkdir, rm } from 'node:fs/promises';
import { type Server, createServer } from 'node:net';
import { join } from 'node:path';
import type { ObservedLog } from '../fleet.ts';
import { Bucket, type BucketOptions } from './bucket.ts';
import { expireLog } from './expire-log.ts';
import { EntryCursor } from './entry-bytes.ts';
import type { Handed, LogSchema } from './entry.ts';
import { FrameReader, type LogFrame } from './frames.ts';
import { hashKeyOf } from './hashed-column.ts';
import { Segment } from './segment.ts';
import { Uploader } from './uploader.ts';

export interface LogWriterOptions {
  readonly folder: string;
  /** The Unix socket on which replicas hand over their entries. */
  readonly socket: string;
  readonly retentionMs: number;
  /** Where closed segments go; undefined: they stay in the folder. */
  readonly upload?: {
    readonly bucket: BucketOptions;
    /** How long a segment that lies in the bucket stays here as well. */
    readonly keepMs: number;
    /** What may wait here for the bucket. */
    readonly spoolLimitBytes: number;
  };
}

/** A caller's later word on what was predicted. */
export interface Feedback {
  readonly id: string;
  readonly row: number;
  readonly label: string | number | boolean;
  /** ISO date-time. */
  readonly at: string;
}

/** Writes the prediction log: takes entries from every replica and keeps one open segment a revision. */
export class LogWriter {
  readonly #options: LogWriterOptions;
  readonly #server: Server;
  readonly #name = randomUUID().slice(0, 8);
  readonly #open = new Map<string, Segment>();
  #closed: Segment[] = [];
  readonly #received = new Map<string, number>();
  readonly #cursor = new EntryCursor();
  readonly #uploader: Uploader | undefined;
  #uploading: Promise<void> | undefined;
  #hashKey: Uint8Array = new Uint8Array(0);
  #retentions: ReadonlyMap<string, number> = new Map();
  #writing: Promise<void> = Promise.resolve();
  #timers: NodeJS.Timeout[] = [];
  written = 0;
  /** Rows that the disk did not take. */
  lost = 0;

  constructor(options: LogWriterOptions) {
    this.#options = options;
    const { folder, upload } = options;
    if (upload !== undefined) this.#uploader = new Uploader(new Bucket(upload.bucket), { folder, ...upload });
    this.#server = createServer((socket) => {
      const frames = new FrameReader();
      const sender: Sender = { connection: '', schemas: [] };
      socket.on('data', (chunk: Buffer) => {
        try {
          for (const frame of frames.read(chunk)) this.#take(frame, sender);
        } catch (error) {
          console.error('the log cannot read what a replica sent', error);
          socket.destroy();
        }
      });
      socket.on('error', () => socket.destroy());
      // Its replica may be asked a moment longer what it handed over.
      socket.on('close', () => setTimeout(() => this.#received.delete(sender.connection), FORGET_MS).unref());
    });
  }

  async start(): Promise<void> {
    await mkdir(this.#options.folder, { recursive: true });
    this.#hashKey = await hashKeyOf(this.#options.folder);
    // A writer that was killed leaves its socket behind.
    await rm(this.#options.socket, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#options.socket, resolve);
    });
    const upload = (): void => {
      this.upload(Date.now()).catch((error: unknown) => console.error('the log could not be uploaded', error));
    };
    this.#timers = [
      setInterval(() => void this.#enqueue(false), FLUSH_MS),
      setInterval(() => this.#expireNow(), EXPIRE_MS),
      ...(this.#uploader === undefined ? [] : [setInterval(upload, UPLOAD_MS)]),
    ];
    this.#expireNow();
  }

  #expireNow(): void {
    this.expire(Date.now()).catch((error: unknown) => console.error('old segments could not be deleted', error));
  }

  get status(): ObservedLog {
    const { user, system } = process.cpuUsage();
    return {
      written: this.written,
      lost: this.lost,
      cpuMs: (user + system) / 1000,
      ...(this.#uploader === undefined ? {} : { upload: this.#uploader.status }),
    };
  }

  /** Brings what is closed to the bucket; one such turn at a time. */
  upload(nowMs: number): Promise<void> {
    const isOpen = (path: string): boolean =>
      this.#closed.some((segment) => segment.path === path) ||
      [...this.#open.values()].some((segment) => segment.path === path);
    this.#uploading ??= (this.#uploader?.turn(nowMs, isOpen) ?? Promise.resolve()).finally(() => {
      this.#uploading = undefined;
    });
    return this.#uploading;
  }

  /** Closes every open segment, as at the end of its minute. */
  async closeSegments(): Promise<void> {
    for (const segment of this.#open.values()) {
      segment.isClosed = true;
      this.#closed.push(segment);
    }
    this.#open.clear();
    await this.flush();
  }

  /** Resolves once what replicas say they handed over has come in and can be read; what does not come is not waited for long. */
  async flushAfter(handed: readonly Handed[]): Promise<void> {
    const until = performance.now() + HANDOVER_LIMIT_MS;
    const isUnderWay = ({ connection, entries }: Handed): boolean => (this.#received.get(connection) ?? 0) < entries;
    while (handed.some(isUnderWay) && performance.now() < until)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    await this.flush();
  }

  /** Resolves once everything that came in so far can be read. */
  flush(): Promise<void> {
    return this.#enqueue(true);
  }

  #enqueue(all: boolean): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write(all));
    return this.#writing;
  }

  async feedback(model: string, items: readonly Feedback[]): Promise<void> {
    const folder = join(this.#options.folder, 'feedback', `model=${model}`);
    await mkdir(folder, { recursive: true });
    const day = new Date().toISOString().slice(0, 10);
    // A name of this writer's own: two that share a bucket must not overwrite each other's.
    await appendFile(
      join(folder, `${day}-${this.#name}.jsonl`),
      items.map((item) => `${JSON.stringify(item)}\n`).join(''),
    );
  }

  /** Of models whose rows are kept shorter than the usual. */
  retain(retentionMs: ReadonlyMap<string, number>): void {
    const isShorter = [...retentionMs].some(([model, ms]) => ms < (this.#retentions.get(model) ?? Infinity));
    this.#retentions = retentionMs;
    // What is told first, or made shorter, is in force at once.
    if (isShorter) this.#expireNow();
  }

  /** Deletes days that lie wholly before the retention, here and in the bucket. */
  expire(nowMs: number): Promise<void> {
    const { folder, upload, retentionMs } = this.#options;
    const keptMs = (model: string): number => Math.min(retentionMs, this.#retentions.get(model) ?? Infinity);
    return expireLog(folder, upload === undefined ? undefined : new Bucket(upload.bucket), keptMs, nowMs);
  }

  /** Takes what is on its way, writes it, and ends. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.race([
      new Promise<void>((resolve) => {
        this.#server.close(() => resolve());
      }),
      new Promise((resolve) => setTimeout(resolve, STOP_LIMIT_MS)),
    ]);
    await this.closeSegments();
    // What the bucket does not get in time waits in the folder for the next start.
    if (this.#uploader !== undefined)
      await Promise.race([
        this.upload(Date.now()),
        new Promise((resolve) => setTimeout(resolve, STOP_LIMIT_MS).unref()),
      ]).catch((error: unknown) => console.error('the log could not be uploaded', error));
  }

  #take(frame: LogFrame, sender: Sender): void {
    if (frame.kind === 'entries') {
      let at = 0;
      for (let index = 0; index < frame.count; index++) {
        at = this.#cursor.moveTo(frame.bytes, at);
        this.#add(this.#cursor, sender.schemas[this.#cursor.schema]);
      }
      this.#received.set(sender.connection, (this.#received.get(sender.connection) ?? 0) + frame.count);
      return;
    }
    const { notice } = frame;
    if (notice.kind === 'hello') {
      sender.connection = notice.connection;
      this.#received.set(notice.connection, 0);
    } else sender.schemas.push({ schema: notice.schema, key: JSON.stringify(notice.schema), open: undefined, day: 0 });
  }

  #add(entry: EntryCursor, said: SaidSchema | undefined): void {
    if (said === undefined) throw new Error(`an entry of revision number ${entry.schema}, which was not described`);
    const day = Math.floor(entry.at / DAY_MS);
    if (said.open === undefined || said.open.isClosed || said.day !== day) {
      said.open = this.#segmentOf(said, day, entry.at);
      said.day = day;
    }
    said.open.add(entry);
    this.written += 1;
    if (isFull(said.open)) this.#close(said, day);
  }

  #segmentOf({ schema, key }: SaidSchema, day: number, openedAtMs: number): Segment {
    const place = placeOf(day, key);
    const open = this.#open.get(place);
    if (open !== undefined) return open;
    const segment = new Segment(this.#options.folder, schema, openedAtMs, this.#hashKey);
    this.#open.set(place, segment);
    return segment;
  }

  #close({ key, open }: SaidSchema, day: number): void {
    if (open === undefined) return;
    open.isClosed = true;
    this.#open.delete(placeOf(day, key));
    this.#closed.push(open);
    void this.#enqueue(false);
  }

  /** `all`: also what has grown only a little since it was last written. */
  async #write(all: boolean): Promise<void> {
    const now = Date.now();
    const due = this.#closed;
    this.#closed = [];
    for (const [place, segment] of this.#open) {
      const ageMs = now - segment.openedAtMs;
      const isOld = ageMs > (segment.rows < SMALL_ROWS ? LONGEST_SEGMENT_MS : SEGMENT_MS);
      // Rows that come meanwhile open the next.
      if (isOld) {
        segment.isClosed = true;
        this.#open.delete(place);
      }
      if (isOld || all || hasGrown(segment)) due.push(segment);
    }
    for (const segment of due) await this.#writeOne(segment);
  }

  /** What the disk does not take is tried again, as much as is kept; the rest is lost, and counted. */
  async #writeOne(segment: Segment): Promise<void> {
    try {
      await segment.write();
    } catch (error) {
      console.error(`segment ${segment.path} could not be written`, error);
      if (!segment.isClosed) return;
      if (this.#closed.length < MOST_UNWRITTEN) this.#closed.push(segment);
      else this.lost += segment.unwrittenRows;
    }
  }
}

function placeOf(day: number, key: string): string {
  return `${day} ${key}`;
}

/** What a replica said on its connection. */
interface Sender {
  connection: string;
  readonly schemas: SaidSchema[];
}

interface SaidSchema {
  readonly schema: LogSchema;
  /** What is the same of two replicas that run the same. */
  readonly key: string;
  open: Segment | undefined;
  /** Since the epoch, of `open`. */
  day: number;
}

function hasGrown({ rows, unwrittenRows }: Segment): boolean {
  return rows < SMALL_ROWS || unwrittenRows * GROWTH >= rows * (GROWTH - 1);
}

function isFull({ rows, sizeBytes }: Segment): boolean {
  return rows >= SEGMENT_ROWS || sizeBytes >= SEGMENT_BYTES;
}

const DAY_MS = 86_400_000;
const FLUSH_MS = 1_000;
const SEGMENT_ROWS = 50_000;
const SEGMENT_BYTES = 64 * 2 ** 20;
/** An open segment is written again when it has so many times the rows of its file: all rewriting together costs a third of one writing. */
const GROWTH = 4;
/** One of fewer rows is written again each second: that is a thousandth of the processor, and a process that is killed then loses a second. */
const SMALL_ROWS = 1_000;
/** A segment is closed at this age when it has many rows; with few it stays open longer, or a quiet model would leave 1,440 files a day. */
const SEGMENT_MS = 60_000;
/** A reader of some span of time looks at segments that were opened up to this long before it. */
export const LONGEST_SEGMENT_MS = 600_000;
const MOST_UNWRITTEN = 8;
const HANDOVER_LIMIT_MS = 5_000;
const FORGET_MS = 60_000;
const POLL_MS = 5;
const EXPIRE_MS = 3_600_000;
const UPLOAD_MS = 5_000;
const STOP_LIMIT_MS = 3_000;
