import { ksExactUpper } from './ks-exact-upper.ts';
import { kolmogorovUpper } from './kolmogorov-upper.ts';
import { seededRandom } from './seeded-random.ts';

export interface KsTest {
  /** Largest distance of the two empirical distribution functions. */
  readonly statistic: number;
  readonly pValue: number;
  readonly method: 'exact' | 'permutation' | 'asymptotic';
}

/** n·m up to which the exact distribution is counted. */
const EXACT_PAIRS = 10_000;
/** Rows a side up to which tied samples are judged by permutation; above, the asymptotic p is taken, conservative under ties. */
const PERMUTED_ROWS = 2000;
const PERMUTATIONS = 999;
/** The least p-value that so many permutations can give. */
const LEAST = 1 / (1 + PERMUTATIONS);

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
  const merged = mergedSides(a, b);
  const greatest = greatestGap(merged.first, merged.runEnds, a.length, b.length);
  const statistic = greatest / (a.length * b.length);
  const tied = merged.runEnds.length < a.length + b.length;
  if (!tied && a.length * b.length <= EXACT_PAIRS) {
    return { statistic, pValue: ksExactUpper(a.length, b.length, greatest), method: 'exact' };
  }
  const asymptotic = kolmogorovUpper(statistic, Math.round((a.length * b.length) / (a.length + b.length)));
  if (tied && Math.max(a.length, b.length) <= PERMUTED_ROWS) {
    const pValue = permutationP(merged, a.length, b.length, greatest, seed);
    return { statistic, pValue: pValue > LEAST ? pValue : Math.min(pValue, asymptotic), method: 'permutation' };
  }
  return { statistic, pValue: asymptotic, method: 'asymptotic' };
}

interface Merged {
  /** 1 where the value at this place of the pooled order comes from the first sample. */
  readonly first: Uint8Array;
  /** Ends (exclusive) of the runs of equal values. */
  readonly runEnds: Uint32Array;
}

function mergedSides(a: ArrayLike<number>, b: ArrayLike<number>): Merged {
  const [x, y] = [Float64Array.from(a).sort(), Float64Array.from(b).sort()];
  const total = x.length + y.length;
  const first = new Uint8Array(total);
  const ends: number[] = [];
  for (let i = 0, j = 0; i + j < total; ) {
    const value = Math.min(x[i] ?? Infinity, y[j] ?? Infinity);
    while (i < x.length && x[i] === value) {
      first[i + j] = 1;
      i++;
    }
    while (j < y.length && y[j] === value) j++;
    ends.push(i + j);
  }
  return { first, runEnds: Uint32Array.from(ends) };
}

/** n·m·D, a whole number: max |i·m − j·n| at the ends of runs. */
function greatestGap(first: Uint8Array, runEnds: Uint32Array, n: number, m: number): number {
  let [i, at, greatest] = [0, 0, 0];
  for (const end of runEnds) {
    for (; at < end; at++) i += first[at] ?? 0;
    greatest = Math.max(greatest, Math.abs(i * m - (end - i) * n));
  }
  return greatest;
}

function permutationP(merged: Merged, n: number, m: number, greatest: number, seed: number): number {
  const random = seededRandom(seed);
  const shuffled = Uint8Array.from(merged.first);
  let atLeast = 0;
  for (let permutation = 0; permutation < PERMUTATIONS; permutation++) {
    for (let i = shuffled.length - 1; i > 0; i--) {
      const other = random.index(i + 1);
      const kept = shuffled[i] ?? 0;
      shuffled[i] = shuffled[other] ?? 0;
      shuffled[other] = kept;
    }
    if (greatestGap(shuffled, merged.runEnds, n, m) >= greatest) atLeast++;
  }
  return (1 + atLeast) / (1 + PERMUTATIONS);
}
