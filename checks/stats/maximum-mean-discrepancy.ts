import { squaredDistances, type PairMatrix } from './pairwise-distances.ts';
import { permutedPairs } from './permuted-pairs.ts';
import { sampledRows, type Points } from './points.ts';
import { quantileSorted } from './quantile.ts';
import { sortedValues } from './sorted-values.ts';

export interface MultivariateTest {
  readonly statistic: number;
  readonly pValue: number;
  readonly permutations: number;
  /** Rows a side that were used. */
  readonly rows: { readonly first: number; readonly second: number };
}

export interface MultivariateOptions {
  readonly seed: number;
  /** 999 unless said otherwise. */
  readonly permutations?: number;
}

/** All pairs of so many a side are 32 MB; more rows are sampled down, by the seed. */
export const MOST_ROWS = 1000;
export const MULTIVARIATE_PERMUTATIONS = 999;

/**
 * Maximum mean discrepancy of two samples of rows: do all columns together come from one distribution? Columns should be on one scale
 * (`standardisedTogether`).
 *
 * Definition: the unbiased MMD², Σk(x, x′)/(n(n − 1)) + Σk(y, y′)/(m(m − 1)) − 2 Σk(x, y)/(nm), of k = exp(−d²/(2σ²)), σ² half the median squared
 * distance of the pooled rows; seeded permutation p, (1 + count)/(1 + B). At most 1,000 rows a side. Reference: Gretton et al.
 * (2012), "A kernel two-sample test", JMLR 13. Complexity: O(N² · columns + B · n²).
 *
 * @example maximumMeanDiscrepancy(pointsOf([[0, 1, 2]]), pointsOf([[7, 8, 9]]), { seed: 1 }).pValue // about 0.1, the least that 3 against 3 rows can give
 */
export function maximumMeanDiscrepancy(
  first: Points,
  second: Points,
  options: MultivariateOptions,
): MultivariateTest & { readonly bandwidth: number } {
  const { seed, permutations = MULTIVARIATE_PERMUTATIONS } = options;
  const [x, y] = [sampledRows(first, MOST_ROWS, seed), sampledRows(second, MOST_ROWS, seed + 1)];
  const rows = { first: x.rows, second: y.rows };
  const distances = squaredDistances(x, y);
  const bandwidth = Math.sqrt(medianOfPairs(distances) / 2);
  if (bandwidth === 0 || Math.min(x.rows, y.rows) < 2)
    return { statistic: 0, pValue: 1, permutations: 0, rows, bandwidth };
  const kernel = { ...distances, values: distances.values.map((d) => Math.exp(-d / (2 * bandwidth * bandwidth))) };
  const { statistic, pValue } = permutedPairs(
    kernel,
    x.rows,
    (sums) =>
      (2 * sums.first) / (x.rows * (x.rows - 1)) +
      (2 * sums.second) / (y.rows * (y.rows - 1)) -
      (2 * sums.between) / (x.rows * y.rows),
    { seed, permutations },
  );
  return { statistic, pValue, permutations, rows, bandwidth };
}

/** The median over pairs of different rows; where most pairs are equal, over the pairs that differ; 0 where none does. */
function medianOfPairs({ size, values }: PairMatrix): number {
  const pairs = new Float64Array((size * (size - 1)) / 2);
  let at = 0;
  for (let i = 1; i < size; i++) for (let j = 0; j < i; j++) pairs[at++] = values[i * size + j] ?? 0;
  const sorted = sortedValues(pairs);
  const median = quantileSorted(sorted, 0.5);
  if (median > 0) return median;
  const differing = sorted.subarray(sorted.findIndex((distance) => distance > 0));
  return (sorted.at(-1) ?? 0) > 0 ? quantileSorted(differing, 0.5) : 0;
}
