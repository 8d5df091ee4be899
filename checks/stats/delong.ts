import { ascendingOrder } from './ascending-order.ts';
import { normalCdf } from './normal-cdf.ts';

export interface PairedAuc {
  readonly first: number;
  readonly second: number;
  /** `first` minus `second`. */
  readonly difference: number;
  /** Of the difference. */
  readonly standardError: number;
  /** Two-sided, against no difference; 1 when the two never differ. */
  readonly pValue: number;
}

/**
 * DeLong's test for two scores of the same rows. Undefined with fewer than two rows of either class. With `groups` (dense
 * numbers from 0), rows of one group count as one observation (Obuchowski).
 *
 * Definition: each positive's placement among the negatives, and each negative's among the positives, by mid-ranks; the
 * variance of the difference is var(V₁₀)/n₊ + var(V₀₁)/n₋ of the placements' differences, n − 1 in the denominators.
 * References: DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44(3); Sun & Xu (2014), IEEE Signal Processing Letters 21(11), for the
 * O(n log n) form; Obuchowski (1997), Biometrics 53(2), for groups. Complexity: O(n log n).
 *
 * @example deLong([0.1, 0.4, 0.35, 0.8], [0.2, 0.1, 0.4, 0.3], [0, 0, 1, 1])?.difference // -0.25
 */
export function deLong(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  positive: ArrayLike<number>,
  groups?: ArrayLike<number>,
): PairedAuc | undefined {
  const rows = positive.length;
  let positives = 0;
  for (let i = 0; i < rows; i++) if (positive[i] === 1) positives++;
  const negatives = rows - positives;
  if (positives < 2 || negatives < 2) return undefined;
  const a = placements(first, positive, positives);
  const b = placements(second, positive, positives);
  const difference = a.auc - b.auc;
  // Each row's share in the difference, with mean 0 within its class; a difference of exactly 0 must stay exactly 0.
  const influence = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const centred = (a.values[i] ?? 0) - (b.values[i] ?? 0) - difference;
    influence[i] = centred / (positive[i] === 1 ? positives : negatives);
  }
  const variance =
    groups === undefined
      ? varianceByClass(influence, positive, positives, negatives)
      : varianceByGroup(influence, groups);
  const standardError = Math.sqrt(variance);
  const pValue =
    standardError === 0 ? (difference === 0 ? 1 : 0) : 2 * normalCdf(-Math.abs(difference) / standardError);
  return { first: a.auc, second: b.auc, difference, standardError, pValue };
}

function varianceByClass(
  influence: Float64Array,
  positive: ArrayLike<number>,
  positives: number,
  negatives: number,
): number {
  let [ofPositives, ofNegatives] = [0, 0];
  influence.forEach((value, i) => {
    if (positive[i] === 1) ofPositives += value * value;
    else ofNegatives += value * value;
  });
  return (ofPositives * positives) / (positives - 1) + (ofNegatives * negatives) / (negatives - 1);
}

function varianceByGroup(influence: Float64Array, groups: ArrayLike<number>): number {
  const sums = new Map<number, number>();
  influence.forEach((value, i) => {
    const group = groups[i] ?? 0;
    sums.set(group, (sums.get(group) ?? 0) + value);
  });
  const squares = [...sums.values()].reduce((total, sum) => total + sum * sum, 0);
  return sums.size < 2 ? Infinity : (squares * sums.size) / (sums.size - 1);
}

/** A positive's share of negatives below it, a negative's share of positives above it; ties count one half. One sort tells both. */
function placements(
  scores: ArrayLike<number>,
  positive: ArrayLike<number>,
  positives: number,
): { readonly values: Float64Array; readonly auc: number } {
  const order = ascendingOrder(scores);
  const negatives = order.length - positives;
  const values = new Float64Array(order.length);
  let [positivesBelow, negativesBelow, pairs] = [0, 0, 0];
  for (let start = 0; start < order.length; ) {
    const score = scores[order[start] ?? 0];
    let [end, tied] = [start, 0];
    for (; end < order.length && scores[order[end] ?? 0] === score; end++) if (positive[order[end] ?? 0] === 1) tied++;
    const beneath = negativesBelow + (end - start - tied) / 2;
    const ofPositive = beneath / negatives;
    const ofNegative = 1 - (positivesBelow + tied / 2) / positives;
    for (let i = start; i < end; i++) {
      const row = order[i] ?? 0;
      values[row] = positive[row] === 1 ? ofPositive : ofNegative;
    }
    pairs += tied * beneath;
    positivesBelow += tied;
    negativesBelow += end - start - tied;
    start = end;
  }
  return { values, auc: pairs / (positives * negatives) };
}
