/**
 * Which models of one process were asked lately: a run holds up all of them, so how long it may be depends on whether others have callers.
 */
export class Neighbours {
  readonly #models = new Map<string, Neighbour>();

  /** One for all revisions of a model. */
  of(model: string): Neighbour {
    const known = this.#models.get(model);
    if (known !== undefined) return known;
    const neighbour = new Neighbour(this.#models);
    this.#models.set(model, neighbour);
    return neighbour;
  }
}

/** A model among the others of its process. Times are `performance.now()`. */
export class Neighbour {
  readonly #all: ReadonlyMap<string, Neighbour>;
  /** When somebody asked it last. */
  askedAt = -Infinity;

  constructor(all: ReadonlyMap<string, Neighbour>) {
    this.#all = all;
  }

  /** Whether nobody has asked another model for a while. */
  isAlone(now: number): boolean {
    for (const other of this.#all.values()) if (other !== this && now - other.askedAt < QUIET_MS) return false;
    return true;
  }
}

/** Whoever asks less often than this rarely meets a run at all. */
const QUIET_MS = 1000;
