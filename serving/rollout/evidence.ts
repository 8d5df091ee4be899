import type { ArmStats, FeedbackStats, Histogram, ModelStats, ShadowStats } from '../fleet.ts';

/**
 * What a rollout knows of its two arms. Glossary: *counted* is what the rollout has seen since it began, over all steps and all
 * restarts of counters; *seen* is the last reading of the fleet's cumulative counters, which the next reading is compared with.
 *
 * Both are kept together in the rollout's state, so that a control plane that dies between a reading and its keeping counts
 * nothing twice: the next one subtracts from the same reading.
 */
export interface ArmEvidence {
  readonly counted: Counted;
  readonly seen: Counted & { readonly processes: readonly string[] };
}

export interface Counted {
  readonly requests: number;
  readonly errors: number;
  readonly unservable: number;
  /** Compute time by batch size; an entry a batch size that occurred. */
  readonly computeByRows: readonly ComputeAt[];
  readonly score: { readonly count: number; readonly sum: number; readonly sumOfSquares: number };
  /** Copies that it answered beside, compared with the stable arm's answers; undefined: none. */
  readonly shadow?: ShadowStats;
  /** Of all its answers since the rollout began: it replaces what the look before saw. */
  readonly feedback?: FeedbackStats;
}

export interface ComputeAt {
  readonly rows: number;
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

export const nothingCounted: Counted = {
  requests: 0,
  errors: 0,
  unservable: 0,
  computeByRows: [],
  score: { count: 0, sum: 0, sumOfSquares: 0 },
};

/** What an arm was asked, and failed at: requests of callers and copies alike, since a model knows no difference. */
export function trialsOf(counted: Counted | undefined): { readonly requests: number; readonly errors: number } {
  const { requests = 0, errors = 0, shadow } = counted ?? {};
  return { requests: requests + (shadow?.requests ?? 0), errors: errors + (shadow?.errors ?? 0) };
}

/** Evidence that begins now: what the arm's counters hold already belongs to earlier times and is not counted. */
export function evidenceFrom(stats: ModelStats | undefined, revision: string): ArmEvidence {
  const arm = stats?.arms.find((each) => each.revision === revision);
  return { counted: nothingCounted, seen: arm === undefined ? { ...nothingCounted, processes: [] } : readingOf(arm) };
}

/**
 * Adds what a new reading shows beyond the last one. Counters that started anew (none of the processes is the same, or a
 * counter fell) count whole; when some processes stayed and every counter rose, only the rise counts.
 */
export function accumulated(evidence: ArmEvidence, stats: ModelStats | undefined, revision: string): ArmEvidence {
  const arm = stats?.arms.find((each) => each.revision === revision);
  if (arm === undefined) return evidence;
  const reading = readingOf(arm);
  const rise = startedAnew(evidence.seen, reading) ? reading : difference(reading, evidence.seen);
  const feedback = arm.feedback ?? evidence.counted.feedback;
  const counted = { ...sum(evidence.counted, rise), ...(feedback === undefined ? {} : { feedback }) };
  return { counted, seen: reading };
}

function readingOf(arm: ArmStats): ArmEvidence['seen'] {
  return {
    processes: arm.processes,
    requests: arm.requests,
    errors: arm.errors,
    unservable: arm.unservable,
    computeByRows: arm.computeByRows.map(({ rows, histogram }) => computeAtOf(rows, histogram)),
    score: arm.score,
    ...(arm.shadow === undefined ? {} : { shadow: arm.shadow }),
  };
}

function computeAtOf(rows: number, { bounds, counts }: Histogram): ComputeAt {
  return { rows, bounds, counts };
}

function startedAnew(before: ArmEvidence['seen'], now: ArmEvidence['seen']): boolean {
  const stayed = before.processes.some((process) => now.processes.includes(process));
  return (
    !stayed ||
    now.requests < before.requests ||
    now.errors < before.errors ||
    now.score.count < before.score.count ||
    (now.shadow?.requests ?? 0) < (before.shadow?.requests ?? 0)
  );
}

function difference(now: Counted, before: Counted): Counted {
  return combined(now, before, (a, b) => a - b);
}

function sum(a: Counted, b: Counted): Counted {
  return combined(a, b, (x, y) => x + y);
}

function combined(a: Counted, b: Counted, with_: (x: number, y: number) => number): Counted {
  return {
    requests: with_(a.requests, b.requests),
    errors: with_(a.errors, b.errors),
    unservable: with_(a.unservable, b.unservable),
    computeByRows: combinedCompute(a.computeByRows, b.computeByRows, with_),
    score: {
      count: with_(a.score.count, b.score.count),
      sum: with_(a.score.sum, b.score.sum),
      sumOfSquares: with_(a.score.sumOfSquares, b.score.sumOfSquares),
    },
    ...(a.shadow === undefined && b.shadow === undefined
      ? {}
      : { shadow: combinedShadow(a.shadow ?? NO_SHADOW, b.shadow ?? NO_SHADOW, with_) }),
  };
}

const NO_SHADOW: ShadowStats = {
  requests: 0,
  errors: 0,
  skipped: 0,
  rows: 0,
  decided: 0,
  flips: 0,
  distance: { count: 0, sum: 0, sumOfSquares: 0 },
};

function combinedShadow(a: ShadowStats, b: ShadowStats, with_: (x: number, y: number) => number): ShadowStats {
  return {
    requests: with_(a.requests, b.requests),
    errors: with_(a.errors, b.errors),
    skipped: with_(a.skipped, b.skipped),
    rows: with_(a.rows, b.rows),
    decided: with_(a.decided, b.decided),
    flips: with_(a.flips, b.flips),
    distance: {
      count: with_(a.distance.count, b.distance.count),
      sum: with_(a.distance.sum, b.distance.sum),
      sumOfSquares: with_(a.distance.sumOfSquares, b.distance.sumOfSquares),
    },
  };
}

/** Bounds that differ (another program's buckets) cannot be combined: then the newer ones, `a`, stand alone. */
function combinedCompute(
  a: readonly ComputeAt[],
  b: readonly ComputeAt[],
  with_: (x: number, y: number) => number,
): readonly ComputeAt[] {
  const sizes = [...new Set([...a, ...b].map(({ rows }) => rows))].sort((x, y) => x - y);
  return sizes.flatMap((rows) => {
    const first = a.find((each) => each.rows === rows);
    const second = b.find((each) => each.rows === rows);
    if (first === undefined)
      return second === undefined ? [] : [{ ...second, counts: second.counts.map((count) => with_(0, count)) }];
    if (second === undefined || !sameBounds(first, second)) return [first];
    return [{ ...first, counts: first.counts.map((count, i) => Math.max(0, with_(count, second.counts[i] ?? 0))) }];
  });
}

function sameBounds(a: ComputeAt, b: ComputeAt): boolean {
  return a.bounds.length === b.bounds.length && a.bounds.every((bound, i) => bound === b.bounds[i]);
}
