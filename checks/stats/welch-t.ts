import { momentsOf } from './moments.ts';
import { studentTUpper } from './student-t-upper.ts';

/**
 * Welch's test: are the means of two samples of unequal variance equal? Two-sided.
 *
 * Definition: t = (x̄ − ȳ)/√(s²/n + u²/m), degrees of freedom by Welch & Satterthwaite. Two constant samples: p is 1 when they are
 * equal, else 0. Reference: Welch (1947), Biometrika 34; scipy.stats.ttest_ind(equal_var=False). Complexity: O(n + m).
 *
 * @example welchT([1, 2, 3], [2, 4, 6]).pValue // 0.2509…
 */
export function welchT(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): { readonly t: number; readonly df: number; readonly pValue: number } {
  const [x, y] = [momentsOf(a), momentsOf(b)];
  const [u, v] = [x.variance / x.count, y.variance / y.count];
  const difference = x.mean - y.mean;
  if (u + v === 0) return { t: difference === 0 ? 0 : Infinity, df: 1, pValue: difference === 0 ? 1 : 0 };
  const t = difference / Math.sqrt(u + v);
  const df = (u + v) ** 2 / (u ** 2 / (x.count - 1) + v ** 2 / (y.count - 1));
  return { t, df, pValue: 2 * studentTUpper(Math.abs(t), df) };
}
