import type { PairMatrix } from './pairwise-distances.ts';
import { seededRandom } from './seeded-random.ts';

/** Sums over pairs of different rows, each pair once: both of the first sample, both of the second, one of each. */
export interface PairSums {
  readonly first: number;
  readonly second: number;
  readonly between: number;
}

export interface PairTest {
  readonly statistic: number;
  readonly pValue: number;
}

/** Statistics that are equal but for rounding count as equal. */
const SAME = 1e-12;

/**
 * Permutation test of a statistic that is made of sums over pairs of rows: the matrix is computed once, the shuffles only say whose each
 * row is. Greater means further apart.
 *
 * Definition: (1 + count)/(1 + permutations), count being the shuffles whose statistic is at least the observed one. A shuffle sums the pairs
 * of the smaller sample; the others follow from the sums of the rows. Reference: Gretton et al. (2012), JMLR 13, section 5.4; Phipson &
 * Smyth (2010). Complexity: O(permutations · least(n, m)² / 2).
 *
 * @example permutedPairs(distances, 500, ({ between }) => between, { seed: 1, permutations: 199 })
 */
export function permutedPairs(
  matrix: PairMatrix,
  n: number,
  statistic: (sums: PairSums) => number,
  options: { readonly seed: number; readonly permutations: number },
): PairTest {
  const { size } = matrix;
  const rowSums = rowSumsOf(matrix);
  const whole = rowSums.reduce((sum, row) => sum + row, 0) / 2;
  const few = Math.min(n, size - n);
  const firstIsFew = few === n;
  const sumsOf = (members: Uint32Array): PairSums => {
    const within = pairSum(matrix, members);
    let touching = 0;
    for (const row of members) touching += rowSums[row] ?? 0;
    const between = touching - 2 * within;
    const others = whole - within - between;
    return firstIsFew ? { first: within, second: others, between } : { first: others, second: within, between };
  };
  const order = Uint32Array.from({ length: size }, (_, row) => (firstIsFew ? row : size - 1 - row));
  const observed = statistic(sumsOf(order.slice(0, few).sort()));
  const limit = observed - Math.abs(observed) * SAME;
  const random = seededRandom(options.seed);
  let atLeast = 0;
  for (let permutation = 0; permutation < options.permutations; permutation++) {
    for (let i = 0; i < few; i++) {
      const other = i + random.index(size - i);
      const kept = order[i] ?? 0;
      order[i] = order[other] ?? 0;
      order[other] = kept;
    }
    // Ascending, so that the matrix is read forwards.
    if (statistic(sumsOf(order.slice(0, few).sort())) >= limit) atLeast++;
  }
  return { statistic: observed, pValue: (1 + atLeast) / (1 + options.permutations) };
}

function rowSumsOf({ size, values }: PairMatrix): Float64Array {
  const sums = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    let sum = 0;
    for (let j = 0; j < size; j++) if (j !== i) sum += values[i * size + j] ?? 0;
    sums[i] = sum;
  }
  return sums;
}

function pairSum({ size, values }: PairMatrix, members: Uint32Array): number {
  let sum = 0;
  for (let a = 1; a < members.length; a++) {
    const start = (members[a] ?? 0) * size;
    for (let b = 0; b < a; b++) sum += values[start + (members[b] ?? 0)] ?? 0;
  }
  return sum;
}
