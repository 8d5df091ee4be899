import type { Interval } from './interval.ts';
import { quantileSorted } from './quantile.ts';
import { seededRandom } from './seeded-random.ts';

export interface BootstrapOptions {
  readonly resamples: number;
  readonly seed: number;
  /** Probability left outside of the interval, half on each side. */
  readonly alpha: number;
}

/** More undefined resamples than this share, and the interval is undefined too: the statistic hangs on single rows. */
const UNDEFINED_SHARE = 0.01;

/**
 * Percentile bootstrap of any statistic of `size` exchangeable units (rows, or groups of rows). Paired when the statistic is a
 * difference of two models on the same units: one draw decides for both.
 *
 * Definition: `size` units are drawn with replacement; `statistic` gets how often each was drawn; the interval lies between
 * the α/2 and 1 − α/2 quantiles (type 7). Reference: Efron & Tibshirani (1993), chapter 13. Complexity: O(resamples · size).
 *
 * @example
 * const values = [1, 2, 3, 4];
 * const sum = (times: Uint32Array) => values.reduce((total, value, i) => total + value * (times[i] ?? 0), 0) / 4;
 * pairedBootstrap(4, sum, { resamples: 2000, seed: 1, alpha: 0.05 }) // about { lower: 1.5, upper: 3.5 }
 */
export function pairedBootstrap(
  size: number,
  statistic: (times: Uint32Array) => number | undefined,
  options: BootstrapOptions,
): Interval | undefined {
  const values = resamplesOf(size, statistic, options);
  return values === undefined ? undefined : percentiles(values, options.alpha);
}

/**
 * The statistic of each resample, where `pairedBootstrap` finds its quantiles; undefined when it is undefined in more than 1 % of them.
 *
 * @example resamplesOf(4, (times) => times[0], { resamples: 3, seed: 1 })?.length // 3
 */
export function resamplesOf(
  size: number,
  statistic: (times: Uint32Array) => number | undefined,
  { resamples, seed }: Pick<BootstrapOptions, 'resamples' | 'seed'>,
): Float64Array | undefined {
  const random = seededRandom(seed);
  const times = new Uint32Array(size);
  const values: number[] = [];
  for (let resample = 0; resample < resamples; resample++) {
    times.fill(0);
    for (let i = 0; i < size; i++) {
      const drawn = random.index(size);
      times[drawn] = (times[drawn] ?? 0) + 1;
    }
    const value = statistic(times);
    if (value !== undefined) values.push(value);
  }
  return values.length < resamples * (1 - UNDEFINED_SHARE) ? undefined : Float64Array.from(values);
}

/**
 * The same for the mean of `values`, a few times faster. With `groups` (dense numbers from 0), whole groups are drawn and
 * the mean is over their rows.
 *
 * @example bootstrapMean([1, 2, 3, 4], undefined, { resamples: 2000, seed: 1, alpha: 0.05 }) // about { lower: 1.5, upper: 3.5 }
 */
export function bootstrapMean(
  values: ArrayLike<number>,
  groups: ArrayLike<number> | undefined,
  options: BootstrapOptions,
): Interval {
  const { sums, counts } = groupSums(values, groups);
  const size = sums.length;
  const random = seededRandom(options.seed);
  const means = new Float64Array(options.resamples);
  for (let resample = 0; resample < options.resamples; resample++) {
    let [sum, count] = [0, 0];
    for (let i = 0; i < size; i++) {
      const drawn = random.index(size);
      sum += sums[drawn] ?? 0;
      count += counts[drawn] ?? 0;
    }
    means[resample] = sum / count;
  }
  return percentiles(means, options.alpha);
}

function percentiles(values: Float64Array, alpha: number): Interval {
  values.sort();
  return { lower: quantileSorted(values, alpha / 2), upper: quantileSorted(values, 1 - alpha / 2) };
}

/** Sum and number of rows of each group; each row its own group without `groups`. */
export function groupSums(
  values: ArrayLike<number>,
  groups: ArrayLike<number> | undefined,
): { readonly sums: Float64Array; readonly counts: Float64Array } {
  if (groups === undefined) return { sums: Float64Array.from(values), counts: new Float64Array(values.length).fill(1) };
  let size = 0;
  for (let i = 0; i < groups.length; i++) size = Math.max(size, (groups[i] ?? 0) + 1);
  const sums = new Float64Array(size);
  const counts = new Float64Array(size);
  for (let i = 0; i < values.length; i++) {
    const group = groups[i] ?? 0;
    sums[group] = (sums[group] ?? 0) + (values[i] ?? 0);
    counts[group] = (counts[group] ?? 0) + 1;
  }
  return { sums, counts };
}
