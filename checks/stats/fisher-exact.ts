import { hypergeometricPoint } from './hypergeometric.ts';

/** Tables whose probability is equal to the observed one's but for rounding count as equally extreme, as in R. */
const SAME = 1 + 1e-7;

/**
 * Fisher's exact test of a 2 × 2 table [[a, b], [c, d]], two-sided.
 *
 * Definition: the sum of the hypergeometric probabilities, given the margins, that are at most the observed table's.
 * Reference: Fisher (1922); equals scipy.stats.fisher_exact. Complexity: O(least margin).
 *
 * @example fisherExact(8, 2, 1, 5) // 0.03496503496503495
 */
export function fisherExact(a: number, b: number, c: number, d: number): number {
  const [row, other, column] = [a + b, c + d, a + c];
  const urn = { total: row + other, marked: row, drawn: column };
  const [least, most] = [Math.max(0, column - other), Math.min(row, column)];
  const limit = hypergeometricPoint(a, urn) * SAME;
  // Probabilities rise to one mode and fall again: each tail is summed from its far end, small terms first, while it stays within the limit.
  let sum = 0;
  let k = least;
  for (let p = hypergeometricPoint(k, urn); p <= limit && k <= most; p = hypergeometricPoint(++k, urn)) sum += p;
  for (
    let high = most, p = hypergeometricPoint(high, urn);
    p <= limit && high > k;
    p = hypergeometricPoint(--high, urn)
  )
    sum += p;
  return Math.min(1, sum);
}
