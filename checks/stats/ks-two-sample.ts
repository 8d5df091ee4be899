import { ksExactUpper } from './ks-exact-upper.ts';
import { kolmogorovUpper } from './kolmogorov-upper.ts';
import { isTied, tiesOf, type MergedTies } from './merged-ties.ts';
import { PERMUTED_ROWS, permutedOrAsymptotic, permutedSides } from './permuted-sides.ts';

export interface KsTest {
  /** Largest distance of the two empirical distribution functions. */
  readonly statistic: number;
  readonly pValue: number;
  readonly method: 'exact' | 'permutation' | 'asymptotic';
}

/** n·m up to which the exact distribution is counted. */
const EXACT_PAIRS = 10_000;

/**
 * Two-sample Kolmogorov–Smirnov test, two-sided: did two samples come from one distribution? NaN must not occur.
 *
 * Definition: D = max |F₁ − F₂|. Its p-value is exact without ties when n·m ≤ 10,000; with ties, by 999 seeded permutations up to 2,000 rows
 * a side, (1 + count)/(1 + 999), and where none comes near, which gives 0.001 and would drown in a family of tests, the asymptotic
 * p if it is smaller (conservative under ties, so the p-value stays valid at every level); else `kolmogorovUpper(D, round(nm/(n + m)))`, as scipy's ks_2samp(method='asymp').
 * Reference: Hodges (1958), Arkiv för Matematik 3(43). Complexity: O((n + m) log(n + m)) for D, and O(n·m) or O(999·(n + m)) for p.
 *
 * @example ksTwoSample([1, 2, 3], [4, 5, 6, 7], 1) // { statistic: 1, pValue: 0.05714285714285714, method: 'exact' }
 */
export function ksTwoSample(a: ArrayLike<number>, b: ArrayLike<number>, seed: number): KsTest {
  return ksOfTies(tiesOf(a, b), seed);
}

/** The same of tie blocks that are already there. Complexity: O(n + m) where p is asymptotic. */
export function ksOfTies(ties: MergedTies, seed: number, permutations?: number): KsTest {
  const { n, m } = ties;
  const greatest = observedGap(ties);
  const statistic = greatest / (n * m);
  const tied = isTied(ties);
  if (!tied && n * m <= EXACT_PAIRS) return { statistic, pValue: ksExactUpper(n, m, greatest), method: 'exact' };
  const asymptotic = kolmogorovUpper(statistic, Math.round((n * m) / (n + m)));
  if (tied && Math.max(n, m) <= PERMUTED_ROWS) {
    const ends = ties.first.map((below, k) => below + (ties.second[k] ?? 0));
    const permuted = permutedSides(ties, (first) => greatestGap(first, ends, n, m), seed, permutations);
    return { statistic, pValue: permutedOrAsymptotic(permuted, asymptotic, ties), method: 'permutation' };
  }
  return { statistic, pValue: asymptotic, method: 'asymptotic' };
}

function observedGap({ n, m, first, second }: MergedTies): number {
  let greatest = 0;
  for (let k = 0; k < first.length; k++) {
    const gap = Math.abs((first[k] ?? 0) * m - (second[k] ?? 0) * n);
    if (gap > greatest) greatest = gap;
  }
  return greatest;
}

/** n·m·D, a whole number: max |i·m − j·n| at the ends of blocks. */
function greatestGap(first: Uint32Array, ends: Uint32Array, n: number, m: number): number {
  let greatest = 0;
  for (let k = 0; k < ends.length; k++) {
    const below = first[k] ?? 0;
    const gap = Math.abs(below * m - ((ends[k] ?? 0) - below) * n);
    if (gap > greatest) greatest = gap;
  }
  return greatest;
}
