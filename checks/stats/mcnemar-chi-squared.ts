import { chiSquaredUpper } from './chi-squared-upper.ts';

/**
 * McNemar's test by its limit law, for comparison with other tools; `mcNemar` is exact and what the checks rest on.
 *
 * Definition: (|b − c| − 1)²/(b + c) with Yates' correction, (b − c)²/(b + c) without, χ² with one degree of freedom. Reference: McNemar (1947);
 * statsmodels' mcnemar(exact=False). Complexity: O(1).
 *
 * @example mcNemarChiSquared(121, 59, { corrected: true }).statistic // 20.6722…
 */
export function mcNemarChiSquared(
  b: number,
  c: number,
  options: { readonly corrected: boolean },
): { readonly statistic: number; readonly pValue: number } {
  if (b + c === 0) return { statistic: 0, pValue: 1 };
  const gap = Math.max(0, Math.abs(b - c) - (options.corrected ? 1 : 0));
  const statistic = (gap * gap) / (b + c);
  return { statistic, pValue: chiSquaredUpper(statistic, 1) };
}
