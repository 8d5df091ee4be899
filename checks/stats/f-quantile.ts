import { fallingRoot } from './falling-root.ts';
import { fUpper } from './f-upper.ts';

/**
 * The critical value of F with `numerator` and `denominator` degrees of freedom: what it exceeds with probability `upper`. What it stays below with
 * probability p is `1 / fQuantile(p, denominator, numerator)`.
 *
 * Definition: root of `fUpper`. Complexity: about 70 evaluations.
 *
 * @example fQuantile(0.05, 4, 20) // 2.866081402…
 */
export function fQuantile(upper: number, numerator: number, denominator: number): number {
  if (upper >= 1) return 0;
  if (upper <= 0) return Infinity;
  return fallingRoot((x) => fUpper(x, numerator, denominator), upper);
}
