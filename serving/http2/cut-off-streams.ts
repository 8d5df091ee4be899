/** Streams that were reset here: what their senders sent before they heard of it means nothing. Only so many are known; of older ones everybody has heard. */
export class CutOffStreams {
  readonly #most: number;
  /** The oldest first. */
  readonly #streams = new Set<number>();

  constructor(most: number) {
    this.#most = most;
  }

  add(stream: number): void {
    this.#streams.add(stream);
    if (this.#streams.size <= this.#most) return;
    for (const oldest of this.#streams) {
      this.#streams.delete(oldest);
      return;
    }
  }

  /** Whether what comes on a stream that is not open was under way. After its last frame nothing more is. */
  isUnderWay(stream: number, isLast: boolean): boolean {
    return isLast ? this.#streams.delete(stream) : this.#streams.has(stream);
  }
}
