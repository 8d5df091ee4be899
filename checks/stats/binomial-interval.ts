import betainc from '@stdlib/math-base-special-betainc';
import { bisect } from './bisect.ts';
import type { Interval } from './interval.ts';

/**
 * Exact interval for a probability of which `successes` of `trials` were seen: it holds with at least 1 − α, whatever the probability is.
 *
 * Definition: the p for which P(Bin(n, p) ≥ k) = α/2, and that for which P(Bin(n, p) ≤ k) = α/2; 0 and 1 at the edges. Reference: Clopper & Pearson
 * (1934), Biometrika 26; scipy.stats.binomtest(k, n).proportion_ci(method='exact'). Complexity: at most 200 evaluations of the beta law.
 *
 * @example binomialInterval(0, 100, 0.05) // { lower: 0, upper: 0.0362166934… }
 */
export function binomialInterval(successes: number, trials: number, alpha: number): Interval {
  if (trials <= 0) return { lower: 0, upper: 1 };
  // P(Bin(n, p) ≥ k) = I_p(k, n − k + 1) rises with p; P(Bin(n, p) ≤ k) = I_{1−p}(n − k, k + 1).
  const lower = successes <= 0 ? 0 : bisect(0, 1, (p) => betainc(p, successes, trials - successes + 1) <= alpha / 2);
  const upper =
    successes >= trials ? 1 : 1 - bisect(0, 1, (q) => betainc(q, trials - successes, successes + 1) <= alpha / 2);
  return { lower, upper };
}
