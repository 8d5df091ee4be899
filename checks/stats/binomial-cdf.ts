import betainc from '@stdlib/math-base-special-betainc';

/**
 * Probability of at most `successes` in `trials` independent trials that each succeed with probability p.
 *
 * Definition: I_{1−p}(n − k, k + 1). Reference: DLMF 8.17.5. Complexity: O(1).
 *
 * @example binomialCdf(59, 180, 0.5) // 2.2…e-6
 */
export function binomialCdf(successes: number, trials: number, p: number): number {
  if (successes < 0) return 0;
  if (successes >= trials) return 1;
  return betainc(1 - p, trials - successes, successes + 1);
}
