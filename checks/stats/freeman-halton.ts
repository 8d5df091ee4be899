import gammaln from '@stdlib/math-base-special-gammaln';
import { permutedCounts } from './permuted-counts.ts';

/** Tables up to which all are visited. */
const MOST_TABLES = 100_000;
const DRAWS = 9999;
/** Tables whose probability is equal to the observed one's but for rounding count as equally extreme, as in R. */
const SAME = 1e-7;

/**
 * Fisher's exact test for any number of categories: did two samples of categories come from one distribution, when cells are too small for
 * χ²? `first[k]` and `second[k]` count category k.
 *
 * Definition: the sum of the multivariate hypergeometric probabilities, given the margins, that are at most the observed table's: over all
 * tables up to 100,000 of them, else by 9,999 seeded draws, (1 + count)/(1 + 9,999). Reference: Freeman & Halton (1951), Biometrika 38; R's fisher.test.
 * Complexity: O(tables · K).
 *
 * @example freemanHalton([3, 0, 1], [0, 4, 2], 1) // { pValue: 0.0333…, method: 'exact' }
 */
export function freemanHalton(
  first: readonly number[],
  second: readonly number[],
  seed: number,
): { readonly pValue: number; readonly method: 'exact' | 'permutation' } {
  const kept = first.map((count, k) => [count, second[k] ?? 0] as const).filter(([a, b]) => a + b > 0);
  const counts = kept.map(([count]) => count);
  const sums = kept.map(([a, b]) => a + b);
  const drawn = counts.reduce((sum, count) => sum + count, 0);
  // Greater is rarer: the probability is e^−rarity times what the margins decide.
  const rarity = (side: ArrayLike<number>) =>
    sums.reduce((total, sum, k) => total + gammaln((side[k] ?? 0) + 1) + gammaln(sum - (side[k] ?? 0) + 1), 0);
  if (tablesOf(sums, drawn) > MOST_TABLES) {
    return { pValue: permutedCounts(counts, sums, rarity, { seed, permutations: DRAWS }), method: 'permutation' };
  }
  const limit = rarity(counts) - SAME;
  let [rare, whole] = [0, 0];
  visitTables(sums, drawn, (side) => {
    const found = rarity(side);
    const weight = Math.exp(limit - found);
    whole += weight;
    if (found >= limit) rare += weight;
  });
  return { pValue: Math.min(1, rare / whole), method: 'exact' };
}

/** How many ways there are to take `drawn` rows from categories of these sizes, by size only. */
function tablesOf(sums: readonly number[], drawn: number): number {
  let ways = new Float64Array(drawn + 1);
  ways[0] = 1;
  for (const sum of sums) {
    const next = new Float64Array(drawn + 1);
    let inReach = 0;
    for (let taken = 0; taken <= drawn; taken++) {
      inReach += ways[taken] ?? 0;
      if (taken > sum) inReach -= ways[taken - sum - 1] ?? 0;
      next[taken] = inReach;
    }
    ways = next;
  }
  return ways[drawn] ?? 0;
}

function visitTables(sums: readonly number[], drawn: number, visit: (side: readonly number[]) => void): void {
  const side = sums.map(() => 0);
  const room = sums.map((_, k) => sums.slice(k + 1).reduce((total, sum) => total + sum, 0));
  const from = (k: number, left: number): void => {
    if (k === sums.length) return visit(side);
    for (let taken = Math.max(0, left - (room[k] ?? 0)); taken <= Math.min(left, sums[k] ?? 0); taken++) {
      side[k] = taken;
      from(k + 1, left - taken);
    }
  };
  from(0, drawn);
}
