/** What a row of nodes may hold at most, beyond which the exact count is not worth its time and memory. */
const MOST_STATES = 2e7;

/**
 * Exact probability, without ties, that Σ (i·m − j·n)² over the pooled order of n and m observations (the Cramér–von Mises statistic
 * times nm(n + m)²) is at least `scaled`. Undefined where counting would take more than about a second.
 *
 * Definition: each of the C(n + m, n) orders is a lattice path from (0, 0) to (n, m) that collects (i·m − j·n)² at every node; a path that has
 * collected enough is done, the share of the others is kept by what they have collected. Positive throughout, so nothing cancels.
 * Reference: Anderson (1962), Annals of Mathematical Statistics 33(3); Xiao, Gordon, Yakovlev (2007), Journal of Statistical Software 17(8).
 * Complexity: O(n·m·scaled/gcd²).
 *
 * @example cramerVonMisesExactUpper(2, 2, 32) // 1/3: the samples do not overlap
 */
export function cramerVonMisesExactUpper(n: number, m: number, scaled: number): number | undefined {
  const unit = greatestDivisor(n, m) ** 2;
  const enough = Math.round(scaled / unit);
  if (enough <= 0) return 1;
  if (enough * (m + 1) > MOST_STATES) return undefined;
  // Shares of the way back: at node (i, j) the last step was an i-step with probability i/(i + j), given a random path to it.
  const nothing = new Float64Array(0);
  let row: Float64Array[] = [];
  let done = new Float64Array(m + 1);
  for (let i = 0; i <= n; i++) {
    const next: Float64Array[] = [];
    const nextDone = new Float64Array(m + 1);
    for (let j = 0; j <= m; j++) {
      const [up, left] = [i / (i + j || 1), j / (i + j || 1)];
      const [above, before] = [row[j] ?? nothing, next[j - 1] ?? nothing];
      const reached = i + j === 0 ? 1 : Math.max(above.length, before.length);
      const square = (i * m - j * n) ** 2 / unit;
      const shares = new Float64Array(Math.min(enough, reached + square));
      let over = (done[j] ?? 0) * up + (j === 0 ? 0 : (nextDone[j - 1] ?? 0) * left);
      if (i + j === 0) shares[0] = 1;
      else {
        for (let sum = 0; sum < reached; sum++) {
          const share = (above[sum] ?? 0) * up + (before[sum] ?? 0) * left;
          if (share === 0) continue;
          if (sum + square >= enough) over += share;
          else shares[sum + square] = share;
        }
      }
      next.push(shares);
      nextDone[j] = over;
    }
    row = next;
    done = nextDone;
  }
  return done[m] ?? 1;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
