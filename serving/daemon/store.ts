import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ModelTarget, RevisionTarget, TrainingRequest } from '../fleet.ts';

/**
 * What a fleet must remember across a crash, in one folder:
 *
 *     artifacts/<sha256>     bytes, content-addressed
 *     models/<model>.json    what the model should be, its revisions and its lease
 *
 * Every file is written beside its place, flushed, and renamed into it: after a crash the old one or the new one is there, whole.
 */
export interface StoredModel {
  readonly model: string;
  /** Rises by one with each target; 0 until the first. */
  readonly generation: number;
  readonly target?: ModelTarget;
  /** Milliseconds since the epoch. */
  readonly leaseUntilMs?: number;
  readonly revisions: readonly StoredRevision[];
  /** ask-for-training.ts. */
  readonly retrain?: TrainingRequest;
  /** A caller has unloaded it: model-control.ts. */
  readonly unloaded?: boolean;
  /** Its runs would hold up callers of other models: it has processes of its own (slow.ts). */
  readonly slow?: true;
  /** The last target whose arms all public replicas had in force: what goes on being served while a newer one is not ready. */
  readonly served?: { readonly generation: number; readonly target: ModelTarget };
}

export interface StoredRevision {
  readonly target: RevisionTarget;
  /** How long loading held up the process that proved the revision; undefined while it has not been loaded, warmed and self-tested alone. */
  readonly provenMs?: number;
}

/** Why bytes were not taken. */
export type ArtifactPut = { readonly kind: 'stored' } | { readonly kind: 'refused'; readonly reason: string };

export class Store {
  readonly #folder: string;
  readonly #sizes = new Map<string, number>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async open(): Promise<readonly StoredModel[]> {
    await mkdir(join(this.#folder, 'artifacts'), { recursive: true });
    await mkdir(join(this.#folder, 'models'), { recursive: true });
    await rm(join(this.#folder, 'incoming'), { recursive: true, force: true });
    await mkdir(join(this.#folder, 'incoming'));
    return this.read();
  }

  /** What is remembered now; for a daemon whose predecessor still writes. */
  async read(): Promise<readonly StoredModel[]> {
    const models = join(this.#folder, 'models');
    const names = (await readdir(models)).filter((name) => name.endsWith('.json'));
    return Promise.all(names.map((name) => this.#read(join(models, name))));
  }

  async #read(path: string): Promise<StoredModel> {
    try {
      // Written by this class alone, and whole or not at all.
      return JSON.parse(await readFile(path, 'utf8')) as StoredModel;
    } catch (cause) {
      throw new Error(`the fleet's memory ${path} cannot be read`, { cause });
    }
  }

  async save(model: StoredModel): Promise<void> {
    const incoming = join(this.#folder, 'incoming', randomUUID());
    const file = await open(incoming, 'w');
    try {
      await file.writeFile(JSON.stringify(model));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(incoming, join(this.#folder, 'models', `${model.model}.json`));
  }

  async forget(model: string): Promise<void> {
    await rm(join(this.#folder, 'models', `${model}.json`), { force: true });
  }

  artifactPath(sha256: string): string {
    return join(this.#folder, 'artifacts', sha256);
  }

  async hasArtifact(sha256: string): Promise<boolean> {
    return stat(this.artifactPath(sha256)).then(
      () => true,
      () => false,
    );
  }

  /** How large an artifact is; 0 where there is none. Remembered, since its bytes never change. */
  artifactBytes(sha256: string): number {
    const known = this.#sizes.get(sha256);
    if (known !== undefined) return known;
    const size = statSync(this.artifactPath(sha256), { throwIfNoEntry: false })?.size ?? 0;
    if (size > 0) this.#sizes.set(sha256, size);
    return size;
  }

  /** Streams bytes into their place; they get there only when their digest is what it should be. */
  async putArtifact(sha256: string, bytes: AsyncIterable<Uint8Array>, limitBytes: number): Promise<ArtifactPut> {
    const incoming = join(this.#folder, 'incoming', randomUUID());
    const hash = createHash('sha256');
    let size = 0;
    const measured = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        size += chunk.length;
        hash.update(chunk);
        done(size > limitBytes ? new TooLarge() : null, chunk);
      },
    });
    try {
      await pipeline(bytes, measured, createWriteStream(incoming, { flush: true }));
    } catch (error) {
      await rm(incoming, { force: true });
      if (error instanceof TooLarge) return { kind: 'refused', reason: `larger than ${limitBytes} bytes` };
      throw new Error(`artifact ${sha256} could not be stored`, { cause: error });
    }
    const found = hash.digest('hex');
    if (found !== sha256) {
      await rm(incoming, { force: true });
      return { kind: 'refused', reason: `the bytes have sha256 ${found}, not ${sha256}` };
    }
    await rename(incoming, this.artifactPath(sha256));
    return { kind: 'stored' };
  }

  /** Removes an artifact whose bytes are not what its name says any more, so that it can be delivered again. */
  async dropSpoiled(sha256: string): Promise<void> {
    const path = this.artifactPath(sha256);
    const hash = createHash('sha256');
    try {
      await pipeline(createReadStream(path), hash);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
      throw error;
    }
    if (hash.digest('hex') !== sha256) await rm(path, { force: true });
  }

  /** Removes artifacts that none of `kept` is. */
  async sweepArtifacts(kept: ReadonlySet<string>, nowMs: number): Promise<void> {
    const folder = join(this.#folder, 'artifacts');
    for (const name of await readdir(folder)) {
      if (kept.has(name)) continue;
      const { mtimeMs } = await stat(join(folder, name));
      // A delivery under way names its files only after they are there.
      if (nowMs - mtimeMs > UNCLAIMED_MS) await rm(join(folder, name), { force: true });
    }
  }
}

const UNCLAIMED_MS = 3_600_000;

class TooLarge extends Error {}
