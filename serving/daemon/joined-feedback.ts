import { readFile, rm } from 'node:fs/promises';
import type { FeedbackStats } from '../fleet.ts';
import type { FleetDaemon } from './fleet-daemon.ts';

type ByRevision = Readonly<Record<string, FeedbackStats>>;

/** Labels come in days rather than seconds: whoever asks more often gets what was read last. */
const FRESH_MS = 20_000;
/** The newest rows say enough, and a reader of so many ends within seconds. */
const MOST_ROWS = 200_000;
const MOST_KEPT = 1_000;

/** What labels say of a model's arms since an instant, joined from the log by a process of its own; read anew at most three times a minute. */
export class JoinedFeedback {
  readonly #daemon: FleetDaemon;
  readonly #kept = new Map<string, { readonly atMs: number; readonly stats: Promise<ByRevision> }>();

  constructor(daemon: FleetDaemon) {
    this.#daemon = daemon;
  }

  async since(model: string, fromMs: number): Promise<ByRevision> {
    const key = `${model} ${fromMs}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined && Date.now() - kept.atMs < FRESH_MS) return kept.stats;
    this.#kept.delete(key);
    for (const [oldest] of this.#kept) {
      if (this.#kept.size < MOST_KEPT) break;
      this.#kept.delete(oldest);
    }
    const stats = this.#read(model, fromMs);
    this.#kept.set(key, { atMs: Date.now(), stats });
    // What failed is asked again by the next.
    stats.catch(() => this.#kept.delete(key));
    return stats;
  }

  async #read(model: string, fromMs: number): Promise<ByRevision> {
    const { file } = await this.#daemon.readLog(
      { model, fromMs, toMs: Date.now() + 1, limit: MOST_ROWS, failures: false },
      'feedback',
    );
    try {
      // Written by our own process.
      return JSON.parse(await readFile(file, 'utf8')) as ByRevision;
    } finally {
      await rm(file, { force: true });
    }
  }
}
