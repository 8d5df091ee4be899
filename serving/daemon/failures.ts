/**
 * What went wrong, and for how long to keep off it. A *key* names a revision of a model; a *role key* what a process was started for.
 *
 * A revision that says why it cannot be served is given up at once. One whose process ends while it loads is tried again, and given up
 * after the third time; one whose process ends while it serves, after the fifth.
 */
export class Failures {
  readonly #reasons = new Map<string, string>();
  readonly #blamed = new Map<string, number>();
  readonly #crashes = new Map<string, number>();
  readonly #deaths = new Map<string, { count: number; notBefore: number }>();
  #restarts = 0;

  giveUp(key: string, reason: string): void {
    if (!this.#reasons.has(key)) this.#reasons.set(key, reason);
  }

  forgive(key: string): void {
    this.#reasons.delete(key);
    this.#blamed.delete(key);
    this.#crashes.delete(key);
    this.#deaths.delete(key);
  }

  blame(key: string, reason: string): void {
    const count = (this.#blamed.get(key) ?? 0) + 1;
    this.#blamed.set(key, count);
    if (count >= LOADING_TRIES) this.giveUp(key, `${reason}, ${count} times`);
  }

  crashed(key: string, reason: string): void {
    const count = (this.#crashes.get(key) ?? 0) + 1;
    this.#crashes.set(key, count);
    if (count >= SERVING_TRIES) this.giveUp(key, `${reason}, ${count} times`);
  }

  /** A process of this role ended by itself after so long: the next one waits, longer each time it lives only briefly. */
  died(roleKey: string, livedMs: number): void {
    this.#restarts += 1;
    const before = livedMs > STEADY_MS ? 0 : (this.#deaths.get(roleKey)?.count ?? 0);
    const waitMs = before === 0 ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (before - 1));
    this.#deaths.set(roleKey, { count: before + 1, notBefore: performance.now() + waitMs });
  }

  waitMs(roleKey: string): number {
    return Math.max(0, (this.#deaths.get(roleKey)?.notBefore ?? 0) - performance.now());
  }

  get restarts(): number {
    return this.#restarts;
  }

  deathsOf(roleKey: string): number {
    return this.#deaths.get(roleKey)?.count ?? 0;
  }

  givenUp(): ReadonlyMap<string, string> {
    return this.#reasons;
  }
}

const LOADING_TRIES = 3;
const SERVING_TRIES = 5;
const STEADY_MS = 10_000;
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 10_000;
