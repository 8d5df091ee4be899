import type { MergedTies } from '../stats/merged-ties.ts';
import { PERMUTED_ROWS, permutedSides } from '../stats/permuted-sides.ts';
import { seededRandom } from '../stats/seeded-random.ts';
import { wassersteinOfTies } from '../stats/wasserstein.ts';

export interface WassersteinTest {
  readonly statistic: number;
  readonly pValue: number;
  readonly method: 'permutation' | 'simulated';
}

const SIMULATIONS = 999;
/** Times as many, the observed one counted, are drawn where none of the first came near: 9,999. */
const MORE = 10;
/** Places of the pooled order at which a bridge is drawn; the tails get more of their own. */
const KNOTS = 256;
/** Single values at either end that are knots of their own: far apart in a heavy tail, few of them make much of the distance. */
const ENDS = 48;

/**
 * The p-value of a Wasserstein distance: by 999 permutations of the rows up to 2,000 rows a side, above by its limit law, the area under a Brownian bridge
 * along the pooled distribution, ∫ |B(F(x))| dx · √(1/n + 1/m), simulated (del Barrio, Giné & Matrán 1999). Seeded; (1 + count)/(1 + draws).
 */
export function wassersteinTest(ties: MergedTies, seed: number, draws: number = SIMULATIONS): WassersteinTest {
  const statistic = wassersteinOfTies(ties);
  if (Math.max(ties.n, ties.m) <= PERMUTED_ROWS) {
    const { n, m, values, first, second } = ties;
    const ends = first.map((below, k) => below + (second[k] ?? 0));
    const distance = (side: Uint32Array) => {
      let sum = 0;
      for (let k = 1; k < side.length; k++) {
        const below = side[k - 1] ?? 0;
        const gap = Math.abs(below / n - ((ends[k - 1] ?? 0) - below) / m);
        sum += gap * ((values[k] ?? 0) - (values[k - 1] ?? 0));
      }
      return sum;
    };
    return { statistic, pValue: permutedSides(ties, distance, seed, draws), method: 'permutation' };
  }
  return { statistic, pValue: bridged(ties, statistic, seed, draws), method: 'simulated' };
}

function bridged(ties: MergedTies, statistic: number, seed: number, draws: number): number {
  const knots = knotsOf(ties);
  const scale = Math.sqrt(1 / ties.n + 1 / ties.m);
  const random = seededRandom(seed);
  let [atLeast, drawn] = [0, 0];
  while (drawn < draws || (atLeast === 0 && drawn < MORE * (draws + 1) - 1)) {
    // A bridge is a Brownian path, drawn knot by knot, of which the next value depends on how far the end is.
    let [area, level, before] = [0, 0, 0];
    for (const { share, step, width, isNext } of knots) {
      const rest = 1 - (share - step);
      const mean = (level * (1 - share)) / rest;
      level = mean + Math.sqrt((step * (1 - share)) / rest) * random.normal();
      // Between two neighbouring values the distance is that at the lower one; over many it lies between both ends.
      area += (isNext ? Math.abs(before) : (Math.abs(before) + Math.abs(level)) / 2) * width;
      before = level;
    }
    if (area * scale >= statistic) atLeast++;
    drawn++;
  }
  return (1 + atLeast) / (1 + drawn);
}

interface Knot {
  /** The pooled distribution function here, and how much it grew since the knot before. */
  readonly share: number;
  readonly step: number;
  /** How far the values are from the knot before. */
  readonly width: number;
  /** The knot before is the next lower value. */
  readonly isNext: boolean;
}

function knotsOf({ n, m, values, first, second }: MergedTies): readonly Knot[] {
  const rows = n + m;
  const shareAt = (block: number) => ((first[block] ?? 0) + (second[block] ?? 0)) / rows;
  const even = Array.from({ length: KNOTS }, (_, i) => i / (KNOTS - 1));
  const tails = Array.from({ length: Math.ceil(Math.log2(rows)) }, (_, i) => 0.5 ** (i + 1));
  const blocks = [...even, ...tails, ...tails.map((share) => 1 - share)].map((share) =>
    blockAt(share, values.length, shareAt),
  );
  const ends = Array.from({ length: Math.min(ENDS, values.length) }, (_, i) => [i, values.length - 1 - i]).flat();
  const knots: Knot[] = [];
  let [share, value, previous] = [0, values[0] ?? 0, -1];
  for (const block of [...new Set([...blocks, ...ends])].toSorted((a, b) => a - b)) {
    const [nextShare, nextValue] = [Math.min(1, shareAt(block)), values[block] ?? value];
    knots.push({
      share: nextShare,
      step: nextShare - share,
      width: nextValue - value,
      isNext: block === previous + 1,
    });
    [share, value, previous] = [nextShare, nextValue, block];
  }
  // The bridge ends at 0, where all rows are counted.
  return knots.filter(({ step }) => step > 0);
}

/** The first tie block at which the pooled distribution function reaches a share. */
function blockAt(share: number, blocks: number, shareAt: (block: number) => number): number {
  let [low, high] = [0, blocks - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (shareAt(middle) < share) low = middle + 1;
    else high = middle;
  }
  return low;
}
