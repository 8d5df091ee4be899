/** How long a revision's runs take here, by the last few: an average of all would remember a slow start for ever. */
export class RunTimes {
  readonly #runs: { readonly rows: number; readonly ms: number }[] = [];
  #next = 0;
  #medians: { readonly runMs: number; readonly rowMs: number } | undefined;

  add(rows: number, ms: number): void {
    this.#runs[this.#next] = { rows, ms };
    this.#next = (this.#next + 1) % REMEMBERED_RUNS;
    // Sorting after every run would cost as much as a small model's row.
    if (this.#next % RUNS_BETWEEN_LOOKS === 0 || this.#runs.length < RUNS_BETWEEN_LOOKS) this.#medians = undefined;
  }

  /** Undefined: it has not run yet. */
  get medians(): { readonly runMs: number; readonly rowMs: number } | undefined {
    if (this.#runs.length === 0) return undefined;
    this.#medians ??= {
      runMs: medianOf(this.#runs.map(({ ms }) => ms)),
      rowMs: medianOf(this.#runs.map(({ rows, ms }) => ms / Math.max(1, rows))),
    };
    return this.#medians;
  }
}

const REMEMBERED_RUNS = 32;
const RUNS_BETWEEN_LOOKS = 8;

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
