import { binomialCdf } from './binomial-cdf.ts';
import { binomialPoint } from './binomial-point.ts';

/** Below this many disagreements the exact test is taken; above it the mid-p, which is less conservative. */
const EXACT_BELOW = 25;

/**
 * McNemar's test for two sets of yes/no outcomes on the same rows: `b` rows where only the first is right, `c` where only
 * the second is. Two-sided.
 *
 * Definition: exact p = min(1, 2·P(Bin(b + c, ½) ≤ min(b, c))); mid-p takes off P(Bin = min(b, c)). The exact test when
 * b + c < 25, else the mid-p. Reference: McNemar (1947); Fagerland, Lydersen, Laake (2013), BMC Medical Research Methodology 13:91.
 * Complexity: O(1).
 *
 * @example mcNemar(121, 59).exact // 4.434388077219566e-6
 */
export function mcNemar(
  b: number,
  c: number,
): { readonly p: number; readonly exact: number; readonly midP: number; readonly method: 'exact' | 'mid-p' } {
  const total = b + c;
  if (total === 0) return { p: 1, exact: 1, midP: 1, method: 'exact' };
  const least = Math.min(b, c);
  const tail = binomialCdf(least, total, 0.5);
  const point = binomialPoint(least, total, 0.5);
  const exact = Math.min(1, 2 * tail);
  const midP = b === c ? 1 - point / 2 : 2 * tail - point;
  const method = total < EXACT_BELOW ? 'exact' : 'mid-p';
  return { p: method === 'exact' ? exact : midP, exact, midP, method };
}
