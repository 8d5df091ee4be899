import { sum } from 'd3-array';
import type { ArmStats, Histogram, ModelStats } from '../../serving/fleet.ts';
import type { Traffic } from './views.ts';

/**
 * What happened between two looks at a model's cumulative statistics. Counters start anew with an arm's processes; an arm
 * whose processes changed counts with all it has, so that nothing is subtracted from what is not its own.
 */
export function trafficOf(
  before: ModelStats,
  after: ModelStats,
  seconds: number,
  recent: readonly number[] = [],
): Traffic {
  const grown = after.arms.map((arm) =>
    growth(
      before.arms.find(({ revision }) => revision === arm.revision),
      arm,
    ),
  );
  const requests = sum(grown, (arm) => arm.requests);
  const p99Ms = quantileOf(
    grown.map(({ latencyMs }) => latencyMs),
    0.99,
  );
  return {
    seconds,
    requests,
    errors: sum(grown, (arm) => arm.errors),
    ...(p99Ms === undefined ? {} : { p99Ms }),
    recent: [...recent, seconds > 0 ? requests / seconds : 0].slice(-MOST_RECENT),
  };
}

const MOST_RECENT = 60;

type Growth = Pick<ArmStats, 'requests' | 'errors' | 'latencyMs'>;

function growth(before: ArmStats | undefined, after: ArmStats): Growth {
  const same =
    before !== undefined && before.processes.join() === after.processes.join() && before.requests <= after.requests;
  if (!same) return after;
  return {
    requests: after.requests - before.requests,
    errors: Math.max(0, after.errors - before.errors),
    latencyMs: difference(before.latencyMs, after.latencyMs),
  };
}

function difference(before: Histogram, after: Histogram): Histogram {
  if (before.bounds.join() !== after.bounds.join()) return after;
  return {
    bounds: after.bounds,
    counts: after.counts.map((count, index) => Math.max(0, count - (before.counts[index] ?? 0))),
    sum: after.sum - before.sum,
    count: after.count - before.count,
  };
}

/** Upper bound of the bucket that holds the quantile; the last bound where it lies above all; undefined without a count. */
export function quantileOf(histograms: readonly Histogram[], quantile: number): number | undefined {
  const bounds = histograms[0]?.bounds ?? [];
  const alike = histograms.filter((histogram) => histogram.bounds.join() === bounds.join());
  const counts = Array.from({ length: bounds.length + 1 }, (_, index) =>
    sum(alike, ({ counts: some }) => some[index] ?? 0),
  );
  const total = sum(counts);
  if (total === 0) return undefined;
  let below = 0;
  for (const [index, count] of counts.entries()) {
    below += count;
    if (below >= quantile * total) return bounds[index] ?? bounds.at(-1);
  }
  return bounds.at(-1);
}
