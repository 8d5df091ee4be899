/** Sums that one node of the lattice may keep apart, beyond which the exact count is not worth its time and memory. */
const MOST_SUMS = 2e6;

/** Shares of the paths to a node that are still open, by what they have collected: `shares[k]` have collected `low + k`. */
interface Open {
  readonly low: number;
  readonly shares: Float64Array;
}

/**
 * Exact probability, without ties, that Σ (i·m − j·n)² over the pooled order of n and m observations (the Cramér–von Mises statistic
 * times nm(n + m)²) is at least `scaled`. Undefined where counting would take more than some seconds.
 *
 * Definition: each of the C(n + m, n) orders is a lattice path from (0, 0) to (n, m) that collects (i·m − j·n)² at every node. A path that has
 * collected enough counts, one that can no longer do so is left out, the share of the others is kept by what they have collected.
 * Positive throughout, so nothing cancels. Reference: Anderson (1962), Annals of Mathematical Statistics 33(3); Xiao, Gordon, Yakovlev
 * (2007), Journal of Statistical Software 17(8). Complexity: O(n·m·scaled/gcd²).
 *
 * @example cramerVonMisesExactUpper(2, 2, 32) // 1/3: the samples do not overlap
 */
export function cramerVonMisesExactUpper(n: number, m: number, scaled: number): number | undefined {
  const divisor = greatestDivisor(n, m);
  const gap = (i: number, j: number) => (i * m - j * n) / divisor;
  const enough = Math.round(scaled / divisor ** 2);
  if (enough <= 0) return 1;
  if (enough > MOST_SUMS) return undefined;
  let row: Open[] = [];
  let done = new Float64Array(m + 1);
  for (let i = 0; i <= n; i++) {
    const next: Open[] = [];
    const nextDone = new Float64Array(m + 1);
    for (let j = 0; j <= m; j++) {
      // Of all paths to here, this share came by the last step from (i − 1, j), the rest from (i, j − 1).
      const fromAbove = i + j === 0 ? 0 : i / (i + j);
      const parents = [
        { open: i === 0 ? undefined : row[j], weight: fromAbove },
        { open: j === 0 ? undefined : next[j - 1], weight: 1 - fromAbove },
      ];
      const least = Math.max(0, enough - mostToCome(i, j, n, m, gap));
      const merged = i + j === 0 ? { open: START, over: 0 } : step(parents, gap(i, j) ** 2, enough, least);
      nextDone[j] = merged.over + fromAbove * (done[j] ?? 0) + (1 - fromAbove) * (j === 0 ? 0 : (nextDone[j - 1] ?? 0));
      next.push(merged.open);
    }
    row = next;
    done = nextDone;
  }
  return done[m] ?? 1;
}

const START: Open = { low: 0, shares: Float64Array.of(1) };

/** All paths take one step more and collect `square`; what then has enough is `over`, what has less than `least` is left out. */
function step(
  parents: readonly { readonly open: Open | undefined; readonly weight: number }[],
  square: number,
  enough: number,
  least: number,
): { readonly open: Open; readonly over: number } {
  const present = parents.flatMap(({ open, weight }) => (open === undefined ? [] : [{ open, weight }]));
  const from = present.reduce((low, { open }) => Math.min(low, open.low), Infinity) + square;
  const to = present.reduce((high, { open }) => Math.max(high, open.low + open.shares.length), 0) + square;
  const low = Math.max(least, from);
  const shares = new Float64Array(Math.max(0, Math.min(enough, to) - low));
  let over = 0;
  for (const { open, weight } of present) {
    for (let k = Math.max(0, low - square - open.low); k < open.shares.length; k++) {
      const share = (open.shares[k] ?? 0) * weight;
      if (share === 0) continue;
      const sum = open.low + k + square;
      if (sum >= enough) over += share;
      else shares[sum - low] = (shares[sum - low] ?? 0) + share;
    }
  }
  return { open: { low, shares }, over };
}

/** A bound on what a path can still collect: at every step the greater of the gaps of the two outermost paths. */
function mostToCome(i: number, j: number, n: number, m: number, gap: (i: number, j: number) => number): number {
  let sum = 0;
  for (let steps = 1; steps <= n - i + m - j; steps++) {
    const across = Math.min(steps, n - i);
    const down = Math.min(steps, m - j);
    sum += Math.max(gap(i + across, j + steps - across) ** 2, gap(i + steps - down, j + down) ** 2);
  }
  return sum;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
