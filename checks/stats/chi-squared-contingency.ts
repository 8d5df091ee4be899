import { judgeTable, type ContingencyTest, type TableStatistic } from './contingency-table.ts';

/**
 * Do two samples of categories come from one distribution? `first[k]` and `second[k]` count category k.
 *
 * Definition: Pearson's χ² of the 2 × K contingency table, no Yates correction; both samples are samples. Small cells are pooled or
 * judged exactly, as `judgeTable` says. Reference: Pearson (1900); scipy.stats.chi2_contingency(correction=False). Complexity: O(K log K).
 *
 * @example chiSquaredContingency([30, 20, 50], [25, 35, 40]).pValue // 0.0597… (χ² 5.6 with 2 degrees of freedom)
 */
export function chiSquaredContingency(first: ArrayLike<number>, second: ArrayLike<number>, seed = 1): ContingencyTest {
  return judgeTable(pearson, first, second, seed);
}

const pearson: TableStatistic = {
  of: pearsonStatistic,
  // Given the margins, Pearson's statistic is this sum times a constant.
  ordering: (expected) => (side) =>
    expected.reduce((sum, mean, k) => sum + (mean === 0 ? 0 : ((side[k] ?? 0) - mean) ** 2 / mean), 0),
};

/**
 * Pearson's χ² of two samples' counts, and nothing else; categories empty in both are left out.
 *
 * Definition: Σ (observed − expected)²/expected over both samples. Complexity: O(K).
 *
 * @example pearsonStatistic([30, 20, 50], [25, 35, 40]) // 5.6…
 */
export function pearsonStatistic(first: ArrayLike<number>, second: ArrayLike<number>): number {
  let [n, m] = [0, 0];
  for (let k = 0; k < first.length; k++) {
    n += first[k] ?? 0;
    m += second[k] ?? 0;
  }
  let sum = 0;
  for (let k = 0; k < first.length; k++) {
    const [count, other] = [first[k] ?? 0, second[k] ?? 0];
    const share = (count + other) / (n + m);
    if (share === 0) continue;
    sum += (count - share * n) ** 2 / (share * n) + (other - share * m) ** 2 / (share * m);
  }
  return sum;
}
