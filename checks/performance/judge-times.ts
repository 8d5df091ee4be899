import type { Budgets } from '../evidence/job.ts';
import type { PerformanceEvidence, TimedModel } from '../evidence/performance-evidence.ts';
import { designEffect } from '../stats/design-effect.ts';
import type { Interval } from '../stats/interval.ts';
import { quantileInterval } from '../stats/quantile-interval.ts';
import { quantileSorted } from '../stats/quantile.ts';

/**
 * What measured times say about a budget. The same rule stops the measuring and judges it: the interval beyond the budget fails, inside it passes,
 * and more runs are made while it straddles.
 */
export interface BudgetVerdict {
  readonly verdict: 'pass' | 'fail' | 'inconclusive';
  readonly estimate: number;
  readonly interval: Interval;
  readonly budget: number;
  /** Runs, loads or processes that it rests on. */
  readonly count: number;
  /** By how many runs one independent run is worth: 1 where the machine was steady. */
  readonly designEffect: number;
  /** When undecided: how many would decide, if what comes is like what was. */
  readonly countThatWouldDecide?: number;
}

/** The slowdown also in milliseconds: a ratio of microseconds says little. */
export interface SlowdownVerdict extends BudgetVerdict {
  readonly differenceMs: number;
  readonly differenceInterval: Interval;
}

/** Of each interval, so that five looks at the runs are wrong in at most 5 %. */
export const ALPHA = 0.01;
/** A slowdown that no caller notices, whatever the ratio. */
export const NOTICED_MS = 0.2;
const P99 = 0.99;
const MEDIAN = 0.5;
/** A clock's least step, so that a ratio of times is one. */
const LEAST_MS = 1e-4;
export const BYTES_PER_MB = 1_000_000;

/** Quantiles of the time that a run computed, with their interval. */
export function timeQuantile(
  values: Float64Array,
  level: number,
  roundEnds: ArrayLike<number>,
): { readonly estimate: number; readonly interval: Interval; readonly designEffect: number } {
  const sorted = values.toSorted();
  const estimate = quantileSorted(sorted, level);
  const effect = designEffect(
    Array.from(values, (value) => value > estimate),
    roundEnds,
  );
  const { lower, upper } = quantileInterval(sorted, { level, alpha: ALPHA, designEffect: effect });
  return { estimate, interval: { lower, upper }, designEffect: effect };
}

export function p99Verdict({ candidate, roundEnds }: PerformanceEvidence, budget: number): BudgetVerdict {
  const found = timeQuantile(candidate.computeMs, P99, roundEnds);
  return withRuns(
    { ...found, budget, count: candidate.computeMs.length, verdict: sideOf(found.interval, budget) },
    P99,
  );
}

/** The median of the ratios of runs that followed each other on the same row; undefined without a champion. */
export function slowdownVerdict(
  { candidate, champion, roundEnds }: PerformanceEvidence,
  budget: number,
): SlowdownVerdict | undefined {
  if (champion === undefined) return undefined;
  const logRatio = pairs(candidate, champion, (a, b) => Math.log(Math.max(a, LEAST_MS) / Math.max(b, LEAST_MS)));
  const difference = pairs(candidate, champion, (a, b) => a - b);
  const [ratio, byMs] = [timeQuantile(logRatio, MEDIAN, roundEnds), timeQuantile(difference, MEDIAN, roundEnds)];
  const interval = { lower: Math.exp(ratio.interval.lower), upper: Math.exp(ratio.interval.upper) };
  const [ofRatio, ofDifference] = [sideOf(interval, budget), sideOf(byMs.interval, NOTICED_MS)];
  const verdict: BudgetVerdict['verdict'] =
    ofRatio === 'pass' || ofDifference === 'pass'
      ? 'pass'
      : ofRatio === 'fail' && ofDifference === 'fail'
        ? 'fail'
        : 'inconclusive';
  const judged = { ...ratio, estimate: Math.exp(ratio.estimate), interval, budget, count: logRatio.length, verdict };
  return { ...withRuns(judged, MEDIAN), differenceMs: byMs.estimate, differenceInterval: byMs.interval };
}

/** Median load time. */
export function loadVerdict(loadMs: Float64Array, budget: number): BudgetVerdict {
  return medianVerdict(loadMs, budget);
}

/** Median memory over fresh processes, in megabytes; undefined where it could not be measured. */
export function memoryVerdict({ candidate }: PerformanceEvidence, budget: number): BudgetVerdict | undefined {
  const { memoryBytes } = candidate;
  if (memoryBytes === undefined || memoryBytes.length === 0) return undefined;
  return medianVerdict(
    memoryBytes.map((bytes) => bytes / BYTES_PER_MB),
    budget,
  );
}

/** Whether more runs could change what is said about the declared budgets of time. */
export function isDecided(evidence: PerformanceEvidence, { p99Ms, slowdown }: Budgets): boolean {
  const verdicts = [
    p99Ms === undefined ? undefined : p99Verdict(evidence, p99Ms),
    slowdown === undefined ? undefined : slowdownVerdict(evidence, slowdown),
  ];
  return verdicts.every((judged) => judged?.verdict !== 'inconclusive');
}

function medianVerdict(values: Float64Array, budget: number): BudgetVerdict {
  const found = timeQuantile(values, MEDIAN, []);
  return withRuns({ ...found, budget, count: values.length, verdict: sideOf(found.interval, budget) }, MEDIAN);
}

function pairs(
  candidate: TimedModel,
  champion: TimedModel,
  of: (candidateMs: number, championMs: number) => number,
): Float64Array {
  return candidate.computeMs.map((ms, run) => of(ms, champion.computeMs[run] ?? NaN));
}

function sideOf({ lower, upper }: Interval, budget: number): BudgetVerdict['verdict'] {
  if (upper <= budget) return 'pass';
  return lower > budget ? 'fail' : 'inconclusive';
}

/** An interval shrinks with the root of the runs; one without an end needs as many as give it one. */
function withRuns<V extends BudgetVerdict>(judged: V, level: number): V {
  if (judged.verdict !== 'inconclusive') return judged;
  const { estimate, interval, budget, count, designEffect: effect } = judged;
  const half = estimate < budget ? interval.upper - estimate : estimate - interval.lower;
  const fewest = Math.ceil((Math.log(ALPHA / 2) / Math.log(Math.max(level, 1 - level))) * effect);
  const needed = Number.isFinite(half) ? Math.ceil(count * (half / Math.abs(estimate - budget)) ** 2) + 1 : fewest;
  return Number.isSafeInteger(needed) ? { ...judged, countThatWouldDecide: Math.max(needed, fewest) } : judged;
}
