import { chiSquaredLower } from './chi-squared-lower.ts';
import { chiSquaredUpper } from './chi-squared-upper.ts';
import { fallingRoot } from './falling-root.ts';

/**
 * The critical value of χ² with `df` degrees of freedom: what it exceeds with probability `upper`.
 *
 * Definition: root of `chiSquaredUpper`. Complexity: about 70 evaluations.
 *
 * @example chiSquaredQuantile(0.05, 9) // 16.918977604620448
 */
export function chiSquaredQuantile(upper: number, df: number): number {
  if (upper >= 1) return 0;
  if (upper <= 0) return Infinity;
  return fallingRoot((x) => chiSquaredUpper(x, df), upper);
}

/**
 * What χ² stays below with probability `lower`, for lower tails so far that 1 − `lower` would lose their digits.
 *
 * Definition: root of `chiSquaredLower`. Complexity: about 70 evaluations.
 *
 * @example chiSquaredLowerQuantile(1e-10, 9) // 0.0289…
 */
export function chiSquaredLowerQuantile(lower: number, df: number): number {
  if (lower <= 0) return 0;
  if (lower >= 1) return Infinity;
  return 1 / fallingRoot((y) => chiSquaredLower(1 / y, df), lower);
}
