import { judgeTable, type ContingencyTest, type TableStatistic } from './contingency-table.ts';

/**
 * The likelihood-ratio test of two samples of categories: Pearson's question, answered by information. `first[k]` and `second[k]` count
 * category k.
 *
 * Definition: G = 2 Σ observed · ln(observed/expected) of the 2 × K contingency table, χ² with K − 1 degrees of freedom; small cells are
 * pooled or judged exactly, as `judgeTable` says, and where fewer than 10 are expected in a cell the p-value is that of G over Williams' factor (1976,
 * Biometrika 63(1)): without it, 7 % of the tables that do not differ are significant at 5 %. Reference: Wilks (1938); scipy.stats.chi2_contingency(correction=False,
 * lambda_='log-likelihood'). Complexity: O(K log K).
 *
 * @example gTest([30, 20, 50], [25, 35, 40]).statistic // 5.6…
 */
export function gTest(first: ArrayLike<number>, second: ArrayLike<number>, seed = 1): ContingencyTest {
  return judgeTable(likelihoodRatio, first, second, seed);
}

const likelihoodRatio: TableStatistic = {
  of: gStatistic,
  // Given the margins, only Σ observed · ln observed varies.
  ordering: (_, sums) => (side) =>
    sums.reduce((total, sum, k) => total + timesLog(side[k] ?? 0) + timesLog(sum - (side[k] ?? 0)), 0),
  inflation: williamsFactor,
};

/** 1 + (N Σ 1/row − 1)(N Σ 1/column − 1)/(6N · df). */
function williamsFactor(first: readonly number[], second: readonly number[]): number {
  const n = first.reduce((sum, count) => sum + count, 0);
  const m = second.reduce((sum, count) => sum + count, 0);
  const all = n + m;
  const rows = all * (1 / n + 1 / m) - 1;
  const columns = all * first.reduce((sum, count, k) => sum + 1 / (count + (second[k] ?? 0)), 0) - 1;
  return 1 + (rows * columns) / (6 * all * (first.length - 1));
}

function gStatistic(first: readonly number[], second: readonly number[]): number {
  const n = first.reduce((sum, count) => sum + count, 0);
  const m = second.reduce((sum, count) => sum + count, 0);
  const half = first.reduce((sum, count, k) => {
    const other = second[k] ?? 0;
    const share = (count + other) / (n + m);
    return sum + surprise(count, share * n) + surprise(other, share * m);
  }, 0);
  return Math.max(0, 2 * half);
}

function surprise(observed: number, expected: number): number {
  return observed === 0 ? 0 : observed * Math.log(observed / expected);
}

function timesLog(x: number): number {
  return x === 0 ? 0 : x * Math.log(x);
}
