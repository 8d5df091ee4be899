import { andersonDarlingVariance } from './anderson-darling-variance.ts';
import { ascendingOrder } from './ascending-order.ts';
import { seededRandom } from './seeded-random.ts';

export interface AndersonDarlingKSample {
  /** Over the right-continuous empirical distribution functions: Scholz & Stephens' A²kN. */
  readonly rightEmpirical: number;
  /** Ties shared half and half: their A²akN. */
  readonly midRank: number;
  /** Both less k − 1, their mean when nothing differs, over their standard deviation: what scipy and tables give. */
  readonly standardised: { readonly rightEmpirical: number; readonly midRank: number };
  /** By permutation of the mid-rank statistic. */
  readonly pValue: number;
}

/** Statistics that are equal but for rounding count as equal. */
const SAME = 1e-9;

/**
 * Anderson–Darling test of k samples: did all come from one distribution? For two, `andersonDarling` is faster and has a limit law. NaN must
 * not occur.
 *
 * Definition: Σᵢ nᵢ⁻¹ Σⱼ (lⱼ/N)(N·Mᵢⱼ − nᵢBⱼ)²/(Bⱼ(N − Bⱼ)) over the different values j, and its mid-rank form; seeded permutation p, (1 + count)/(1 + B), where
 * scipy clips to [0.001, 0.25]. Reference: Scholz & Stephens (1987), JASA 82(399), equations 6 and 7; scipy.stats.anderson_ksamp.
 * Complexity: O(B·k·N).
 *
 * @example andersonDarlingKSample([[1, 2], [3, 4], [5, 6]], { seed: 1 }).midRank // 3.589…
 */
export function andersonDarlingKSample(
  samples: readonly ArrayLike<number>[],
  options: { readonly seed: number; readonly permutations?: number },
): AndersonDarlingKSample {
  const { seed, permutations = 999 } = options;
  const sizes = samples.map((sample) => sample.length);
  const values = Float64Array.from(samples.flatMap((sample) => Array.from(sample)));
  const order = ascendingOrder(values);
  const owners = Uint32Array.from(samples.flatMap((sample, i) => Array.from(sample, () => i)));
  const labels = order.map((at) => owners[at] ?? 0);
  const ends: number[] = [];
  order.forEach((at, place) => {
    if (values[at] !== values[order[place + 1] ?? -1]) ends.push(place + 1);
  });
  const [rightEmpirical, midRank] = [rightStatistic(labels, ends, sizes), midRankStatistic(labels, ends, sizes)];
  const deviation = Math.sqrt(andersonDarlingVariance(sizes) ?? NaN);
  const standard = (statistic: number) => (statistic - (samples.length - 1)) / deviation;
  const random = seededRandom(seed);
  let atLeast = 0;
  for (let permutation = 0; permutation < permutations; permutation++) {
    for (let i = labels.length - 1; i > 0; i--) {
      const other = random.index(i + 1);
      const kept = labels[i] ?? 0;
      labels[i] = labels[other] ?? 0;
      labels[other] = kept;
    }
    if (midRankStatistic(labels, ends, sizes) >= midRank * (1 - SAME)) atLeast++;
  }
  return {
    rightEmpirical,
    midRank,
    standardised: { rightEmpirical: standard(rightEmpirical), midRank: standard(midRank) },
    pValue: (1 + atLeast) / (1 + permutations),
  };
}

function rightStatistic(labels: Uint32Array, ends: readonly number[], sizes: readonly number[]): number {
  const total = labels.length;
  return blockSum(labels, ends, sizes, (block) => {
    if (block.end === total) return 0;
    const gap = total * (block.before + block.here) - block.size * block.end;
    return (gap * gap) / (block.end * (total - block.end));
  });
}

function midRankStatistic(labels: Uint32Array, ends: readonly number[], sizes: readonly number[]): number {
  const total = labels.length;
  const sum = blockSum(labels, ends, sizes, (block) => {
    const tied = block.end - block.start;
    const below = block.start + tied / 2;
    const room = below * (total - below) - (total * tied) / 4;
    if (room <= 0) return 0;
    const gap = total * (block.before + block.here / 2) - block.size * below;
    return (gap * gap) / room;
  });
  return (sum * (total - 1)) / total;
}

interface SampleInBlock {
  /** Places of the pooled order that the block takes up. */
  readonly start: number;
  readonly end: number;
  /** How many of the sample's values are before the block, and in it; and how many it has. */
  readonly before: number;
  readonly here: number;
  readonly size: number;
}

/** Σᵢ nᵢ⁻¹ Σⱼ (lⱼ/N) · term. */
function blockSum(
  labels: Uint32Array,
  ends: readonly number[],
  sizes: readonly number[],
  term: (block: SampleInBlock) => number,
): number {
  const before = sizes.map(() => 0);
  let [sum, start] = [0, 0];
  for (const end of ends) {
    const here = sizes.map(() => 0);
    for (let at = start; at < end; at++) {
      const i = labels[at] ?? 0;
      here[i] = (here[i] ?? 0) + 1;
    }
    sizes.forEach((size, i) => {
      const [past, now] = [before[i] ?? 0, here[i] ?? 0];
      sum += (((end - start) / labels.length) * term({ start, end, before: past, here: now, size })) / size;
      before[i] = past + now;
    });
    start = end;
  }
  return sum;
}
