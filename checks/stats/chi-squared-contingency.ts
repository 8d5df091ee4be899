import { chiSquaredUpper } from './chi-squared-upper.ts';
import { fisherExact } from './fisher-exact.ts';
import { seededRandom } from './seeded-random.ts';

export interface ContingencyTest {
  readonly statistic: number;
  readonly df: number;
  readonly pValue: number;
  readonly method: 'chi-squared' | 'fisher' | 'permutation' | 'constant';
  /** How many cells were pooled into one because few of their kind were expected. */
  readonly pooled: number;
}

/** Expected count below which χ² is not to be trusted. Reference: Cochran (1954). */
const LEAST_EXPECTED = 5;

/**
 * Do two samples of categories come from one distribution? `first[k]` and `second[k]` count category k.
 *
 * Definition: Pearson's χ² of the 2 × K contingency table, no Yates correction; both samples are samples. Categories empty in both are
 * dropped; those of which fewer than 5 are expected in either sample are pooled into one cell, and when that cell is itself
 * too small, it joins the smallest other one. Two cells of which one stays too small are judged by Fisher's exact test; a table that
 * pooling would leave with one cell is judged unpooled, by 999 seeded permutations, (1 + count)/(1 + 999).
 * Reference: Pearson (1900); Cochran (1954), Biometrics 10(4). Complexity: O(K log K).
 *
 * @example chiSquaredContingency([30, 20, 50], [25, 35, 40]).pValue // 0.0597… (χ² 5.6 with 2 degrees of freedom)
 */
export function chiSquaredContingency(first: readonly number[], second: readonly number[], seed = 1): ContingencyTest {
  const { cells, pooled } = pooledCells(first, second);
  const [a, b] = [cells.map((cell) => cell.first), cells.map((cell) => cell.second)];
  if (cells.length < 2 && pooled > 1) return { ...permutedTable(first, second, seed), pooled: 0 };
  if (cells.length < 2) return { statistic: 0, df: 0, pValue: 1, method: 'constant', pooled };
  const statistic = pearson(a, b);
  const df = cells.length - 1;
  if (cells.length === 2 && cells.some((cell) => leastExpected(cell, total(a), total(b)) < LEAST_EXPECTED)) {
    return { statistic, df, pValue: fisherExact(a[0] ?? 0, a[1] ?? 0, b[0] ?? 0, b[1] ?? 0), method: 'fisher', pooled };
  }
  return { statistic, df, pValue: chiSquaredUpper(statistic, df), method: 'chi-squared', pooled };
}

interface CategoryCell {
  readonly first: number;
  readonly second: number;
}

function pooledCells(first: readonly number[], second: readonly number[]): { cells: CategoryCell[]; pooled: number } {
  const all = first
    .map((count, k) => ({ first: count, second: second[k] ?? 0 }))
    .filter((cell) => cell.first + cell.second > 0);
  const [n, m] = [total(first), total(second)];
  const small = all.filter((cell) => leastExpected(cell, n, m) < LEAST_EXPECTED);
  const large = all
    .filter((cell) => leastExpected(cell, n, m) >= LEAST_EXPECTED)
    .toSorted((x, y) => x.first + x.second - y.first - y.second);
  if (small.length === 0) return { cells: large, pooled: 0 };
  let pool = small.reduce(together);
  let rest = large;
  // Two cells are left to Fisher; fewer would leave nothing to compare.
  while (leastExpected(pool, n, m) < LEAST_EXPECTED && rest.length > 1) {
    const [smallest, ...others] = rest;
    if (smallest === undefined) break;
    pool = together(pool, smallest);
    rest = others;
  }
  return { cells: [...rest, pool], pooled: small.length };
}

function together(a: CategoryCell, b: CategoryCell): CategoryCell {
  return { first: a.first + b.first, second: a.second + b.second };
}

function leastExpected(cell: CategoryCell, n: number, m: number): number {
  return ((cell.first + cell.second) * Math.min(n, m)) / (n + m);
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function pearson(a: readonly number[], b: readonly number[]): number {
  const [n, m] = [total(a), total(b)];
  return a.reduce((sum, count, k) => {
    const other = b[k] ?? 0;
    const share = (count + other) / (n + m);
    return sum + (count - share * n) ** 2 / (share * n) + (other - share * m) ** 2 / (share * m);
  }, 0);
}

const PERMUTATIONS = 999;
/** Larger tables of nothing but rare values are identifiers; fewer permutations keep them from costing minutes. */
const MANY_ROWS = 200_000;
const FEW_PERMUTATIONS = 99;

function permutedTable(
  first: readonly number[],
  second: readonly number[],
  seed: number,
): Omit<ContingencyTest, 'pooled'> {
  const counts = first.map((count, k) => count + (second[k] ?? 0));
  const [n, rows] = [total(first), total(counts)];
  const values = Uint32Array.from(counts.flatMap((count, k) => Array.from({ length: count }, () => k)));
  const expected = counts.map((count) => (count * n) / rows);
  // Given the margins, Pearson's statistic is this sum times a constant.
  const distance = (side: ArrayLike<number>) =>
    expected.reduce((sum, mean, k) => sum + (mean === 0 ? 0 : ((side[k] ?? 0) - mean) ** 2 / mean), 0);
  const observed = distance(first) * (1 - SAME);
  const random = seededRandom(seed);
  const permutations = rows > MANY_ROWS ? FEW_PERMUTATIONS : PERMUTATIONS;
  const side = new Float64Array(counts.length);
  let atLeast = 0;
  for (let permutation = 0; permutation < permutations; permutation++) {
    side.fill(0);
    for (let i = 0; i < n; i++) {
      const other = i + random.index(rows - i);
      const kept = values[i] ?? 0;
      values[i] = values[other] ?? 0;
      values[other] = kept;
      const drawn = values[i] ?? 0;
      side[drawn] = (side[drawn] ?? 0) + 1;
    }
    if (distance(side) >= observed) atLeast++;
  }
  const df = counts.filter((count) => count > 0).length - 1;
  const statistic = (distance(first) * rows) / (rows - n);
  return { statistic, df, pValue: (1 + atLeast) / (1 + permutations), method: 'permutation' };
}

/** Tables that are equally far but for rounding count as equally far. */
const SAME = 1e-9;
