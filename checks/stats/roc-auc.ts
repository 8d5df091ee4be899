import { midRanks } from './mid-ranks.ts';

/**
 * Area under the receiver operating characteristic: the probability that a random positive scores above a random
 * negative, ties counting one half. Undefined without both classes. `positive[i]` is 1 or 0.
 *
 * Definition: (R₊ − n₊(n₊ + 1)/2) / (n₊ n₋), R₊ the sum of the positives' mid-ranks. Reference: Hanley & McNeil (1982);
 * equals scikit-learn's roc_auc_score. Complexity: O(n log n).
 *
 * @example rocAuc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]) // 0.75
 */
export function rocAuc(scores: ArrayLike<number>, positive: ArrayLike<number>): number | undefined {
  const ranks = midRanks(scores);
  let positives = 0;
  let sum = 0;
  for (let i = 0; i < ranks.length; i++) {
    if (positive[i] !== 1) continue;
    positives++;
    sum += ranks[i] ?? 0;
  }
  const negatives = ranks.length - positives;
  if (positives === 0 || negatives === 0) return undefined;
  return (sum - (positives * (positives + 1)) / 2) / (positives * negatives);
}
