import { createHistogram } from 'node:perf_hooks';
import type { Complaint } from './load-check.ts';
import type { LoadResult } from './load-job.ts';

const LONGEST_NS = 600_000_000_000;
/** Significant digits of each recorded latency. */
const DIGITS = 3;

/** Counts answers while it is open, in a histogram of three digits (HDR, of Node itself). */
export class Tally {
  readonly #histogram = createHistogram({ lowest: 1, highest: LONGEST_NS, figures: DIGITS });
  readonly #errors = new Map<string, { count: number; first: string }>();
  readonly #startedAt = performance.now();
  readonly #cpu = process.cpuUsage();
  answered = 0;
  waited = 0;
  unsent = 0;

  add(latencyMs: number, complaint: Complaint | undefined): void {
    if (complaint !== undefined) {
      this.complain(complaint);
      return;
    }
    this.answered += 1;
    this.#histogram.record(Math.max(1, Math.round(latencyMs * NS_PER_MS)));
  }

  complain({ kind, says }: Complaint): void {
    const found = this.#errors.get(kind);
    if (found === undefined) this.#errors.set(kind, { count: 1, first: says });
    else found.count += 1;
  }

  result(isOpen: boolean): LoadResult {
    const seconds = (performance.now() - this.#startedAt) / MS_PER_SECOND;
    const { user, system } = process.cpuUsage(this.#cpu);
    const ms = (percentile: number): number => this.#histogram.percentile(percentile) / NS_PER_MS;
    const nothing = this.answered === 0;
    return {
      seconds,
      answered: this.answered,
      perSecond: this.answered / seconds,
      errors: Object.fromEntries(this.#errors),
      failed: [...this.#errors.values()].reduce((sum, { count }) => sum + count, 0),
      latencyMs: nothing
        ? { mean: NaN, p50: NaN, p90: NaN, p99: NaN, p999: NaN, max: NaN }
        : {
            mean: this.#histogram.mean / NS_PER_MS,
            p50: ms(50),
            p90: ms(90),
            p99: ms(99),
            p999: ms(99.9),
            max: this.#histogram.max / NS_PER_MS,
          },
      busy: (user + system) / MICROS_PER_SECOND / seconds,
      cpuMicrosPerRequest: (user + system) / Math.max(1, this.answered),
      ...(isOpen ? { waited: this.waited, unsent: this.unsent } : {}),
    };
  }
}

const NS_PER_MS = 1e6;
const MICROS_PER_SECOND = 1e6;
const MS_PER_SECOND = 1000;
