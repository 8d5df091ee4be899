import type { ReplicaReport } from '../../replica/messages.ts';

/** Fewer runs may be a slow start. */
const FEWEST_RUNS = 8;

/** How long runs of each revision take, as the processes report that run it: the word of the one that has run most. */
export class RunLengths {
  readonly #reports = new Map<string, Map<number, { readonly medianMs: number; readonly runs: number }>>();

  heard(replicaId: number, { runMs = [] }: ReplicaReport): void {
    for (const { key, medianMs, runs } of runMs) {
      if (runs < FEWEST_RUNS) continue;
      const known = this.#reports.get(key) ?? new Map();
      this.#reports.set(key, known.set(replicaId, { medianMs, runs }));
    }
  }

  /** What the last process of a revision has said stays known. */
  ended(replicaId: number): void {
    for (const known of this.#reports.values()) if (known.size > 1) known.delete(replicaId);
  }

  /** In milliseconds, of the slowest of these revisions; undefined: none has run often enough. */
  medianMsOf(keys: readonly string[]): number | undefined {
    const medians = keys.flatMap((key) => {
      const reports = [...(this.#reports.get(key)?.values() ?? [])];
      return reports.toSorted((a, b) => b.runs - a.runs)[0]?.medianMs ?? [];
    });
    return medians.length === 0 ? undefined : Math.max(...medians);
  }

  forget(keys: ReadonlySet<string>): void {
    for (const key of this.#reports.keys()) if (!keys.has(key)) this.#reports.delete(key);
  }
}
