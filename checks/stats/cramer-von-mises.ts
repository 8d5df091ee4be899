import { cramerVonMisesExactUpper } from './cramer-von-mises-exact-upper.ts';
import { cramerVonMisesUpper } from './cramer-von-mises-upper.ts';
import { isTied, tiesOf, type MergedTies } from './merged-ties.ts';
import { PERMUTED_ROWS, permutedOrAsymptotic, permutedSides } from './permuted-sides.ts';

export interface CramerVonMisesTest {
  readonly statistic: number;
  readonly pValue: number;
  readonly method: 'exact' | 'permutation' | 'asymptotic' | 'constant';
}

/** As scipy's method='auto'. */
const EXACT_ROWS = 20;

/**
 * Two-sample Cramér–von Mises test: did two samples come from one distribution? Sees differences spread over the whole range better
 * than KS. NaN must not occur.
 *
 * Definition: T = nm/N² Σ (F₁ − F₂)² over the pooled values; equal values are put in every order, and T is the mean over those orders (scipy's
 * mid-rank form is not 0 in expectation when n ≠ m: it grows without bound for a constant column). p: exact without ties up to 20
 * values a side; with ties, by 999 seeded permutations up to 2,000 rows a side (where none comes near, the asymptotic p if it is smaller);
 * else the limit law at 1/6 + (T − E T)/√(45 Var T), as scipy.stats.cramervonmises_2samp; averaging over ties takes variance off T, which makes that
 * conservative. Reference: Anderson (1962), Annals of Mathematical Statistics 33(3). Complexity: O((n + m) log(n + m)).
 *
 * @example cramerVonMises([1, 2, 3], [4, 5, 6, 7], 1) // { statistic: 0.5952…, pValue: 0.0571…, method: 'exact' }
 */
export function cramerVonMises(first: ArrayLike<number>, second: ArrayLike<number>, seed: number): CramerVonMisesTest {
  return cramerVonMisesOfTies(tiesOf(first, second), seed);
}

/** The same of tie blocks that are already there. Complexity: O(n + m) without permutations. */
export function cramerVonMisesOfTies(ties: MergedTies, seed: number, permutations?: number): CramerVonMisesTest {
  const { n, m } = ties;
  const scaled = squaredGaps(ties);
  const total = n + m;
  const statistic = scaled / (n * m * total * total);
  if (ties.values.length < 2) return { statistic, pValue: 1, method: 'constant' };
  const tied = isTied(ties);
  if (!tied && Math.max(n, m) <= EXACT_ROWS) {
    const pValue = cramerVonMisesExactUpper(n, m, scaled);
    if (pValue !== undefined) return { statistic, pValue, method: 'exact' };
  }
  const asymptotic = asymptoticP(statistic, n, m);
  if (tied && Math.max(n, m) <= PERMUTED_ROWS) {
    const permuted = permutedSides(ties, permutedGaps(ties), seed, permutations);
    return { statistic, pValue: permutedOrAsymptotic(permuted, asymptotic, ties), method: 'permutation' };
  }
  return { statistic, pValue: asymptotic, method: 'asymptotic' };
}

function asymptoticP(statistic: number, n: number, m: number): number {
  const [total, pairs] = [n + m, n * m];
  const mean = (1 + 1 / total) / 6;
  const variance =
    ((total + 1) * (4 * pairs * total - 3 * (n * n + m * m) - 2 * pairs)) / (45 * total * total * 4 * pairs);
  return cramerVonMisesUpper(1 / 6 + (statistic - mean) / Math.sqrt(45 * variance));
}

/** Σ (i·m − j·n)² over the pooled order, i and j being how many of either sample are passed: T · nmN². A whole number without ties. */
function squaredGaps({ n, m, first, second }: MergedTies): number {
  let [sum, before, beforeSecond] = [0, 0, 0];
  for (let k = 0; k < first.length; k++) {
    const [below, belowSecond] = [first[k] ?? 0, second[k] ?? 0];
    sum += blockGaps(before * m - beforeSecond * n, below - before, belowSecond - beforeSecond, n, m);
    before = below;
    beforeSecond = belowSecond;
  }
  return sum;
}

/**
 * Mean of Σ gap² within one block over all orders of its a and b values: the gap moves from `gap` by a·m − b·n in t = a + b steps, linearly
 * on average, and what it strays from that line is hypergeometric.
 */
function blockGaps(gap: number, a: number, b: number, n: number, m: number): number {
  const moved = a * m - b * n;
  const t = a + b;
  if (t === 1) return (gap + moved) ** 2;
  const line = t * gap * gap + gap * moved * (t + 1) + (moved * moved * (t + 1) * (2 * t + 1)) / (6 * t);
  return line + ((n + m) ** 2 * a * b * (t + 1)) / (6 * t);
}

function permutedGaps(ties: MergedTies): (first: Uint32Array) => number {
  const ends = ties.first.map((below, k) => below + (ties.second[k] ?? 0));
  const second = new Uint32Array(ends.length);
  return (first) => {
    for (let k = 0; k < ends.length; k++) second[k] = (ends[k] ?? 0) - (first[k] ?? 0);
    return squaredGaps({ ...ties, first, second });
  };
}
