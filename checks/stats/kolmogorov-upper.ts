import gammaln from '@stdlib/math-base-special-gammaln';
import { stirlingError } from './stirling-error.ts';

/** Up to this many observations Durbin's matrix is cheap and exact enough wherever the two-sided tail is not tiny. */
const SMALL = 140;
/** n·d² beyond which the two one-sided events hardly meet, so that twice the one-sided tail is exact to all digits shown. */
const ONE_SIDED_SMALL = 4;
const ONE_SIDED = 2.2;
/** n·d² beyond which the probability is below the least double. */
const VANISHING = 370;
/** Simard & L'Ecuyer's limits of Durbin's matrix for many observations. */
const MATRIX_OBSERVATIONS = 100_000;
const MATRIX_STATISTIC = 1.4;

/**
 * Probability that the two-sided one-sample Kolmogorov statistic of n observations exceeds d: scipy's `kstwo.sf`, the
 * finite-sample law that a two-sample statistic follows at n = round(n₁n₂/(n₁ + n₂)).
 *
 * Definition: by region of (n, d), Ruben & Gambino's closed forms, Durbin's matrix (Marsaglia, Tsang & Wang 2003), twice the
 * one-sided tail (Birnbaum & Tingey 1951; Miller 1956), or Pelz & Good's expansion (1976). Reference: Simard & L'Ecuyer (2011),
 * "Computing the two-sided Kolmogorov–Smirnov distribution", Journal of Statistical Software 39(11). Complexity: at most
 * O(n) or O(k³ log n), k = ⌈n·d⌉ up to some dozens.
 *
 * @example kolmogorovUpper(0.1, 100) // 0.2524928…
 */
export function kolmogorovUpper(d: number, n: number): number {
  if (d >= 1) return 0;
  const t = n * d;
  if (t <= 0.5) return 1;
  if (t <= 1) return 1 - Math.exp(gammaln(n + 1) + n * (Math.log(2 * t - 1) - Math.log(n)));
  if (t >= n - 1) return clip(2 * (1 - d) ** n);
  if (d >= 0.5) return clip(2 * oneSidedUpper(d, n));
  const square = t * d;
  if (square >= VANISHING) return 0;
  if (square >= (n <= SMALL ? ONE_SIDED_SMALL : ONE_SIDED)) return clip(2 * oneSidedUpper(d, n));
  const matrix = n <= SMALL || (n <= MATRIX_OBSERVATIONS && n * d ** 1.5 <= MATRIX_STATISTIC);
  return clip(1 - (matrix ? durbinMatrix(d, n) : pelzGood(d, n)));
}

function clip(p: number): number {
  return Math.min(1, Math.max(0, p));
}

/**
 * Birnbaum & Tingey: d Σⱼ C(n, j) (d + j/n)^(j−1) (1 − d − j/n)^(n−j), every term positive. Each term is a binomial probability at
 * p = d + j/n over p, computed from deviances (Loader 2000), which keeps digits that logarithms of factorials lose for large n.
 */
function oneSidedUpper(d: number, n: number): number {
  let sum = Math.exp(n * Math.log1p(-d)) / d;
  for (let j = 1; j <= Math.floor(n * (1 - d)); j++) {
    const rest = n - j;
    if (rest - n * d <= 0) break;
    const deviance = j * Math.log1p((n * d) / j) + rest * Math.log1p((-n * d) / rest);
    const corrections = stirlingError(n) - stirlingError(j) - stirlingError(rest);
    const binomial = Math.exp(deviance + corrections) * Math.sqrt(n / (2 * Math.PI * j * rest));
    sum += binomial / (d + j / n);
  }
  return d * sum;
}

/** Marsaglia, Tsang & Wang: n!/nⁿ times the middle element of the n-th power of a banded matrix, with scaling. */
function durbinMatrix(d: number, n: number): number {
  const k = Math.ceil(n * d);
  const h = k - n * d;
  const size = 2 * k - 1;
  let power: Scaled = { values: identity(size), exponent: 0 };
  let base: Scaled = { values: stepMatrix(h, size), exponent: 0 };
  for (let left = n; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = scaled(product(power.values, base.values, size), power.exponent + base.exponent);
    if (left > 1) base = scaled(product(base.values, base.values, size), 2 * base.exponent);
  }
  const middle = power.values[(k - 1) * size + k - 1] ?? 0;
  let result = Math.log(middle) + power.exponent * Math.LN2;
  for (let i = 1; i <= n; i++) result += Math.log(i / n);
  return Math.exp(result);
}

