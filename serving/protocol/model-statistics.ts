import type { ArmCounts } from '../replica/counters.ts';

const NS_IN_MS = 1e6;

/**
 * Triton's statistics of one version: requests by outcome, rows, runs, and where the time went. `inference_count` over `execution_count` is the mean
 * batch. Turning bytes into tensors and back is not timed apart from the rest of a request: `compute_input` and `compute_output` count and say 0 ns.
 * Source: Triton's extension_statistics.md.
 */
export function modelStatisticsOf(name: string, version: string, counts: ArmCounts) {
  const { requests, errors, failedMs, lastAt, rows, runs, queueMs, latencyMs, computeMs, computeByRows, side } = counts;
  const untimed = { count: runs, ns: 0 };
  return {
    name,
    version,
    last_inference: lastAt,
    inference_count: rows,
    execution_count: runs,
    inference_stats: {
      success: durationOf(requests - errors, latencyMs.sum - failedMs),
      fail: durationOf(errors, failedMs),
      queue: durationOf(queueMs.count, queueMs.sum),
      compute_input: untimed,
      compute_infer: durationOf(computeMs.count, computeMs.sum),
      compute_output: untimed,
      cache_hit: durationOf(side.cache.hits, side.cache.hitMs),
      cache_miss: durationOf(side.cache.misses, side.cache.missMs),
    },
    response_stats: {},
    batch_stats: computeByRows.map(({ rows: size, histogram }) => ({
      batch_size: size,
      compute_input: { count: histogram.count, ns: 0 },
      compute_infer: durationOf(histogram.count, histogram.sum),
      compute_output: { count: histogram.count, ns: 0 },
    })),
    memory_usage: [],
  };
}

function durationOf(count: number, ms: number) {
  return { count, ns: Math.max(0, Math.round(ms * NS_IN_MS)) };
}
