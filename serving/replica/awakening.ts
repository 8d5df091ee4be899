import { Refusal } from '../protocol/refusal.ts';

/**
 * Requests that wait for a model to be loaded: asked for, a model that rests is loaded while they wait, and they are answered in the order of
 * their coming. Bounded in number and in time.
 */
export class Awakening {
  readonly #wake: (model: string) => void;
  readonly #limitMs: number;
  readonly #waiting = new Map<string, Set<() => void>>();
  #count = 0;

  /** `wake` asks the fleet to load a model; it is asked once for all that wait. */
  constructor(wake: (model: string) => void, limitMs: number = COLD_START_LIMIT_MS) {
    this.#wake = wake;
    this.#limitMs = limitMs;
  }

  get count(): number {
    return this.#count;
  }

  get models(): readonly string[] {
    return [...this.#waiting.keys()];
  }

  /** Resolves when `settle` is called for the model. Rejects with a Refusal: 429 where too many wait, 503 beyond the limit. */
  wait(model: string): Promise<void> {
    if (this.#count >= MOST_WAITING)
      return Promise.reject(
        new Refusal(429, `${this.#count} requests wait for models to be loaded`, { retryAfterSeconds: 1 }),
      );
    this.#count += 1;
    return new Promise((resolve, reject) => {
      const waiters = this.#waiting.get(model) ?? new Set();
      const limit = setTimeout(() => {
        waiters.delete(settle);
        if (waiters.size === 0) this.#waiting.delete(model);
        this.#count -= 1;
        reject(
          new Refusal(503, `model '${model}' was not loaded within ${this.#limitMs} ms`, { retryAfterSeconds: 1 }),
        );
      }, this.#limitMs);
      const settle = (): void => {
        clearTimeout(limit);
        this.#count -= 1;
        resolve();
      };
      waiters.add(settle);
      if (!this.#waiting.has(model)) {
        this.#waiting.set(model, waiters);
        this.#wake(model);
      }
    });
  }

  /** The model can be asked, or there is nothing more to wait for. */
  settle(model: string): void {
    const waiters = this.#waiting.get(model);
    this.#waiting.delete(model);
    for (const settle of waiters ?? []) settle();
  }
}

/** As long as a request may wait in a queue. */
const COLD_START_LIMIT_MS = 10_000;
/** As many as may wait for one revision's runs. */
const MOST_WAITING = 1024;
