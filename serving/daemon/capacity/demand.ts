import type { ReplicaReport } from '../../replica/messages.ts';

/** What callers ask for, as far as reports and waiting requests say. Times are milliseconds since the epoch. */
export class Demand {
  readonly #usedAt = new Map<string, number>();
  readonly #waiting = new Map<string, number>();
  /** Milliseconds that requests spent under way since they were taken last, by model. */
  readonly #spentMs = new Map<string, number>();
  /** Names of models with queued requests, by replica. */
  readonly #busy = new Map<number, readonly string[]>();

  /** What a public replica reports: its counts are cumulative, `before` is what it had reported until then. */
  heard(replicaId: number, report: ReplicaReport, before: ReplicaReport | undefined): void {
    this.#busy.set(replicaId, report.busy);
    if (before?.arms === report.arms) return;
    const earlier = new Map((before?.arms ?? []).map((counts) => [`${counts.model} ${counts.revision}`, counts]));
    for (const counts of report.arms) {
      const known = earlier.get(`${counts.model} ${counts.revision}`);
      if (known === counts) continue;
      const spentMs = counts.latencyMs.sum - (known?.latencyMs.sum ?? 0);
      this.#spentMs.set(counts.model, (this.#spentMs.get(counts.model) ?? 0) + spentMs);
      this.#usedAt.set(counts.model, Math.max(this.#usedAt.get(counts.model) ?? 0, counts.lastAt));
    }
  }

  ended(replicaId: number): void {
    this.#busy.delete(replicaId);
  }

  /** Somebody asked for a model that rests. True: nobody had before. */
  wake(model: string, nowMs: number): boolean {
    this.#usedAt.set(model, nowMs);
    if (this.#waiting.has(model)) return false;
    this.#waiting.set(model, nowMs);
    return true;
  }

  /** It is loaded: nobody waits any more. */
  woken(model: string, nowMs: number): void {
    if (this.#waiting.delete(model)) this.#usedAt.set(model, nowMs);
  }

  get waiting(): readonly string[] {
    return [...this.#waiting.keys()];
  }

  waitingSinceMs(model: string): number | undefined {
    return this.#waiting.get(model);
  }

  usedAtMs(model: string): number {
    return this.#usedAt.get(model) ?? 0;
  }

  busyModels(): ReadonlySet<string> {
    return new Set([...this.#busy.values()].flat());
  }

  /** Takes what was spent since the last time; by Little's law, over the time between it is the mean number of requests under way. */
  takeSpentMs(): ReadonlyMap<string, number> {
    const spent = new Map(this.#spentMs);
    this.#spentMs.clear();
    return spent;
  }

  forget(models: ReadonlySet<string>): void {
    for (const map of [this.#usedAt, this.#waiting, this.#spentMs])
      for (const model of map.keys()) if (!models.has(model)) map.delete(model);
  }
}
