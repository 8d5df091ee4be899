import { andersonDarlingUpper } from './anderson-darling-upper.ts';
import { andersonDarlingVariance } from './anderson-darling-variance.ts';
import { isTied, tiesOf, type MergedTies } from './merged-ties.ts';
import { PERMUTED_ROWS, permutedOrAsymptotic, permutedSides } from './permuted-sides.ts';

export interface AndersonDarlingTest {
  /** A²: 1 is to be expected when nothing differs. */
  readonly statistic: number;
  readonly pValue: number;
  readonly method: 'permutation' | 'asymptotic' | 'constant';
}

/** n·m up to which untied samples are judged by permutation, where the limit law is not yet good. */
const PERMUTED_PAIRS = 1000;
/** Variance of the limit law: Σ 2/(k(k + 1))². */
const LIMIT_VARIANCE = (2 * (Math.PI ** 2 - 9)) / 3;

/**
 * Two-sample Anderson–Darling test: did two samples come from one distribution? Weighs the tails as much as the middle. NaN must not
 * occur.
 *
 * Definition: A² = (nm)⁻¹ Σ (N·Mₛ − n·s)²/(s(N − s)) over the pooled order, Mₛ counting the first sample's values up to the s-th; equal values are put
 * in every order, and A² is the mean over those orders. Without ties it is Scholz & Stephens' A²kN for k = 2 (scipy's anderson_ksamp before
 * standardising). p: by 999 seeded permutations, with ties up to 2,000 rows a side and without up to n·m = 1,000 (where none
 * comes near, the asymptotic p if it is smaller); else the limit law Σ χ²₁ₖ/(k(k + 1)) at 1 + (A² − 1)·σ∞/σ_N, σ_N from Scholz & Stephens; averaging over
 * ties takes variance off A², which makes that conservative. Reference: Pettitt (1976), Biometrika 63; Scholz & Stephens (1987), JASA 82(399).
 * Complexity: O((n + m) log(n + m)).
 *
 * @example andersonDarling([1, 2, 3], [4, 5, 6, 7], 1).statistic // 2.743…
 */
export function andersonDarling(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  seed: number,
): AndersonDarlingTest {
  return andersonDarlingOfTies(tiesOf(first, second), seed);
}

/** The same of tie blocks that are already there. Complexity: O(n + m) without permutations. */
export function andersonDarlingOfTies(ties: MergedTies, seed: number, permutations?: number): AndersonDarlingTest {
  const { n, m } = ties;
  const ends = ties.first.map((below, k) => below + (ties.second[k] ?? 0));
  const tied = isTied(ties);
  const weights = tied ? blockWeights(ends) : undefined;
  const statistic = weightedGaps(ties.first, ends, n, m, weights);
  if (ends.length < 2) return { statistic, pValue: 1, method: 'constant' };
  const asymptotic = asymptoticP(statistic, n, m);
  if (tied ? Math.max(n, m) <= PERMUTED_ROWS : n * m <= PERMUTED_PAIRS) {
    const permuted = permutedSides(ties, (first) => weightedGaps(first, ends, n, m, weights), seed, permutations);
    return { statistic, pValue: permutedOrAsymptotic(permuted, asymptotic, ties), method: 'permutation' };
  }
  return { statistic, pValue: asymptotic, method: 'asymptotic' };
}

function asymptoticP(statistic: number, n: number, m: number): number {
  const variance = andersonDarlingVariance([n, m]);
  if (variance === undefined) return 1;
  return andersonDarlingUpper(1 + (statistic - 1) * Math.sqrt(LIMIT_VARIANCE / variance));
}

interface BlockWeights {
  /** Σ 1/(s(N − s)) over the block's places, and the same times the step within the block, and times its square. */
  readonly plain: Float64Array;
  readonly steps: Float64Array;
  readonly squares: Float64Array;
}

function blockWeights(ends: Uint32Array): BlockWeights {
  const total = ends.at(-1) ?? 0;
  const [plain, steps, squares] = [0, 1, 2].map(() => new Float64Array(ends.length));
  if (plain === undefined || steps === undefined || squares === undefined) throw new Error('three arrays were made');
  let start = 0;
  for (let k = 0; k < ends.length; k++) {
    const end = ends[k] ?? 0;
    let [w0, w1, w2] = [0, 0, 0];
    for (let s = start + 1; s <= end && s < total; s++) {
      const weight = 1 / (s * (total - s));
      const step = s - start;
      w0 += weight;
      w1 += weight * step;
      w2 += weight * step * step;
    }
    plain[k] = w0;
    steps[k] = w1;
    squares[k] = w2;
    start = end;
  }
  return { plain, steps, squares };
}

/** A²; within a block the gap moves linearly on average, and what it strays from that line is hypergeometric. */
function weightedGaps(
  first: Uint32Array,
  ends: Uint32Array,
  n: number,
  m: number,
  weights: BlockWeights | undefined,
): number {
  const total = n + m;
  let [sum, before, start] = [0, 0, 0];
  for (let k = 0; k < ends.length; k++) {
    const [below, end] = [first[k] ?? 0, ends[k] ?? 0];
    const t = end - start;
    if (weights === undefined || t === 1) {
      const gap = total * below - n * end;
      if (end < total) sum += (gap * gap) / (end * (total - end));
    } else {
      const gap = total * before - n * start;
      const a = below - before;
      const step = (total * a - n * t) / t;
      const [w0, w1, w2] = [weights.plain[k] ?? 0, weights.steps[k] ?? 0, weights.squares[k] ?? 0];
      const strayed = (total * total * a * (t - a)) / (t * t * (t - 1));
      sum += gap * gap * w0 + 2 * gap * step * w1 + step * step * w2 + strayed * (t * w1 - w2);
    }
    before = below;
    start = end;
  }
  return sum / (n * m);
}