interface Scaled {
  readonly values: Float64Array;
  /** Power of two by which the values must be multiplied. */
  readonly exponent: number;
}

const SCALE_BITS = 256;

function scaled(values: Float64Array, exponent: number): Scaled {
  const greatest = values.reduce((most, value) => Math.max(most, value), 0);
  if (greatest > 2 ** SCALE_BITS)
    return { values: values.map((v) => v * 2 ** -SCALE_BITS), exponent: exponent + SCALE_BITS };
  if (greatest < 2 ** -SCALE_BITS)
    return { values: values.map((v) => v * 2 ** SCALE_BITS), exponent: exponent - SCALE_BITS };
  return { values, exponent };
}

function identity(size: number): Float64Array {
  return Float64Array.from({ length: size * size }, (_, at) => (at % (size + 1) === 0 ? 1 : 0));
}

function product(a: Float64Array, b: Float64Array, size: number): Float64Array {
  const out = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let l = 0; l < size; l++) {
      const factor = a[i * size + l] ?? 0;
      if (factor === 0) continue;
      for (let j = 0; j < size; j++) out[i * size + j] = (out[i * size + j] ?? 0) + factor * (b[l * size + j] ?? 0);
    }
  }
  return out;
}

function stepMatrix(h: number, size: number): Float64Array {
  const factorials = new Float64Array(size + 1).fill(1);
  for (let i = 1; i <= size; i++) factorials[i] = (factorials[i - 1] ?? 1) * i;
  const edge = (j: number) => (1 - h ** j) / (factorials[j] ?? 1);
  const corner = (1 - 2 * h ** size + Math.max(0, 2 * h - 1) ** size) / (factorials[size] ?? 1);
  const out = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      if (i - j + 1 < 0) continue;
      out[i * size + j] =
        i === size - 1 && j === 0
          ? corner
          : j === 0
            ? edge(i + 1)
            : i === size - 1
              ? edge(size - j)
              : 1 / (factorials[i - j + 1] ?? 1);
    }
  }
  return out;
}

/** Pelz & Good: K₀(z) + K₁(z)/√n + K₂(z)/n + K₃(z)/n^1.5 at z = √n·d, in the form of theta functions. */
function pelzGood(d: number, n: number): number {
  const z = Math.sqrt(n) * d;
  const pi2 = Math.PI ** 2;
  const z2 = z * z;
  const z4 = z2 * z2;
  const z6 = z4 * z2;
  const logQ = -pi2 / 8 / z2;
  let [k0, k1, k2, k3] = [0, 0, 0, 0];
  const terms = Math.ceil((16 * z) / Math.PI);
  for (let k = terms; k >= 1; k--) {
    const odd2 = (2 * k - 1) ** 2;
    const weight = Math.exp(logQ * odd2);
    k0 += weight;
    k1 += weight * (-z2 + (pi2 / 4) * odd2);
    k2 +=
      weight *
      (6 * z6 + 2 * z4 + (((2 * z4 - 5 * z2) * pi2) / 4) * odd2 + ((pi2 ** 2 * (1 - 2 * z2)) / 16) * odd2 ** 2);
    k3 +=
      weight *
      (-30 * z6 -
        90 * z4 * z4 +
        ((pi2 * (135 * z4 - 96 * z6)) / 4) * odd2 +
        ((pi2 ** 2 * (-60 * z2 + 212 * z4)) / 16) * odd2 ** 2 +
        ((pi2 ** 3 * (5 - 30 * z2)) / 64) * odd2 ** 3);
  }
  const root = Math.sqrt(2 * Math.PI);
  let [extra2, extra3] = [0, 0];
  for (let k = terms; k >= 1; k--) {
    const weight = k * k * Math.exp((-pi2 / 2 / z2) * k * k);
    extra2 += weight;
    extra3 += weight * (3 * z2 - pi2 * k * k);
  }
  return (
    (k0 * root) / z +
    (k1 * root) / (6 * z4) / Math.sqrt(n) +
    ((k2 * root) / (72 * z6 * z) - (extra2 * pi2 * root) / (36 * z2 * z)) / n +
    ((k3 * root) / (6480 * z6 * z4) + (extra3 * pi2 * root) / (216 * z6)) / n ** 1.5
  );
}
