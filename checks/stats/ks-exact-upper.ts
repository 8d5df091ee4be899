/**
 * Exact probability, without ties, that the two-sample Kolmogorov–Smirnov statistic of n and m observations is at least
 * `gap` / (n·m).
 *
 * Definition: the share of the lattice paths from (0, 0) to (n, m) that touch |i·m − j·n| ≥ gap. Each node's share is a mean of its
 * two predecessors', weighted by how many paths come from either: positive throughout, so nothing cancels.
 * Reference: Hodges (1958), Arkiv för Matematik 3(43). Complexity: O(n·m).
 *
 * @example ksExactUpper(2, 4, 6) // 0.4
 */
export function ksExactUpper(n: number, m: number, gap: number): number {
  let row = new Float64Array(m + 1);
  for (let i = 0; i <= n; i++) {
    const next = new Float64Array(m + 1);
    for (let j = 0; j <= m; j++) {
      if (Math.abs(i * m - j * n) >= gap) next[j] = 1;
      else if (i + j > 0) next[j] = ((row[j] ?? 0) * i + (j === 0 ? 0 : (next[j - 1] ?? 0) * j)) / (i + j);
    }
    row = next;
  }
  return row[m] ?? 1;
}
