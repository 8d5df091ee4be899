import { ascendingOrder } from './ascending-order.ts';
import type { Interval } from './interval.ts';
import { wilsonInterval } from './wilson-interval.ts';

/** Rows of similar probability: what was said of them, and what came true. */
export interface ReliabilityBin {
  readonly rows: number;
  /** Mean probability. */
  readonly predicted: number;
  /** Share that came true. */
  readonly observed: number;
  /** Of `observed`, at 95 % (Wilson). */
  readonly interval: Interval;
}

/**
 * A reliability curve: rows in order of their probability, cut into bins of equal count; rows of one probability stay together, so there may be
 * fewer bins. `outcomes[i]` is 1 or 0.
 *
 * Reference: DeGroot & Fienberg (1983); equal counts as Nguyen & O'Connor (2015). Complexity: O(n log n).
 *
 * @example
 * reliabilityBins([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], 2).map(({ predicted, observed }) => [predicted, observed])
 * // about [[0.15, 0], [0.85, 1]]
 */
export function reliabilityBins(
  probabilities: ArrayLike<number>,
  outcomes: ArrayLike<number>,
  bins = RELIABILITY_BINS,
): readonly ReliabilityBin[] {
  return binnedRows(probabilities, bins).map((rows) => {
    let [sum, events] = [0, 0];
    for (const row of rows) {
      sum += probabilities[row] ?? 0;
      events += outcomes[row] ?? 0;
    }
    return {
      rows: rows.length,
      predicted: sum / rows.length,
      observed: events / rows.length,
      interval: wilsonInterval(events, rows.length, 0.05),
    };
  });
}

/** Enough to see a curve, few enough that each bin of some hundred rows says something. */
export const RELIABILITY_BINS = 10;

/** Row numbers by bin, in order of probability. */
export function binnedRows(probabilities: ArrayLike<number>, bins: number): readonly Uint32Array[] {
  const order = ascendingOrder(probabilities);
  const parts: Uint32Array[] = [];
  let from = 0;
  for (let bin = 1; bin <= bins; bin++) {
    let to = Math.round((bin * order.length) / bins);
    if (to <= from) continue;
    while (to < order.length && probabilities[order[to] ?? 0] === probabilities[order[to - 1] ?? 0]) to++;
    parts.push(order.subarray(from, to));
    from = to;
  }
  return parts;
}
