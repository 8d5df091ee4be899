import { binomialPoint } from './binomial-point.ts';

/** Of `total` items `marked` are marked, and `drawn` are drawn without replacement. */
export interface Urn {
  readonly total: number;
  readonly marked: number;
  readonly drawn: number;
}

/**
 * Probability that exactly k of the drawn items are marked, for urns of millions as of ten.
 *
 * Definition: C(K, k) C(N − K, n − k)/C(N, n), as three binomial probabilities at p = n/N. Reference: Loader (2000); R's dhyper. Complexity: O(1).
 *
 * @example hypergeometricPoint(2, { total: 10, marked: 4, drawn: 3 }) // 0.3
 */
export function hypergeometricPoint(k: number, { total, marked, drawn }: Urn): number {
  if (k < Math.max(0, drawn + marked - total) || k > Math.min(marked, drawn)) return 0;
  const [p, q] = [drawn / total, (total - drawn) / total];
  if (drawn === 0 || drawn === total) return 1;
  return (
    (binomialPoint(k, marked, p, q) * binomialPoint(drawn - k, total - marked, p, q)) /
    binomialPoint(drawn, total, p, q)
  );
}

/**
 * Probability that at most k of the drawn items are marked; relatively exact in the far lower tail.
 *
 * Definition: the sum of the points, from the nearer end. Reference: scipy.stats.hypergeom. Complexity: O(values of the tail).
 *
 * @example hypergeometricCdf(1, { total: 10, marked: 4, drawn: 3 }) // 0.6666666666666666
 */
export function hypergeometricCdf(k: number, urn: Urn): number {
  const mean = (urn.drawn * urn.marked) / urn.total;
  return k <= mean ? tailSum(Math.floor(k), -1, urn) : 1 - tailSum(Math.floor(k) + 1, 1, urn);
}

/**
 * Probability that more than k of the drawn items are marked; relatively exact in the far upper tail.
 *
 * @example hypergeometricUpper(1, { total: 10, marked: 4, drawn: 3 }) // 0.3333333333333333
 */
export function hypergeometricUpper(k: number, urn: Urn): number {
  const mean = (urn.drawn * urn.marked) / urn.total;
  return k >= mean ? tailSum(Math.floor(k) + 1, 1, urn) : 1 - tailSum(Math.floor(k), -1, urn);
}

/** From k outwards, each term from the one before by the ratio of the two, until nothing changes. */
function tailSum(from: number, step: 1 | -1, urn: Urn): number {
  const { total, marked, drawn } = urn;
  const [least, most] = [Math.max(0, drawn + marked - total), Math.min(marked, drawn)];
  const start = step === 1 ? Math.max(from, least) : Math.min(from, most);
  if (start < least || start > most) return 0;
  let term = hypergeometricPoint(start, urn);
  let sum = term;
  for (let k = start; term > sum * NOTHING; k += step) {
    const other = total - marked - drawn + k;
    term *=
      step === 1
        ? ((marked - k) * (drawn - k)) / ((k + 1) * (other + 1))
        : (k * other) / ((marked - k + 1) * (drawn - k + 1));
    sum += term;
  }
  return Math.min(1, sum);
}

const NOTHING = 1e-17;
