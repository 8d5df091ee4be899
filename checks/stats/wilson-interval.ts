import type { Interval } from './interval.ts';
import { normalQuantile } from './normal-quantile.ts';

/**
 * Score interval of a share: never leaves [0, 1], and holds near its level from a handful of trials.
 *
 * Definition: the p at which the score test of `events` in `trials` is not rejected at α. Reference: Wilson (1927); as statsmodels'
 * proportion_confint(method='wilson'). Complexity: O(1).
 *
 * @example wilsonInterval(8, 10, 0.05) // { lower: 0.49016247…, upper: 0.94331784… }
 */
export function wilsonInterval(events: number, trials: number, alpha: number): Interval {
  if (trials === 0) return { lower: 0, upper: 1 };
  const z = -normalQuantile(alpha / 2);
  const share = events / trials;
  const centre = share + (z * z) / (2 * trials);
  const half = z * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials));
  const scale = 1 + (z * z) / trials;
  return {
    lower: events === 0 ? 0 : (centre - half) / scale,
    upper: events === trials ? 1 : (centre + half) / scale,
  };
}
