/** Values of a stream, the recent ones finely and the old ones coarsely: buckets of 1, 2, 4, … values, newest first in each row. */
export interface Adwin {
  /** `rows[k]`: buckets of 2^k values, oldest first. */
  readonly rows: readonly (readonly Bucket[])[];
  readonly count: number;
  readonly total: number;
  /** Sum of squared distances from the mean. */
  readonly spread: number;
  readonly seen: number;
  /** Whether the last value made the window drop its past. */
  readonly changed: boolean;
}

interface Bucket {
  readonly total: number;
  readonly spread: number;
}

export interface AdwinOptions {
  /** Bound on false alarms a cut; 0.002 is customary. */
  readonly delta: number;
  /** Values between two searches for a cut. */
  readonly clock: number;
  /** Buckets of one size before two are merged. */
  readonly buckets: number;
  /** Fewest values on either side of a cut. */
  readonly fewest: number;
}

export const adwinDefaults: AdwinOptions = { delta: 0.002, clock: 32, buckets: 5, fewest: 5 };
export const adwinStart: Adwin = { rows: [], count: 0, total: 0, spread: 0, seen: 0, changed: false };

/**
 * ADWIN: a window over a stream that keeps as much of the past as agrees with the present; when the means of its older and newer part differ by more
 * than chance allows, the older part is dropped, and that is the alarm.
 *
 * Definition: a cut into n₀ and n₁ values is a change when |mean₀ − mean₁| > √(2·m·σ²·δ′) + ⅔·δ′·m, m = 1/(n₀ − f + 1) + 1/(n₁ − f + 1), δ′ = ln(2 ln n / δ),
 * f = `fewest`. Reference: Bifet & Gavaldà (2007), "Learning from time-changing data with adaptive windowing", SDM. Complexity: O(log n) values of
 * memory and amortised time.
 *
 * @example adwinNext(adwinStart, 1).count // 1
 */
export function adwinNext(state: Adwin, value: number, options: AdwinOptions = adwinDefaults): Adwin {
  const mean = state.count === 0 ? 0 : state.total / state.count;
  const added: Adwin = {
    rows: withBucket(state.rows, { total: value, spread: 0 }, options.buckets),
    count: state.count + 1,
    total: state.total + value,
    spread: state.spread + (state.count === 0 ? 0 : (state.count / (state.count + 1)) * (value - mean) ** 2),
    seen: state.seen + 1,
    changed: false,
  };
  if (added.seen % options.clock !== 0 || added.count < 2 * options.fewest) return added;
  let current = added;
  for (let found = true; found; ) {
    found = hasCut(current, options);
    if (found) current = { ...withoutOldest(current), changed: true };
  }
  return current;
}

/** The mean of what the window holds; NaN before the first value. */
export function adwinMean({ total, count }: Adwin): number {
  return total / count;
}

function withBucket(rows: Adwin['rows'], bucket: Bucket, most: number): Adwin['rows'] {
  const result = rows.map((row) => [...row]);
  let carried: Bucket | undefined = bucket;
  for (let level = 0; carried !== undefined; level++) {
    const row = (result[level] ??= []);
    row.push(carried);
    carried = undefined;
    if (row.length <= most) continue;
    const [first, second] = row.splice(0, 2);
    if (first !== undefined && second !== undefined) carried = merged(first, second, 2 ** level);
  }
  return result;
}

function merged(a: Bucket, b: Bucket, size: number): Bucket {
  const gap = (a.total - b.total) / size;
  return { total: a.total + b.total, spread: a.spread + b.spread + (size / 2) * gap * gap };
}

function hasCut(state: Adwin, { delta, fewest }: AdwinOptions): boolean {
  const variance = state.spread / state.count;
  const bound = Math.log((2 * Math.log(state.count)) / delta);
  let [older, olderTotal] = [0, 0];
  for (let level = state.rows.length - 1; level >= 0; level--) {
    for (const { total } of state.rows[level] ?? []) {
      older += 2 ** level;
      olderTotal += total;
      const newer = state.count - older;
      if (newer < fewest) return false;
      if (older < fewest) continue;
      const gap = Math.abs(olderTotal / older - (state.total - olderTotal) / newer);
      const m = 1 / (older - fewest + 1) + 1 / (newer - fewest + 1);
      if (gap > Math.sqrt(2 * m * variance * bound) + (2 / 3) * bound * m) return true;
    }
  }
  return false;
}

function withoutOldest(state: Adwin): Adwin {
  const level = state.rows.findLastIndex((row) => row.length > 0);
  const [oldest, ...rest] = state.rows[level] ?? [];
  if (oldest === undefined) return state;
  const size = 2 ** level;
  const count = state.count - size;
  const total = state.total - oldest.total;
  const gap = count === 0 ? 0 : oldest.total / size - total / count;
  const between = (size * count * gap * gap) / (size + count);
  return {
    ...state,
    rows: state.rows.map((row, at) => (at === level ? rest : row)),
    count,
    total,
    spread: Math.max(0, state.spread - oldest.spread - between),
  };
}
