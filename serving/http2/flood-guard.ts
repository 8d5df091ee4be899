/**
 * How often something may happen that costs a server more than who causes it: so many at once, and so many a second in the long run.
 */
export class FloodGuard {
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #countedAt: number;

  constructor(burst: number, perSecond: number, nowMs: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#left = burst;
    this.#countedAt = nowMs;
  }

  /** False: that was too many. */
  allows(nowMs: number): boolean {
    this.#left = Math.min(this.#burst, this.#left + ((nowMs - this.#countedAt) / 1000) * this.#perSecond) - 1;
    this.#countedAt = nowMs;
    return this.#left >= 0;
  }
}
