import { greatestChange, type GreatestChange } from './greatest-change.ts';

/**
 * The greatest change of any one count, over all rows of both samples: L∞ for samples whose sizes are themselves to be alike.
 *
 * Definition: max |a − b| / (Σa + Σb); 0 to 1, ½ for equal sizes that share no category. NaN for two empty samples. Reference: TensorFlow Data
 * Validation's normalized absolute difference. Complexity: O(k).
 *
 * @example normalisedAbsoluteDifference([10, 90], [30, 70]) // { distance: 0.1, at: 0 }
 */
export function normalisedAbsoluteDifference(first: ArrayLike<number>, second: ArrayLike<number>): GreatestChange {
  let rows = 0;
  for (let k = 0; k < first.length; k++) rows += (first[k] ?? 0) + (second[k] ?? 0);
  if (rows === 0) return { distance: NaN, at: undefined };
  return greatestChange(first, second, (count, other) => Math.abs(count - other) / rows);
}
