import betainc from '@stdlib/math-base-special-betainc';
import { logBeta } from './log-beta.ts';

/** t²/df beyond which the first term of the tail's series is all of it to 16 digits, and its argument may underflow. */
const FAR = 1e18;

/**
 * Probability that Student's t with `df` degrees of freedom exceeds t; the lower tail is `studentTUpper(-t, df)`.
 *
 * Definition: for t ≥ 0, ½ I_x(df/2, ½) with x = df/(df + t²); else by symmetry. Where x is near 1, the
 * same area is taken from the other side; where it is next to 0, (√df/t)^df / (df B(df/2, ½)). Reference: DLMF 8.17. Complexity: O(1).
 *
 * @example studentTUpper(2, 10) // 0.03669401738537018
 */
export function studentTUpper(t: number, df: number): number {
  if (t < 0) return 1 - studentTUpper(-t, df);
  if (t === Infinity) return 0;
  const square = t * t;
  if (square > df * FAR) return (Math.sqrt(df) / t) ** df / (df * Math.exp(logBeta(df / 2, 0.5)));
  return square < df
    ? betainc(square / (df + square), 0.5, df / 2, true, true) / 2
    : betainc(df / (df + square), df / 2, 0.5) / 2;
}
