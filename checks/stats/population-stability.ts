import { chiSquaredQuantile } from './chi-squared-quantile.ts';

export interface PopulationStability {
  readonly psi: number;
  /** What PSI stays below with probability 1 − α when nothing drifted, at these sample sizes. */
  readonly critical: number;
  /** Bins that are not empty in both samples. */
  readonly bins: number;
}

/** Jeffreys' half observation a bin: an empty bin is not infinitely surprising. */
const PRIOR = 0.5;

/**
 * Population stability index of two samples in the same bins, with the critical value that their sizes imply.
 *
 * Definition: Σ (qᵢ − pᵢ) ln(qᵢ/pᵢ), p = (count + ½)/(n + k/2); bins empty in both are dropped before k is counted; critical value
 * χ²₍k−1,1−α₎ · (1/n + 1/m). Reference: Yurdakul (2018), Western Michigan University dissertation 3208. Complexity: O(k).
 *
 * @example populationStability([50, 50], [60, 40], 0.05) // { psi: 0.0397…, critical: 0.0768…, bins: 2 }
 */
export function populationStability(
  reference: ArrayLike<number>,
  window: ArrayLike<number>,
  alpha: number,
): PopulationStability {
  const kept = Array.from(reference, (count, i) => [count, window[i] ?? 0] as const).filter(([n, m]) => n + m > 0);
  const bins = kept.length;
  if (bins < 2) return { psi: 0, critical: Infinity, bins };
  const n = kept.reduce((sum, [count]) => sum + count, 0);
  const m = kept.reduce((sum, [, count]) => sum + count, 0);
  const psi = kept.reduce((sum, [first, second]) => {
    const p = (first + PRIOR) / (n + PRIOR * bins);
    const q = (second + PRIOR) / (m + PRIOR * bins);
    return sum + (q - p) * Math.log(q / p);
  }, 0);
  return { psi, critical: chiSquaredQuantile(alpha, bins - 1) * (1 / n + 1 / m), bins };
}
