import gammainc from '@stdlib/math-base-special-gammainc';
import { deviance } from './deviance.ts';
import { stirlingError } from './stirling-error.ts';

/** Beyond this order the library's expansion loses digits: at 2,000, χ² with 4,000 degrees of freedom, it is wrong by 2 %. */
const LARGE = 400;
/** Terms enough for orders of 1e9 next to x = s, where most are needed. */
const MOST_TERMS = 1_000_000;

/**
 * The regularised lower incomplete gamma function P(s, x): the probability that a gamma variable of order s is at most x; relatively exact in its
 * far tail.
 *
 * Definition: of a small order the library's; of a large one, below s the series xˢe⁻ˣ/Γ(s + 1) Σ xᵏ/((s + 1)…(s + k)), its factor by Loader's deviance, else
 * 1 − Q. Reference: DLMF 8.7.1, 8.11. Complexity: O(√s).
 *
 * @example gammaLower(2, 1) // 0.26424111765711533
 */
export function gammaLower(s: number, x: number): number {
  if (x <= 0) return 0;
  if (x === Infinity) return 1;
  if (s <= LARGE) return gammainc(x, s, true, false);
  return x < s ? lowerSeries(s, x) : 1 - upperFraction(s, x);
}

/**
 * The regularised upper incomplete gamma function Q(s, x) = 1 − P(s, x), relatively exact in its far tail.
 *
 * Definition: of a small order the library's; of a large one, above s by Legendre's continued fraction, else 1 − P. Reference: DLMF 8.9.2.
 * Complexity: O(√s).
 *
 * @example gammaUpper(2, 1) // 0.7357588823428847
 */
export function gammaUpper(s: number, x: number): number {
  if (x <= 0) return 1;
  if (x === Infinity) return 0;
  if (s <= LARGE) return gammainc(x, s, true, true);
  return x < s ? 1 - lowerSeries(s, x) : upperFraction(s, x);
}

/** xˢ e⁻ˣ / Γ(s + 1). */
function factor(s: number, x: number): number {
  return Math.exp(-deviance(s, x) - stirlingError(s)) / Math.sqrt(2 * Math.PI * s);
}

function lowerSeries(s: number, x: number): number {
  let [term, sum] = [1, 1];
  for (let k = 1; k < MOST_TERMS && term > sum * Number.EPSILON * EPSILON_SHARE; k++) {
    term *= x / (s + k);
    sum += term;
  }
  return Math.min(1, factor(s, x) * sum);
}

/** What is cut off is a multiple of the last term: 1/(1 − x/(s + k)). */
const EPSILON_SHARE = 1e-3;

/** Lentz's method on 1/(x + 1 − s − 1·(1 − s)/(x + 3 − s − 2·(2 − s)/(x + 5 − s − …))). */
function upperFraction(s: number, x: number): number {
  let b = x + 1 - s;
  let c = Infinity;
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < MOST_TERMS; i++) {
    const a = -i * (i - s);
    b += 2;
    d = 1 / (a * d + b);
    c = b + a / c;
    const change = d * c;
    h *= change;
    if (Math.abs(change - 1) < Number.EPSILON) break;
  }
  return Math.min(1, factor(s, x) * s * h);
}
