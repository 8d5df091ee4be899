import { createHash } from 'node:crypto';
import type { Tensor, TensorData } from '../model/tensor.ts';
import type { Computed } from './batcher.ts';
import type { Answerable } from './load-revision.ts';
import type { SideCounter } from './side-counts.ts';

/** The flag of an answer that was not computed anew. */
export const CACHED_FLAG = 'cached';

type Outputs = ReadonlyMap<string, Tensor>;
type Submit = Answerable['batcher']['submit'];

/** Of an entry, beside its numbers: its key, and what a Map and typed arrays take for themselves. */
const ENTRY_BYTES = 512;
const TEXT_BYTES = 32;
const CHARACTER_BYTES = 2;

/**
 * One model's answers in this process, least recently used first, bounded in bytes. The key is the SHA-256 of revision, inputs to the last bit,
 * asked-for outputs and parameters, so that no caller can make another get a wrong answer. A graph with random operators answers the same from
 * here, which it would not anew: whoever turns the cache on decides that.
 */
export class ResponseCache {
  #limitBytes: number;
  #bytes = 0;
  readonly #entries = new Map<string, { readonly outputs: Outputs; readonly bytes: number }>();

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get limitBytes(): number {
    return this.#limitBytes;
  }

  resize(limitBytes: number): void {
    this.#limitBytes = limitBytes;
    this.#evict();
  }

  /** A revision that looks here before it computes; whether everything that was asked of it came from here. */
  around(loaded: Answerable, counter: SideCounter): { readonly loaded: Answerable; readonly wasHit: () => boolean } {
    let [hits, misses] = [0, 0];
    const submit: Submit = async (feeds, fetches, parameters, deadline, priority) => {
      const started = performance.now();
      const key = keyOf(loaded.order.revision, feeds, fetches, parameters);
      const found = this.#take(key);
      if (found !== undefined) {
        hits += 1;
        counter.cache.hits += 1;
        counter.cache.hitMs += performance.now() - started;
        return { outputs: found, queueMs: 0 } satisfies Computed;
      }
      misses += 1;
      counter.cache.misses += 1;
      const lookedUp = performance.now();
      const computed = await loaded.batcher.submit(feeds, fetches, parameters, deadline, priority);
      const computedAt = performance.now();
      this.#keep(key, computed.outputs);
      counter.cache.missMs += lookedUp - started + performance.now() - computedAt;
      return computed;
    };
    return {
      loaded: { ...loaded, batcher: { submit } },
      wasHit: () => hits > 0 && misses === 0,
    };
  }

  #take(key: string): Outputs | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.outputs;
  }

  #keep(key: string, outputs: Outputs): void {
    const bytes = bytesOf(outputs);
    if (bytes > this.#limitBytes || this.#entries.has(key)) return;
    this.#entries.set(key, { outputs: copyOf(outputs), bytes });
    this.#bytes += bytes;
    this.#evict();
  }

  #evict(): void {
    for (const [key, { bytes }] of this.#entries) {
      if (this.#bytes <= this.#limitBytes) return;
      this.#entries.delete(key);
      this.#bytes -= bytes;
    }
  }
}

/** Every part behind its length, so that no two requests have one key. */
function keyOf(
  revision: string,
  feeds: ReadonlyMap<string, Tensor>,
  fetches: readonly string[] | undefined,
  parameters: string,
): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([revision, fetches ?? null, parameters]));
  for (const [name, { datatype, shape, data }] of feeds) {
    if (Array.isArray(data)) hash.update(JSON.stringify([name, datatype, shape, data]));
    else {
      const { buffer, byteOffset, byteLength } = data as Float32Array;
      hash.update(JSON.stringify([name, datatype, shape, byteLength]));
      hash.update(new Uint8Array(buffer, byteOffset, byteLength));
    }
  }
  return hash.digest('base64');
}

function bytesOf(outputs: Outputs): number {
  let bytes = ENTRY_BYTES;
  for (const { data } of outputs.values())
    if (Array.isArray(data))
      for (const text of data as readonly string[]) bytes += TEXT_BYTES + CHARACTER_BYTES * text.length;
    else bytes += (data as Float32Array).byteLength;
  return bytes;
}

/** An answer may be a view of a whole batch, which must not be kept alive by one row of it. */
function copyOf(outputs: Outputs): Outputs {
  return new Map(
    [...outputs].map(([name, { datatype, shape, data }]) => {
      const copy: TensorData = data.slice();
      return [name, { datatype, shape, data: copy }];
    }),
  );
}
