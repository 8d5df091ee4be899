import type { Interval } from './interval.ts';
import { normalCdf } from './normal-cdf.ts';
import { normalQuantile } from './normal-quantile.ts';
import { quantileSorted } from './quantile.ts';

/**
 * Bias-corrected and accelerated bootstrap interval: percentiles moved by how far the resamples lie off the estimate, and by how the statistic's
 * spread changes with its value. Better than plain percentiles for skewed statistics of few rows.
 *
 * `resamples`: the statistic of each resample. `jackknife`: the statistic without each unit in turn. Undefined where the resamples all lie on one side of
 * the estimate. Definition: quantiles at Φ(z₀ + (z₀ ± z)/(1 − a(z₀ ± z))), z₀ = Φ⁻¹(share of resamples below the estimate, ties half),
 * a = Σd³ / (6 (Σd²)^1.5), d the jackknife's mean less its values. Reference: Efron (1987); Efron & Tibshirani (1993), chapter 14; as scipy.stats.bootstrap
 * method='BCa'. Complexity: O(B log B + n).
 *
 * @example bcaInterval(2, Float64Array.of(1, 2, 3, 2, 2, 1, 3), Float64Array.of(1.5, 2, 2.5), 0.05) // { lower: 1, upper: 3 }
 */
export function bcaInterval(
  estimate: number,
  resamples: Float64Array,
  jackknife: Float64Array,
  alpha: number,
): Interval | undefined {
  const sorted = resamples.toSorted();
  const below = sorted.reduce((sum, value) => sum + (value < estimate ? 1 : value === estimate ? 0.5 : 0), 0);
  const bias = normalQuantile(below / sorted.length);
  if (!Number.isFinite(bias)) return undefined;
  const centre = jackknife.reduce((sum, value) => sum + value, 0) / jackknife.length;
  let [squares, cubes] = [0, 0];
  for (const value of jackknife) {
    squares += (centre - value) ** 2;
    cubes += (centre - value) ** 3;
  }
  const acceleration = squares === 0 ? 0 : cubes / (6 * squares ** 1.5);
  const levelAt = (z: number) => normalCdf(bias + (bias + z) / (1 - acceleration * (bias + z)));
  const z = -normalQuantile(alpha / 2);
  return { lower: quantileSorted(sorted, levelAt(-z)), upper: quantileSorted(sorted, levelAt(z)) };
}
