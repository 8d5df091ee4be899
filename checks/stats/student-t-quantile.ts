import { fallingRoot } from './falling-root.ts';
import { studentTUpper } from './student-t-upper.ts';

/**
 * The t below which Student's t with `df` degrees of freedom falls with probability p. For a far upper tail q, `-studentTQuantile(q, df)`, since
 * 1 − q would lose its digits.
 *
 * Definition: root of `studentTUpper`; the other half by symmetry. Complexity: about 70 evaluations.
 *
 * @example studentTQuantile(0.975, 10) // 2.2281388519649385
 */
export function studentTQuantile(p: number, df: number): number {
  if (!(p >= 0 && p <= 1)) return NaN;
  if (p === 0.5) return 0;
  if (p > 0.5) return -studentTQuantile(1 - p, df);
  if (p === 0) return -Infinity;
  return -fallingRoot((t) => studentTUpper(t, df), p);
}
