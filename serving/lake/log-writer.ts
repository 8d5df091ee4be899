import { appendFile, mkdir, readdir, rm } from 'node:fs/promises';
import { type Server, createServer } from 'node:net';
import { join } from 'node:path';
import { type Handed, type LogEntry, type LogSchema, schemaKeyOf } from './entry.ts';
import { FrameReader } from './frames.ts';
import { Segment } from './segment.ts';

export interface LogWriterOptions {
  readonly folder: string;
  /** The Unix socket on which replicas hand over their entries. */
  readonly socket: string;
  readonly retentionMs: number;
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
  readonly #open = new Map<string, Segment>();
  readonly #received = new Map<string, number>();
  #writing: Promise<void> = Promise.resolve();
  #timers: NodeJS.Timeout[] = [];
  written = 0;

  constructor(options: LogWriterOptions) {
    this.#options = options;
    this.#server = createServer((socket) => {
      const frames = new FrameReader();
      // What a connection says of its revisions holds for that connection.
      const schemas = new Map<string, LogSchema>();
      let connection = '';
      socket.on('data', (chunk: Buffer) => {
        try {
          for (const frame of frames.read(chunk))
            switch (frame.kind) {
              case 'hello':
                connection = frame.connection;
                this.#received.set(connection, 0);
                break;
              case 'schema':
                schemas.set(schemaKeyOf(frame.schema), frame.schema);
                break;
              case 'entries':
                for (const entry of frame.entries) this.#add(entry, schemas.get(schemaKeyOf(entry)));
                this.#received.set(connection, (this.#received.get(connection) ?? 0) + frame.entries.length);
            }
        } catch (error) {
          console.error('the log cannot read what a replica sent', error);
          socket.destroy();
        }
      });
      socket.on('error', () => socket.destroy());
      // Its replica may be asked a moment longer what it handed over.
      socket.on('close', () => setTimeout(() => this.#received.delete(connection), FORGET_MS).unref());
    });
  }

  async start(): Promise<void> {
    await mkdir(this.#options.folder, { recursive: true });
    // A writer that was killed leaves its socket behind.
    await rm(this.#options.socket, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#options.socket, resolve);
    });
    const expire = (): void => {
      this.expire(Date.now()).catch((error: unknown) => console.error('old segments could not be deleted', error));
    };
    this.#timers = [setInterval(() => void this.flush(), FLUSH_MS), setInterval(expire, EXPIRE_MS)];
    expire();
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
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async feedback(model: string, items: readonly Feedback[]): Promise<void> {
    const folder = join(this.#options.folder, 'feedback', `model=${model}`);
    await mkdir(folder, { recursive: true });
    const day = new Date().toISOString().slice(0, 10);
    await appendFile(join(folder, `${day}.jsonl`), items.map((item) => `${JSON.stringify(item)}\n`).join(''));
  }

  /** Deletes days that lie wholly before the retention. */
  async expire(nowMs: number): Promise<void> {
    const last = new Date(nowMs - this.#options.retentionMs).toISOString().slice(0, 10);
    for (const model of await readdir(this.#options.folder)) {
      if (!model.startsWith('model=')) continue;
      for (const day of await readdir(join(this.#options.folder, model)))
        if (day.startsWith('day=') && day.slice('day='.length) < last)
          await rm(join(this.#options.folder, model, day), { recursive: true, force: true });
    }
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
    await this.flush();
  }

  #add(entry: LogEntry, schema: LogSchema | undefined): void {
    if (schema === undefined) return;
    const key = `${schema.model} ${schema.revision} ${new Date(entry.at).toISOString().slice(0, 10)}`;
    let segment = this.#open.get(key);
    if (segment === undefined) {
      segment = new Segment(this.#options.folder, schema, entry.at);
      this.#open.set(key, segment);
    }
    segment.add(entry);
    this.written += 1;
  }

  async #write(): Promise<void> {
    const now = Date.now();
    for (const [key, segment] of this.#open) {
      // A closed segment is written once more below, and never again; rows that come meanwhile open the next.
      if (segment.rows >= SEGMENT_ROWS || now - segment.openedAtMs > SEGMENT_MS) this.#open.delete(key);
      try {
        await segment.write();
      } catch (error) {
        console.error(`segment ${segment.path} could not be written`, error);
      }
    }
  }
}

const FLUSH_MS = 1_000;
const SEGMENT_ROWS = 10_000;
/** A reader of some span of time looks at segments that were opened up to this long before it. */
export const SEGMENT_MS = 60_000;
const HANDOVER_LIMIT_MS = 5_000;
const FORGET_MS = 60_000;
const POLL_MS = 5;
const EXPIRE_MS = 3_600_000;
const STOP_LIMIT_MS = 3_000;
