/**
 * Which public replica has grown too large and is to be replaced by a fresh one: memory that an allocator keeps, or a leak, goes with its process. One
 * at a time, each replacement waits longer while they follow one another quickly: recycling does not help against what is needed.
 */
export interface WearView {
  readonly id: number;
  /** 0 until it has reported. */
  readonly rssBytes: number;
  /** When it first took callers; undefined: it has not yet. */
  readonly openedAtMs: number | undefined;
  /** Estimated, of the models that it has loaded now. */
  readonly loadedBytes: number;
}

/** Buffers, compiled code and the runtime's arenas are what they will be after so long under the usual work. */
const WARM_UP_MS = 30_000;
/** A process that doubles has found something to keep; a small one may double by chance. */
const GROWTH = 2;
const GROWTH_BYTES = 256 * 2 ** 20;
const FIRST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 3_600_000;
/** After so long without one, the next replacement waits no longer than the first. */
const QUIET_MS = 6 * 3_600_000;

export class Wear {
  readonly #replicaBytes: number;
  readonly #warm = new Map<number, { readonly rssBytes: number; readonly loadedBytes: number }>();
  #worn: number | undefined;
  #waitMs = 0;
  #lastAtMs = -Infinity;
  #recycled = 0;

  /** `replicaBytes`: more than that is too large whatever it began with. */
  constructor(replicaBytes: number) {
    this.#replicaBytes = replicaBytes;
  }

  /** How many were replaced. */
  get recycled(): number {
    return this.#recycled;
  }

  /** The one that a fresh one should take the place of now, if any; the same one until it is gone. */
  wornOf(replicas: readonly WearView[], nowMs: number): number | undefined {
    for (const id of this.#warm.keys()) if (!replicas.some((each) => each.id === id)) this.#warm.delete(id);
    for (const { id, openedAtMs, rssBytes, loadedBytes } of replicas)
      if (openedAtMs !== undefined && nowMs - openedAtMs >= WARM_UP_MS && rssBytes > 0 && !this.#warm.has(id))
        this.#warm.set(id, { rssBytes, loadedBytes });
    if (replicas.some(({ id }) => id === this.#worn)) return this.#worn;
    this.#worn = undefined;
    if (nowMs - this.#lastAtMs < this.#waitMs) return undefined;
    const largest = replicas
      .filter((each) => each.openedAtMs !== undefined && each.rssBytes > this.#boundOf(each))
      .toSorted((a, b) => b.rssBytes - a.rssBytes)[0];
    if (largest === undefined) return undefined;
    this.#worn = largest.id;
    this.#waitMs =
      nowMs - this.#lastAtMs > QUIET_MS
        ? FIRST_WAIT_MS
        : Math.min(LONGEST_WAIT_MS, Math.max(FIRST_WAIT_MS, this.#waitMs * 2));
    this.#lastAtMs = nowMs;
    this.#recycled += 1;
    return this.#worn;
  }

  /** Twice what it had after warm-up, and what it has loaded since. */
  #boundOf({ id, loadedBytes }: WearView): number {
    const warm = this.#warm.get(id);
    if (warm === undefined) return this.#replicaBytes;
    const more = Math.max(0, loadedBytes - warm.loadedBytes);
    const grown = Math.max(GROWTH * warm.rssBytes, warm.rssBytes + GROWTH_BYTES) + GROWTH * more;
    return Math.min(this.#replicaBytes, grown);
  }
}
