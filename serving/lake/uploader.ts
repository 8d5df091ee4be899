import { readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ObservedLog } from '../fleet.ts';
import type { Bucket } from './bucket.ts';

export interface UploaderOptions {
  readonly folder: string;
  /** How long a segment that lies in the bucket stays here as well, for quick reading. */
  readonly keepMs: number;
  /** What may wait here for the bucket; beyond it the oldest segments are given up, and counted. */
  readonly spoolLimitBytes: number;
}

type UploadStatus = NonNullable<ObservedLog['upload']>;

/**
 * Brings closed segments to a bucket. A segment is *pending* until the bucket proved that it has it; a mark beside it (`.<name>.<size>.uploaded`, which
 * readers of the folder ignore) says so, also after a restart. Marked, it stays for a while, then the local copy is deleted. While the
 * bucket is away everything waits here, and each failure doubles the pause until the next attempt.
 */
export class Uploader {
  readonly #bucket: Bucket;
  readonly #options: UploaderOptions;
  /** Of feedback files, which grow: the size that the bucket has. */
  readonly #sizes = new Map<string, number>();
  #pauseMs = 0;
  #nextAtMs = 0;
  #status: UploadStatus = { pending: 0, pendingBytes: 0, uploaded: 0, failures: 0, abandoned: 0 };

  constructor(bucket: Bucket, options: UploaderOptions) {
    this.#bucket = bucket;
    this.#options = options;
  }

  get status(): UploadStatus {
    return this.#status;
  }

  /** One look at the folder: uploads what is closed, and deletes what may go. `isOpen`: the writer is not done with it. */
  async turn(nowMs: number, isOpen: (path: string) => boolean): Promise<void> {
    const files = await localFiles(this.#options.folder);
    const closed = files.filter(({ path }) => !isOpen(path));
    await this.#letGo(
      closed.filter(({ isUploaded }) => isUploaded),
      nowMs,
    );
    const pending = closed.filter((file) => !file.isUploaded && this.#sizes.get(file.path) !== file.sizeBytes);
    let waiting = await this.#withinLimit(pending);
    if (nowMs >= this.#nextAtMs)
      for (const file of waiting) {
        if (!(await this.#upload(file, nowMs))) break;
        waiting = waiting.filter((other) => other !== file);
      }
    this.#status = { ...this.#status, pending: waiting.length, pendingBytes: bytesOf(waiting) };
  }

  async #upload({ path, key, sizeBytes }: LocalFile, nowMs: number): Promise<boolean> {
    try {
      await this.#bucket.put(key, new Uint8Array(await readFile(path)));
      if (path.endsWith('.parquet')) await writeFile(markOf(path, sizeBytes), '');
      else this.#sizes.set(path, sizeBytes);
      const { lastError: _, ...status } = this.#status;
      this.#status = { ...status, uploaded: status.uploaded + 1 };
      this.#pauseMs = 0;
      return true;
    } catch (error) {
      const lastError = error instanceof Error ? error.message : String(error);
      if (this.#status.lastError !== lastError) console.error(`the log could not be uploaded: ${lastError}`);
      this.#status = { ...this.#status, failures: this.#status.failures + 1, lastError };
      this.#pauseMs = Math.min(MOST_PAUSE_MS, Math.max(LEAST_PAUSE_MS, this.#pauseMs * 2));
      this.#nextAtMs = nowMs + this.#pauseMs;
      return false;
    }
  }

  async #letGo(uploaded: readonly LocalFile[], nowMs: number): Promise<void> {
    for (const { path, changedAtMs, marks } of uploaded)
      if (nowMs - changedAtMs > this.#options.keepMs) {
        await rm(path, { force: true });
        for (const mark of marks) await rm(mark, { force: true });
      }
  }

  /** The newest that the limit holds, oldest first; feedback is small, and is never given up. */
  async #withinLimit(pending: readonly LocalFile[]): Promise<readonly LocalFile[]> {
    let excess = bytesOf(pending) - this.#options.spoolLimitBytes;
    const kept: LocalFile[] = [];
    for (const file of pending.toSorted((a, b) => a.changedAtMs - b.changedAtMs)) {
      if (excess <= 0 || !file.path.endsWith('.parquet')) {
        kept.push(file);
        continue;
      }
      excess -= file.sizeBytes;
      await rm(file.path, { force: true });
      this.#status = { ...this.#status, abandoned: this.#status.abandoned + 1 };
      console.error(`${file.key} was given up: the bucket is away, and what waits is more than may`);
    }
    return kept;
  }
}

const LEAST_PAUSE_MS = 1_000;
const MOST_PAUSE_MS = 60_000;

interface LocalFile {
  readonly path: string;
  /** Its name in the bucket: as below the folder. */
  readonly key: string;
  readonly sizeBytes: number;
  readonly changedAtMs: number;
  /** As large as it is now: another writer, whose place this one takes, may still write an open segment. */
  readonly isUploaded: boolean;
  readonly marks: readonly string[];
}

function bytesOf(files: readonly LocalFile[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

function markOf(path: string, sizeBytes: number): string {
  return join(dirname(path), `.${basename(path)}.${sizeBytes}.uploaded`);
}

async function localFiles(folder: string): Promise<readonly LocalFile[]> {
  const names = await readdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const marks = Map.groupBy(
    names.filter((name) => name.endsWith('.uploaded')).map((name) => join(folder, name)),
    (mark) =>
      join(
        dirname(mark),
        basename(mark)
          .slice(1)
          .replace(/\.\d+\.uploaded$/, ''),
      ),
  );
  const files: LocalFile[] = [];
  for (const name of names) {
    if (!/(?:^|\/)(?:[^./][^/]*\.parquet|[^./][^/]*\.jsonl)$/.test(name)) continue;
    const path = join(folder, name);
    // Deleted meanwhile, as too old.
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) continue;
    const own = marks.get(path) ?? [];
    files.push({
      path,
      key: name,
      sizeBytes: found.size,
      changedAtMs: found.mtimeMs,
      isUploaded: own.includes(markOf(path, found.size)),
      marks: own,
    });
  }
  return files;
}
