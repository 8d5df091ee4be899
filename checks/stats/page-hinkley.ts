/** A detector's memory after some values: pass it back with the next one. */
export interface PageHinkley {
  readonly count: number;
  readonly mean: number;
  /** Sum of what exceeds the mean by more than the tolerance, and the least it ever was; likewise below. */
  readonly up: number;
  readonly down: number;
  readonly alarm: 'none' | 'rose' | 'fell';
}

export interface PageHinkleyOptions {
  /** Change that is tolerated, in the values' own unit; standardise the values, or this depends on their scale. */
  readonly tolerance: number;
  /** How far the sums must climb for an alarm. */
  readonly threshold: number;
  /** Values before the first alarm. */
  readonly minimum: number;
}

export const pageHinkleyStart: PageHinkley = { count: 0, mean: 0, up: 0, down: 0, alarm: 'none' };

/**
 * Page's test for a change of a stream's mean, in either direction. Begins anew after an alarm.
 *
 * Definition: U ← max(0, U + x − mean − tolerance), D ← max(0, D − x + mean − tolerance), mean over all values so far; alarm when U or D exceeds the
 * threshold. Reference: Page (1954); Hinkley (1971). Complexity: O(1) a value.
 *
 * @example pageHinkleyNext(pageHinkleyStart, 5, { tolerance: 0.005, threshold: 50, minimum: 30 }).alarm // 'none'
 */
export function pageHinkleyNext(
  state: PageHinkley,
  value: number,
  { tolerance, threshold, minimum }: PageHinkleyOptions,
): PageHinkley {
  const before = state.alarm === 'none' ? state : pageHinkleyStart;
  const count = before.count + 1;
  const mean = before.mean + (value - before.mean) / count;
  const up = Math.max(0, before.up + value - mean - tolerance);
  const down = Math.max(0, before.down - value + mean - tolerance);
  const alarm = count < minimum ? 'none' : up > threshold ? 'rose' : down > threshold ? 'fell' : 'none';
  return { count, mean, up, down, alarm };
}
