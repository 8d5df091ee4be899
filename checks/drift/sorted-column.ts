import { sortedValues } from '../stats/sorted-values.ts';
import type { ComparableColumn } from './comparable-column.ts';

/** A column with its numbers in order: sorted once, for every statistic. */
export type SortedColumn =
  | { readonly kind: 'number'; readonly reference: SortedSide; readonly window: SortedSide }
  | Extract<ComparableColumn, { kind: 'category' }>;

export interface SortedSide {
  readonly rows: number;
  /** Ascending, without the missing ones; infinities are values. */
  readonly values: Float64Array;
  readonly missing: number;
}

export function sortedColumn(column: ComparableColumn): SortedColumn {
  if (column.kind === 'category') return column;
  return { kind: 'number', reference: sortedSide(column.reference), window: sortedSide(column.window) };
}

function sortedSide(values: Float64Array): SortedSide {
  let missing = 0;
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) missing++;
  const known = missing === 0 ? values : values.filter((value) => !Number.isNaN(value));
  return { rows: values.length, values: sortedValues(known), missing };
}

/** With missing values beyond every other, so that a rank test sees a change of their share. */
export function rankedValues({ values, missing }: SortedSide): Float64Array {
  if (missing === 0) return values;
  const ranked = new Float64Array(values.length + missing).fill(Infinity);
  ranked.set(values);
  return ranked;
}

/** The finite ones, still in order. */
export function finiteValues({ values }: SortedSide): Float64Array {
  return values.subarray(countBelow(values, -Number.MAX_VALUE), countBelow(values, Infinity));
}

/** How many of ascending values are less than this one. */
export function countBelow(values: Float64Array, limit: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] ?? 0) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The different values of ascending ones with how often each comes; undefined beyond `most` of them. */
export function valueCounts(values: Float64Array, most: number): ReadonlyMap<number, number> | undefined {
  const counts = new Map<number, number>();
  for (let at = 0; at < values.length; ) {
    const value = values[at] ?? 0;
    if (counts.size === most) return undefined;
    const end = countAtMost(values, value);
    // A map takes −0 and 0 for one key, and sorting puts them beside each other.
    counts.set(value, (counts.get(value) ?? 0) + end - at);
    at = end;
  }
  return counts;
}

/** How many of ascending values are at most this one. */
export function countAtMost(values: Float64Array, limit: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] ?? 0) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Standard deviation of ascending values, n − 1 in the denominator; 0 for fewer than two. */
export function deviationOf(values: Float64Array): number {
  if (values.length < 2) return 0;
  // Distances from the middle value: squares of numbers far from 0 would lose the digits that their differences have.
  const middle = values[values.length >> 1] ?? 0;
  let [sum, squares] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const distance = (values[i] ?? 0) - middle;
    sum += distance;
    squares += distance * distance;
  }
  return Math.sqrt(Math.max(0, squares - sum ** 2 / values.length) / (values.length - 1));
}
