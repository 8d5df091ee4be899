/** How long a revision's runs take here, by the last few: an average of all would remember a slow start for ever. */
export class RunTimes {
  readonly #runs: Run[] = [];
  #next = 0;
  #medians: Medians | undefined;

  /** `requests`: so many were merged into the run. */
  add(rows: number, ms: number, requests = 1): void {
    this.#runs[this.#next] = { rows, ms, requests };
    this.#next = (this.#next + 1) % REMEMBERED_RUNS;
    // Sorting after every run would cost as much as a small model's row.
    if (this.#next % RUNS_BETWEEN_LOOKS === 0 || this.#runs.length < RUNS_BETWEEN_LOOKS) this.#medians = undefined;
  }

  /** How many runs are remembered. */
  get count(): number {
    return this.#runs.length;
  }

  /** Undefined: it has not run yet. */
  get medians(): Medians | undefined {
    if (this.#runs.length === 0) return undefined;
    this.#medians ??= {
      runMs: medianOf(this.#runs.map(({ ms, requests }) => ms / requests)),
      rowMs: rowMsOf(this.#runs),
      mergingPays: mergingPays(this.#runs),
    };
    return this.#medians;
  }
}

export interface Medians {
  /** What a request takes of a run: requests are merged into long ones only while nobody is held up by that. */
  readonly runMs: number;
  readonly rowMs: number;
  /** False: rows were no quicker together than each alone. While that is so they run alone, and so it is soon tried again. */
  readonly mergingPays: boolean;
}

interface Run {
  readonly rows: number;
  readonly ms: number;
  readonly requests: number;
}

const REMEMBERED_RUNS = 32;
const RUNS_BETWEEN_LOOKS = 8;
/** Fewer are an accident. */
const RUNS_TO_JUDGE_BY = 4;

function mergingPays(runs: readonly Run[]): boolean {
  const [alone, together] = [runs.filter(({ rows }) => rows === 1), runs.filter(({ rows }) => rows > 1)];
  if (alone.length < RUNS_TO_JUDGE_BY || together.length < RUNS_TO_JUDGE_BY) return true;
  return rowMsOf(together) < rowMsOf(alone);
}

function rowMsOf(runs: readonly Run[]): number {
  return medianOf(runs.map(({ rows, ms }) => ms / Math.max(1, rows)));
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
