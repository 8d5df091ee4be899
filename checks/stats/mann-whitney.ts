import { isTied, tiesOf, type MergedTies } from './merged-ties.ts';
import { mannWhitneyExactUpper } from './mann-whitney-exact-upper.ts';
import { normalCdf } from './normal-cdf.ts';

export interface MannWhitneyTest {
  /** Pairs in which the first sample's value is the greater, ties counting one half. */
  readonly u: number;
  /** Of all pairs the share in which the first is the greater: ½ when neither tends to be; the area under the ROC curve. */
  readonly share: number;
  readonly pValue: number;
  readonly method: 'exact' | 'asymptotic' | 'constant';
}

/** As scipy's method='auto': exact where one sample is this small, and no ties. */
const EXACT_ROWS = 8;
/** What the exact count may cost. */
const EXACT_PAIRS = 10_000;

/**
 * Does one sample tend to greater values than the other? Two-sided. NaN must not occur.
 *
 * Definition: U = R₁ − n(n + 1)/2, R₁ the sum of the first sample's mid-ranks. p exact without ties when the smaller sample has at
 * most 8 values; else z = (|U − nm/2| − ½)/σ, σ² = nm/12 · (N + 1 − Σ(t³ − t)/(N(N − 1))) over tie blocks of t. Reference: Mann & Whitney (1947);
 * Lehmann (1975); equals scipy.stats.mannwhitneyu. Complexity: O((n + m) log(n + m)).
 *
 * @example mannWhitney([1, 2, 3], [4, 5, 6, 7]) // { u: 0, share: 0, pValue: 0.05714285714285714, method: 'exact' }
 */
export function mannWhitney(first: ArrayLike<number>, second: ArrayLike<number>): MannWhitneyTest {
  return mannWhitneyOfTies(tiesOf(first, second));
}

/** The same of tie blocks that are already there. Complexity: O(n + m). */
export function mannWhitneyOfTies(ties: MergedTies): MannWhitneyTest {
  const { n, m } = ties;
  const { u, tieCubes } = pairsWon(ties);
  const share = u / (n * m);
  const total = n + m;
  if (ties.values.length < 2) return { u, share, pValue: 1, method: 'constant' };
  const far = Math.max(u, n * m - u);
  if (!isTied(ties) && Math.min(n, m) <= EXACT_ROWS && n * m <= EXACT_PAIRS) {
    return { u, share, pValue: Math.min(1, 2 * mannWhitneyExactUpper(n, m, far)), method: 'exact' };
  }
  const sigma = Math.sqrt(((n * m) / 12) * (total + 1 - tieCubes / (total * (total - 1))));
  const z = (far - (n * m) / 2 - 0.5) / sigma;
  return { u, share, pValue: Math.min(1, 2 * normalCdf(-z)), method: 'asymptotic' };
}

/** U of the first sample, and Σ(t³ − t) over the tie blocks. */
function pairsWon({ first, second }: MergedTies): { readonly u: number; readonly tieCubes: number } {
  let [u, tieCubes, before, beforeSecond] = [0, 0, 0, 0];
  for (let k = 0; k < first.length; k++) {
    const [below, belowSecond] = [first[k] ?? 0, second[k] ?? 0];
    const [here, hereSecond] = [below - before, belowSecond - beforeSecond];
    u += here * (beforeSecond + hereSecond / 2);
    const tied = here + hereSecond;
    if (tied > 1) tieCubes += tied * tied * tied - tied;
    before = below;
    beforeSecond = belowSecond;
  }
  return { u, tieCubes };
}
