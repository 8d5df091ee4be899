import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { entryFile } from '../model/entry-file.ts';
import { replicaEnvironment } from '../config.ts';
import type { Handed } from './entry.ts';
import type { ObservedLog } from '../fleet.ts';
import type { Feedback, LogWriterOptions } from './log-writer.ts';
import type { FromWriter, ToWriter } from './main.ts';
import type { QueryAnswer, QueryRequest } from './query-main.ts';
import type { LogQuery } from './read-log.ts';

const WRITER = entryFile('main.ts', import.meta.url);
const QUERY = entryFile('query-main.ts', import.meta.url);

/** The daemon's hold on the prediction log: keeps its writer alive and asks it, and reads through processes that live for one question. */
export class Lake {
  readonly #options: LogWriterOptions;
  readonly #retentions: () => ReadonlyMap<string, number>;
  readonly #asked = new Map<number, (error: string | undefined) => void>();
  #child: ChildProcess | undefined;
  #asks = 0;
  #stopping = false;
  #status: ObservedLog | undefined;
  #failing: string | undefined;
  /** Writers that ended before they had begun, one after the other. */
  #failures = 0;

  /** `retentions`: asked now and then; of the models whose rows are kept shorter than the usual. */
  constructor(options: LogWriterOptions, retentions: () => ReadonlyMap<string, number> = () => new Map()) {
    this.#options = options;
    this.#retentions = retentions;
    this.#startWriter();
  }

  /** As the writer last said; undefined: it has not begun yet. */
  get status(): ObservedLog | undefined {
    return this.#failing === undefined ? this.#status : { ...NOTHING_WRITTEN, ...this.#status, failing: this.#failing };
  }

  /** Resolves once what replicas say they handed over can be read. */
  flush(handed: readonly Handed[]): Promise<void> {
    return this.#ask((ask) => ({ kind: 'flush', ask, handed }));
  }

  feedback(model: string, items: readonly Feedback[]): Promise<void> {
    return this.#ask((ask) => ({ kind: 'feedback', ask, model, items }));
  }

  /** Reads into a file of the given folder; the caller removes it. */
  async read(
    query: Omit<LogQuery, 'folder'> & Pick<QueryRequest, 'others'>,
    handed: readonly Handed[],
    format: QueryRequest['format'],
    folder: string,
  ): Promise<{ readonly file: string; readonly rows: number }> {
    await this.flush(handed);
    const file = join(folder, `${randomUUID()}.${format}`);
    const answer = await askQuery({
      ...query,
      folder: this.#options.folder,
      ...(this.#options.upload === undefined ? {} : { bucket: this.#options.upload.bucket }),
      file,
      format,
    });
    if (answer.kind === 'failed') throw new Error(`the log could not be read: ${answer.reason}`);
    return { file, rows: answer.rows };
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    this.#send({ kind: 'stop' });
    const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    await ended;
    clearTimeout(limit);
  }

  #startWriter(): void {
    const child = fork(WRITER, [], { execArgv: [], serialization: 'advanced', env: replicaEnvironment() });
    this.#child = child;
    child.on('message', (message: FromWriter) => {
      if (message.kind === 'listening') {
        this.#failing = undefined;
        this.#failures = 0;
      }
      if (message.kind === 'failed') this.#failing = message.reason;
      if (message.kind === 'status') {
        this.#status = message.status;
        this.#send({ kind: 'retain', retentionMs: this.#retentions() });
      }
      if (message.kind !== 'done') return;
      this.#asked.get(message.ask)?.(message.error);
      this.#asked.delete(message.ask);
    });
    child.on('error', (error) => console.error(`the log's writer: ${error.message}`));
    child.on('exit', (status, signal) => {
      for (const answer of this.#asked.values()) answer('its writer ended');
      this.#asked.clear();
      if (this.#stopping) return;
      this.#failing ??= `its writer ended by ${signal ?? `exit status ${status}`}`;
      const waitMs = restartWaitMs(this.#failures++);
      console.error(
        `the log's writer ended by ${signal ?? `exit status ${status}`}; the next one starts in ${waitMs} ms`,
      );
      setTimeout(() => {
        if (!this.#stopping) this.#startWriter();
      }, waitMs).unref();
    });
    this.#send({ kind: 'start', options: this.#options });
  }

  #send(message: ToWriter): void {
    if (this.#child?.connected === true) this.#child.send(message, () => {});
  }

  #ask(message: (ask: number) => ToWriter): Promise<void> {
    const ask = this.#asks++;
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => {
        this.#asked.delete(ask);
        reject(new Error(`the log's writer did not answer for ${ASK_LIMIT_MS} ms`));
      }, ASK_LIMIT_MS);
      this.#asked.set(ask, (error) => {
        clearTimeout(limit);
        if (error === undefined) resolve();
        else reject(new Error(`the log: ${error}`));
      });
      this.#send(message(ask));
    });
  }
}

/** A folder that cannot be made is not there a moment later: starting a process for it four times a second would cost callers half a core. */
export function restartWaitMs(failures: number): number {
  return Math.min(LONGEST_RESTART_MS, RESTART_MS * 2 ** failures);
}

function askQuery(request: QueryRequest): Promise<QueryAnswer> {
  return new Promise((resolve, reject) => {
    const child = fork(QUERY, [], {
      execArgv: [],
      serialization: 'advanced',
      env: replicaEnvironment(),
      timeout: QUERY_LIMIT_MS,
      killSignal: 'SIGKILL',
    });
    child.once('message', (answer: QueryAnswer) => resolve(answer));
    child.once('error', reject);
    child.once('exit', (status, signal) =>
      reject(new Error(`the process that read the log ended by ${signal ?? `exit status ${status}`}`)),
    );
    child.send(request);
  });
}

const ASK_LIMIT_MS = 15_000;
const QUERY_LIMIT_MS = 60_000;
const RESTART_MS = 250;
const LONGEST_RESTART_MS = 30_000;
const NOTHING_WRITTEN = { written: 0, lost: 0, cpuMs: 0 };
const STOP_LIMIT_MS = 8_000;
