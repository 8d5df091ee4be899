import { deviance } from './deviance.ts';
import { stirlingError } from './stirling-error.ts';

/**
 * Probability of exactly `successes` in `trials` trials that each succeed with probability p (and fail with q = 1 − p, which may be given
 * where it has digits that 1 − p has lost), for millions of trials as for ten.
 *
 * Definition: Loader's saddle-point form, √(n/(2πk(n − k))) e^(δ(n) − δ(k) − δ(n − k) − D(k, np) − D(n − k, nq)) with Stirling's errors δ and deviances
 * D(x, μ) = x ln(x/μ) + μ − x; nothing large is subtracted. Reference: Loader (2000); R's dbinom. Complexity: O(1).
 *
 * @example binomialPoint(3, 10, 0.5) // 0.1171875
 */
export function binomialPoint(successes: number, trials: number, p: number, q = 1 - p): number {
  const rest = trials - successes;
  if (successes < 0 || rest < 0) return 0;
  if (p === 0) return successes === 0 ? 1 : 0;
  if (q === 0) return rest === 0 ? 1 : 0;
  if (successes === 0) return Math.exp(trials * (p < 0.5 ? Math.log1p(-p) : Math.log(q)));
  if (rest === 0) return Math.exp(trials * (q < 0.5 ? Math.log1p(-q) : Math.log(p)));
  const corrections = stirlingError(trials) - stirlingError(successes) - stirlingError(rest);
  const deviances = deviance(successes, trials * p) + deviance(rest, trials * q);
  return Math.exp(corrections - deviances) * Math.sqrt(trials / (2 * Math.PI * successes * rest));
}
