import { bisect } from './bisect.ts';
import { chiSquaredUpper } from './chi-squared-upper.ts';

/**
 * The critical value of χ² with `df` degrees of freedom: what it exceeds with probability `upper`.
 *
 * Definition: bisection on `chiSquaredUpper`. Complexity: about 60 evaluations.
 *
 * @example chiSquaredQuantile(0.05, 9) // 16.918977604620448
 */
export function chiSquaredQuantile(upper: number, df: number): number {
  if (upper >= 1) return 0;
  if (upper <= 0) return Infinity;
  let far = Math.max(1, df) * 2;
  while (chiSquaredUpper(far, df) > upper) far *= 2;
  return bisect(0, far, (x) => chiSquaredUpper(x, df) >= upper);
}
