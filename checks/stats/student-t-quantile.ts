import { betaLower } from './beta-tails.ts';
import { fallingRoot } from './falling-root.ts';
import { studentTUpper } from './student-t-upper.ts';

/** Nearer to the middle than this, the area between 0 and t has more digits than the tail. */
const MIDDLE = 0.25;

/**
 * The t below which Student's t with `df` degrees of freedom falls with probability p. For a far upper tail q, `-studentTQuantile(q, df)`, since
 * 1 − q would lose its digits.
 *
 * Definition: root of `studentTUpper`, or near the middle of ½ I_x(½, df/2), x = t²/(df + t²), at ½ − p; the other half by symmetry.
 * Complexity: about 70 evaluations.
 *
 * @example studentTQuantile(0.975, 10) // 2.2281388519649385
 */
export function studentTQuantile(p: number, df: number): number {
  if (!(p >= 0 && p <= 1)) return NaN;
  if (p === 0.5) return 0;
  if (p > 0.5) return -studentTQuantile(1 - p, df);
  if (p === 0) return -Infinity;
  if (p <= MIDDLE) return -fallingRoot((t) => studentTUpper(t, df), p);
  return -1 / fallingRoot((inverse) => betaLower(1 / (1 + df * inverse * inverse), 0.5, df / 2) / 2, 0.5 - p);
}
