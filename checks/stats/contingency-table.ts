import { fisherExact } from './fisher-exact.ts';
import { chiSquaredUpper } from './chi-squared-upper.ts';
import { permutedCounts } from './permuted-counts.ts';

export interface ContingencyTest {
  readonly statistic: number;
  readonly df: number;
  readonly pValue: number;
  readonly method: 'chi-squared' | 'fisher' | 'permutation' | 'constant';
  /** How many cells were pooled into one because few of their kind were expected. */
  readonly pooled: number;
}

/** What tells two samples' counts apart: of the whole table, and for tables of one and the same margins anything that orders them alike. */
export interface TableStatistic {
  of(first: readonly number[], second: readonly number[]): number;
  ordering(expected: readonly number[], sums: readonly number[]): (side: ArrayLike<number>) => number;
  /** By what it is too great in tables of smallish cells (fewer than 10 expected), where it follows χ² only after division. */
  readonly inflation?: (first: readonly number[], second: readonly number[]) => number;
}

/** Expected count from which on no statistic needs its inflation taken off. */
const SMALLISH_EXPECTED = 10;

/** Expected count below which χ² is not to be trusted. Reference: Cochran (1954). */
const LEAST_EXPECTED = 5;

/**
 * Judges a 2 × K table by a statistic that follows χ² with K − 1 degrees of freedom when cells are not small, and what to do
 * when they are: categories empty in both samples are dropped; those of which fewer than 5 are expected in either sample are pooled into
 * one cell, and when that cell is itself too small, it joins the smallest other one. Two cells of which one stays too small are judged
 * by Fisher's exact test; a table that pooling would leave with one cell is judged unpooled, by 999 seeded permutations, (1 + count)/(1 + 999).
 *
 * Reference: Cochran (1954), Biometrics 10(4). Complexity: O(K log K).
 */
export function judgeTable(
  statistic: TableStatistic,
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  seed: number,
): ContingencyTest {
  const { cells, pooled } = pooledCells(first, second);
  const [a, b] = [cells.map((cell) => cell.first), cells.map((cell) => cell.second)];
  if (cells.length < 2 && pooled > 1) return { ...permutedTable(statistic, first, second, seed), pooled: 0 };
  if (cells.length < 2) return { statistic: 0, df: 0, pValue: 1, method: 'constant', pooled };
  const value = statistic.of(a, b);
  const df = cells.length - 1;
  if (cells.length === 2 && cells.some((cell) => leastExpected(cell, total(a), total(b)) < LEAST_EXPECTED)) {
    const pValue = fisherExact(a[0] ?? 0, a[1] ?? 0, b[0] ?? 0, b[1] ?? 0);
    return { statistic: value, df, pValue, method: 'fisher', pooled };
  }
  const isSmallish = cells.some((cell) => leastExpected(cell, total(a), total(b)) < SMALLISH_EXPECTED);
  const inflation = isSmallish ? (statistic.inflation?.(a, b) ?? 1) : 1;
  return { statistic: value, df, pValue: chiSquaredUpper(value / inflation, df), method: 'chi-squared', pooled };
}

export interface CategoryCell {
  readonly first: number;
  readonly second: number;
}

/** The cells of a table of which enough are expected to be judged by χ², and what was pooled to get there. */
export function pooledCells(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
): { readonly cells: CategoryCell[]; readonly pooled: number } {
  const all = Array.from(first, (count, k) => ({ first: count, second: second[k] ?? 0 })).filter(
    (cell) => cell.first + cell.second > 0,
  );
  const n = all.reduce((sum, cell) => sum + cell.first, 0);
  const m = all.reduce((sum, cell) => sum + cell.second, 0);
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

const PERMUTATIONS = 999;
/** Larger tables of nothing but rare values are identifiers; fewer permutations keep them from costing minutes. */
const MANY_ROWS = 200_000;
const FEW_PERMUTATIONS = 99;

function permutedTable(
  statistic: TableStatistic,
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  seed: number,
): Omit<ContingencyTest, 'pooled'> {
  const [firsts, seconds] = [Array.from(first), Array.from(first, (_, k) => second[k] ?? 0)];
  const counts = firsts.map((count, k) => count + (seconds[k] ?? 0));
  const [n, rows] = [total(firsts), total(counts)];
  const distance = statistic.ordering(
    counts.map((count) => (count * n) / rows),
    counts,
  );
  const permutations = rows > MANY_ROWS ? FEW_PERMUTATIONS : PERMUTATIONS;
  const pValue = permutedCounts(firsts, counts, distance, { seed, permutations });
  const df = counts.filter((count) => count > 0).length - 1;
  return { statistic: statistic.of(firsts, seconds), df, pValue, method: 'permutation' };
}
