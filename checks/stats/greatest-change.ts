/** The one category whose share changed most, and by how much. */
export interface GreatestChange {
  readonly distance: number;
  /** Which one; the first of several, undefined when nothing changed. */
  readonly at: number | undefined;
}

/**
 * The category for which a measure of change is greatest.
 *
 * Complexity: O(k).
 *
 * @example greatestChange([1, 2], [1, 5], (count, other) => Math.abs(count - other)) // { distance: 3, at: 1 }
 */
export function greatestChange(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  change: (count: number, other: number) => number,
): GreatestChange {
  let distance = 0;
  let at: number | undefined;
  for (let k = 0; k < first.length; k++) {
    const here = change(first[k] ?? 0, second[k] ?? 0);
    if (here <= distance) continue;
    distance = here;
    at = k;
  }
  return { distance, at };
}
