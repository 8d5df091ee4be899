import { fisherExact } from './fisher-exact.ts';
import { normalCdf } from './normal-cdf.ts';

export interface TwoProportions {
  /** Second share less the first. */
  readonly difference: number;
  /** The difference over its standard error when nothing differs; positive when the second share is the greater. */
  readonly z: number;
  readonly pValue: number;
  readonly method: 'z' | 'fisher' | 'constant';
}

export interface Successes {
  readonly successes: number;
  readonly trials: number;
}

/** Expected count below which the normal approximation is not to be trusted. Reference: Cochran (1954). */
const LEAST_EXPECTED = 5;

/**
 * Are two shares equal? Two-sided, and by the test that their counts allow: Fisher's exact one when any cell expects fewer than 5, else the
 * pooled z, whose square is χ² of the 2 × 2 table without Yates' correction.
 *
 * Definition: z = (p̂₂ − p̂₁)/√(p̂(1 − p̂)(1/n₁ + 1/n₂)). Reference: Fleiss (1981); statsmodels' proportions_ztest. Complexity: O(1), or the least
 * margin for Fisher.
 *
 * @example twoProportions({ successes: 30, trials: 100 }, { successes: 45, trials: 100 }).pValue // 0.0285…
 */
export function twoProportions(first: Successes, second: Successes): TwoProportions {
  const [n, m] = [first.trials, second.trials];
  const difference = second.successes / m - first.successes / n;
  const pooled = (first.successes + second.successes) / (n + m);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m));
  if (!(error > 0)) return { difference, z: 0, pValue: 1, method: 'constant' };
  const z = difference / error;
  if (Math.min(pooled, 1 - pooled) * Math.min(n, m) < LEAST_EXPECTED) {
    const pValue = fisherExact(first.successes, n - first.successes, second.successes, m - second.successes);
    return { difference, z, pValue, method: 'fisher' };
  }
  return { difference, z, pValue: 2 * normalCdf(-Math.abs(z)), method: 'z' };
}
