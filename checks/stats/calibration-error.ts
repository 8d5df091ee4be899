import type { Interval } from './interval.ts';
import { resamplesOf } from './paired-bootstrap.ts';
import { quantileSorted } from './quantile.ts';
import { binnedRows, RELIABILITY_BINS } from './reliability-bins.ts';
import { seededRandom } from './seeded-random.ts';

export interface CalibrationError {
  /** Expected calibration error: mean distance of what was said from what came true, bins of equal count weighed by their rows. */
  readonly error: number;
  readonly interval: Interval;
  /** What a perfectly calibrated model with these probabilities would show on the average: the error is never 0. */
  readonly floor: number;
  /** Of "these probabilities are calibrated", by drawing outcomes from them. */
  readonly pValue: number;
}

export interface CalibrationOptions {
  readonly seed: number;
  readonly alpha: number;
  readonly bins?: number;
  readonly resamples?: number;
}

const RESAMPLES = 999;

/**
 * How far probabilities are from frequencies, with an interval, and with what chance alone would show: the plain error is biased upwards, and two
 * models of different size cannot be told apart by it.
 *
 * Definition: ECE = Σ_b (n_b/n)·|mean(p) − mean(y)|. The interval is the percentile bootstrap over rows in their bins, corrected for the bias that the
 * bootstrap itself shows (2·ECE − quantiles, not below 0). The p-value is (1 + #{ECE* ≥ ECE}) / (1 + B), ECE* with outcomes drawn from the
 * probabilities (consistency resampling). Reference: Naeini, Cooper & Hauskrecht (2015); Bröcker & Smith (2007); Efron & Tibshirani (1993), chapter 10.
 * Complexity: O(n log n + B·n).
 *
 * @example calibrationError([0.2, 0.2, 0.2, 0.2, 0.2], [0, 0, 1, 0, 0], { seed: 1, alpha: 0.05 }).error // 0
 */
export function calibrationError(
  probabilities: ArrayLike<number>,
  outcomes: ArrayLike<number>,
  options: CalibrationOptions,
): CalibrationError {
  const resamples = options.resamples ?? RESAMPLES;
  const size = probabilities.length;
  const bins = binnedRows(probabilities, options.bins ?? RELIABILITY_BINS);
  const gapsOf = (outcome: (row: number) => number, times?: ArrayLike<number>): number => {
    let sum = 0;
    for (const rows of bins) {
      let gap = 0;
      for (const row of rows) gap += (times?.[row] ?? 1) * ((probabilities[row] ?? 0) - outcome(row));
      sum += Math.abs(gap);
    }
    return sum / size;
  };
  const observed = (row: number) => outcomes[row] ?? 0;
  const error = gapsOf(observed);
  const drawn = (
    resamplesOf(size, (times) => gapsOf(observed, times), { resamples, seed: options.seed }) ?? new Float64Array(0)
  ).sort();
  const random = seededRandom(options.seed + 1);
  const simulated = new Uint8Array(size);
  let [asLarge, total] = [0, 0];
  for (let resample = 0; resample < resamples; resample++) {
    for (let row = 0; row < size; row++) simulated[row] = random.uniform() < (probabilities[row] ?? 0) ? 1 : 0;
    const chance = gapsOf((row) => simulated[row] ?? 0);
    total += chance;
    if (chance >= error) asLarge++;
  }
  const { alpha } = options;
  return {
    error,
    interval: {
      lower: Math.max(0, 2 * error - quantileSorted(drawn, 1 - alpha / 2)),
      upper: Math.max(0, 2 * error - quantileSorted(drawn, alpha / 2)),
    },
    floor: total / resamples,
    pValue: (1 + asLarge) / (1 + resamples),
  };
}
