import { betaLower } from './beta-tails.ts';
import { fallingRoot } from './falling-root.ts';

/**
 * What a Beta(a, b) variable stays below with probability `lower`; for an upper tail q, `1 - betaQuantile(q, b, a)`.
 *
 * Definition: root of `betaLower` in 1/x, so that small x keep their digits. Complexity: about 70 evaluations.
 *
 * @example betaQuantile(0.025, 4, 7) // 0.1215522…
 */
export function betaQuantile(lower: number, a: number, b: number): number {
  if (!(lower >= 0 && lower <= 1)) return NaN;
  if (lower === 0) return 0;
  if (lower === 1) return 1;
  return 1 / fallingRoot((inverse) => betaLower(1 / inverse, a, b), lower);
}
