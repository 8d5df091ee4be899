import type { ArmStats, Histogram } from '../fleet.ts';
import { type SideCounts, SideCounter, addedSides } from './side-counts.ts';

/**
 * What happened to each arm in one process, cumulative since it started. The process that chose the arm counts requests, errors and latency
 * (what callers saw); the process that ran the model counts compute time and scores (what the model did). For a local arm both are the same.
 */
export interface ArmCounts {
  readonly model: string;
  readonly revision: string;
  readonly requests: number;
  readonly errors: number;
  readonly unservable: number;
  /** Of the latency, what failed requests took. */
  readonly failedMs: number;
  /** Of the last request, in milliseconds since the epoch; 0: none yet. */
  readonly lastAt: number;
  /** Rows answered, and runs that answered them: their ratio is the mean batch. */
  readonly rows: number;
  readonly runs: number;
  readonly queueMs: Histogram;
  readonly latencyMs: Histogram;
  readonly computeMs: Histogram;
  readonly computeByRows: readonly { readonly rows: number; readonly histogram: Histogram }[];
  readonly score: { readonly count: number; readonly sum: number; readonly sumOfSquares: number };
  readonly side: SideCounts;
}

/** 15 % apart, so that a ratio of medians is known to a few per cent after interpolation: 5 µs to one minute. */
const BOUND_RATIO = 1.15;
const LOG_RATIO = Math.log(BOUND_RATIO);
const LEAST_MS = 0.005;
const MOST_MS = 60_000;
export const BOUNDS_MS: readonly number[] = Array.from(
  { length: Math.ceil(Math.log(MOST_MS / LEAST_MS) / Math.log(BOUND_RATIO)) + 1 },
  (_, index) => Number((LEAST_MS * BOUND_RATIO ** index).toPrecision(6)),
);

export class HistogramCounter {
  readonly #counts = Array.from(BOUNDS_MS, () => 0).concat(0);
  #sum = 0;
  #count = 0;

  add(ms: number): void {
    const index = ms <= LEAST_MS ? 0 : Math.ceil(Math.log(ms / LEAST_MS) / LOG_RATIO - ROUNDING);
    const bounded = Math.min(index, BOUNDS_MS.length);
    this.#counts[bounded] = (this.#counts[bounded] ?? 0) + 1;
    this.#sum += ms;
    this.#count += 1;
  }

