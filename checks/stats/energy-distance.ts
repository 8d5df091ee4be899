import { MOST_ROWS, MULTIVARIATE_PERMUTATIONS } from './maximum-mean-discrepancy.ts';
import type { MultivariateOptions, MultivariateTest } from './maximum-mean-discrepancy.ts';
import { squaredDistances } from './pairwise-distances.ts';
import { permutedPairs } from './permuted-pairs.ts';
import { sampledRows, type Points } from './points.ts';

/**
 * Energy distance of two samples of rows: do all columns together come from one distribution? Needs no bandwidth; weighs shifts of location
 * more than MMD does. Columns should be on one scale (`standardisedTogether`).
 *
 * Definition: √(2 E|X − Y| − E|X − X′| − E|Y − Y′|) over all pairs, a row with itself included; seeded permutation p, (1 + count)/(1 + B). At most
 * 1,000 rows a side. Reference: Székely & Rizzo (2013), Journal of Statistical Planning and Inference 143(8); in one dimension equals
 * scipy.stats.energy_distance. Complexity: O(N² · columns + B · n²).
 *
 * @example energyDistance(pointsOf([[0, 8]]), pointsOf([[0, 8]]), { seed: 1 }).statistic // 0
 */
export function energyDistance(first: Points, second: Points, options: MultivariateOptions): MultivariateTest {
  const { seed, permutations = MULTIVARIATE_PERMUTATIONS } = options;
  const [x, y] = [sampledRows(first, MOST_ROWS, seed), sampledRows(second, MOST_ROWS, seed + 1)];
  const rows = { first: x.rows, second: y.rows };
  const squares = squaredDistances(x, y);
  const greatest = squares.values.reduce((most, d) => Math.max(most, d), 0);
  if (greatest === 0 || Math.min(x.rows, y.rows) === 0) return { statistic: 0, pValue: 1, permutations: 0, rows };
  const distances = { ...squares, values: squares.values.map(Math.sqrt) };
  const found = permutedPairs(
    distances,
    x.rows,
    (sums) =>
      (2 * sums.between) / (x.rows * y.rows) -
      (2 * sums.first) / (x.rows * x.rows) -
      (2 * sums.second) / (y.rows * y.rows),
    { seed, permutations },
  );
  return { statistic: Math.sqrt(Math.max(0, found.statistic)), pValue: found.pValue, permutations, rows };
}
