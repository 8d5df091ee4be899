import gammaln from '@stdlib/math-base-special-gammaln';

/** Tables whose probability is equal to the observed one's but for rounding count as equally extreme, as in scipy and R. */
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
  const logChoose = (n: number, k: number) => gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1);
  const whole = logChoose(row + other, column);
  const probability = (k: number) => Math.exp(logChoose(row, k) + logChoose(other, column - k) - whole);
  const observed = probability(a);
  let sum = 0;
  for (let k = Math.max(0, column - other); k <= Math.min(row, column); k++) {
    const p = probability(k);
    if (p <= observed * SAME) sum += p;
  }
  return Math.min(1, sum);
}
