import { betaLower, betaUpper } from './beta-tails.ts';

/**
 * Probability of at most `successes` in `trials` independent trials that each succeed with probability p; relatively exact in the far
 * lower tail.
 *
 * Definition: 1 − I_p(k + 1, n − k), computed as a tail. Reference: DLMF 8.17.5. Complexity: O(1).
 *
 * @example binomialCdf(59, 180, 0.5) // 2.2…e-6
 */
export function binomialCdf(successes: number, trials: number, p: number): number {
  if (successes < 0) return 0;
  if (successes >= trials) return 1;
  // 1 − p is exact where p ≥ ½, p itself elsewhere.
  return p < 0.5
    ? betaUpper(p, successes + 1, trials - successes)
    : betaLower(1 - p, trials - successes, successes + 1);
}

/**
 * Probability of more than `successes` in `trials` trials; relatively exact in the far upper tail.
 *
 * Definition: I_p(k + 1, n − k). Reference: DLMF 8.17.5. Complexity: O(1).
 *
 * @example binomialUpper(120, 180, 0.5) // 2.2…e-6
 */
export function binomialUpper(successes: number, trials: number, p: number): number {
  if (successes < 0) return 1;
  if (successes >= trials) return 0;
  return p < 0.5
    ? betaLower(p, successes + 1, trials - successes)
    : betaUpper(1 - p, trials - successes, successes + 1);
}

/**
 * The least number of successes that is not exceeded with probability `lower` at least.
 *
 * Definition: min k with P(X ≤ k) ≥ `lower`, by halving. Reference: scipy.stats.binom.ppf. Complexity: O(log n).
 *
 * @example binomialQuantile(0.025, 100, 0.5) // 40
 */
export function binomialQuantile(lower: number, trials: number, p: number): number {
  let [below, least] = [-1, trials];
  while (least - below > 1) {
    const middle = Math.floor((below + least) / 2);
    // What falls short by rounding alone does not fall short.
    if (binomialCdf(middle, trials, p) >= lower * (1 - SAME)) least = middle;
    else below = middle;
  }
  return least;
}

const SAME = 4e-15;