  snapshot(): Histogram {
    return { bounds: BOUNDS_MS, counts: [...this.#counts], sum: this.#sum, count: this.#count };
  }
}

/** The bounds are written with six digits; a value equal to one belongs below it. */
const ROUNDING = 1e-5;

/** Batch sizes are counted by powers of two: the largest size of a run's class. Few classes keep what a rollout carries along small. */
export function rowsClassOf(rows: number): number {
  return rows <= 1 ? rows : 2 ** Math.ceil(Math.log2(rows));
}

export class ArmCounter {
  readonly model: string;
  readonly revision: string;
  requests = 0;
  errors = 0;
  unservable = 0;
  readonly side = new SideCounter();
  #failedMs = 0;
  #lastAt = 0;
  #rows = 0;
  #runs = 0;
  readonly #queue = new HistogramCounter();
  readonly #latency = new HistogramCounter();
  readonly #compute = new HistogramCounter();
  readonly #byRows = new Map<number, HistogramCounter>();
  readonly #score = { count: 0, sum: 0, sumOfSquares: 0 };

  constructor(model: string, revision: string) {
    this.model = model;
    this.revision = revision;
  }

  /** A request that this arm answered, or should have. */
  answered(latencyMs: number, failed: boolean): void {
    this.requests += 1;
    this.#lastAt = Date.now();
    if (failed) {
      this.errors += 1;
      this.#failedMs += latencyMs;
    }
    this.#latency.add(latencyMs);
  }

  ran(rows: number, computeMs: number): void {
    this.#rows += rows;
    this.#runs += 1;
    this.#compute.add(computeMs);
    const size = rowsClassOf(rows);
    let histogram = this.#byRows.get(size);
    if (histogram === undefined) {
      histogram = new HistogramCounter();
      this.#byRows.set(size, histogram);
    }
    histogram.add(computeMs);
  }

  waited(queueMs: number): void {
    this.#queue.add(queueMs);
  }

  scored(scores: Float64Array): void {
    for (const score of scores) {
      if (!Number.isFinite(score)) continue;
      this.#score.count += 1;
      this.#score.sum += score;
      this.#score.sumOfSquares += score * score;
    }
  }

  /** Another than before as soon as anything has been counted. */
  get stamp(): number {
    return this.requests + this.unservable + this.#runs + this.#score.count + this.side.stamp;
  }

  snapshot(): ArmCounts {
    return {
      model: this.model,
      revision: this.revision,
      requests: this.requests,
      errors: this.errors,
      unservable: this.unservable,
      failedMs: this.#failedMs,
      lastAt: this.#lastAt,
      rows: this.#rows,
      runs: this.#runs,
      queueMs: this.#queue.snapshot(),
      latencyMs: this.#latency.snapshot(),
      computeMs: this.#compute.snapshot(),
      computeByRows: [...this.#byRows]
        .toSorted(([a], [b]) => a - b)
        .map(([rows, histogram]) => ({ rows, histogram: histogram.snapshot() })),
      score: { ...this.#score },
      side: this.side.snapshot(),
    };
  }
}

const NO_HISTOGRAM: Histogram = {
  bounds: BOUNDS_MS,
  counts: Array.from(BOUNDS_MS, () => 0).concat(0),
  sum: 0,
  count: 0,
};

export function emptyCounts(model: string, revision: string): ArmCounts {
  return new ArmCounter(model, revision).snapshot();
}

/** Both histograms as one; they have the same bounds. */
export function addedHistograms(a: Histogram, b: Histogram): Histogram {
  return {
    bounds: a.bounds,
    counts: a.counts.map((count, index) => count + (b.counts[index] ?? 0)),
    sum: a.sum + b.sum,
    count: a.count + b.count,
  };
}

/** The counts of one arm in two processes as one. */
export function addedCounts(a: ArmCounts, b: ArmCounts): ArmCounts {
  const sizes = new Set([...a.computeByRows, ...b.computeByRows].map(({ rows }) => rows));
  const at = (counts: ArmCounts, rows: number): Histogram =>
    counts.computeByRows.find((entry) => entry.rows === rows)?.histogram ?? NO_HISTOGRAM;
  return {
    model: a.model,
    revision: a.revision,
    requests: a.requests + b.requests,
    errors: a.errors + b.errors,
    unservable: a.unservable + b.unservable,
    failedMs: a.failedMs + b.failedMs,
    lastAt: Math.max(a.lastAt, b.lastAt),
    rows: a.rows + b.rows,
    runs: a.runs + b.runs,
    queueMs: addedHistograms(a.queueMs, b.queueMs),
    latencyMs: addedHistograms(a.latencyMs, b.latencyMs),
    computeMs: addedHistograms(a.computeMs, b.computeMs),
    computeByRows: [...sizes]
      .toSorted((x, y) => x - y)
      .map((rows) => ({ rows, histogram: addedHistograms(at(a, rows), at(b, rows)) })),
    score: {
      count: a.score.count + b.score.count,
      sum: a.score.sum + b.score.sum,
      sumOfSquares: a.score.sumOfSquares + b.score.sumOfSquares,
    },
    side: addedSides(a.side, b.side),
  };
}

export function statsOf(counts: ArmCounts, processes: readonly string[]): ArmStats {
  const { revision, requests, errors, unservable, latencyMs, computeMs, computeByRows, score, side } = counts;
  const { shadow } = side;
  return {
    revision,
    processes,
    requests,
    errors,
    unservable,
    latencyMs,
    computeMs,
    computeByRows,
    score,
    ...(shadow.requests + shadow.skipped > 0 ? { shadow } : {}),
  };
}
