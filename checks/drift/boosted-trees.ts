import type { BinnedRows } from './binned-rows.ts';

/**
 * Gradient-boosted trees on binned rows, small and deterministic: what tells two samples apart, and what learns how a label depends
 * on its inputs when no model's predictions are there. Level by level on histograms, Newton leaves.
 * Reference: Friedman (2001), Annals of Statistics 29(5); Ke et al. (2017), LightGBM, for histograms and for ordering categories by gradient.
 */
export interface BoostedTrees {
  readonly start: number;
  readonly trees: readonly Tree[];
}

export interface BoostingOptions {
  /** `logistic`: targets 0 and 1, scores are log odds. `squared`: targets and scores are numbers. */
  readonly loss: 'logistic' | 'squared';
  readonly rounds: number;
  readonly depth: number;
  readonly rate: number;
  /** Least weight of a leaf: its rows, for `logistic` each times p(1 − p), a quarter at most. */
  readonly leafWeight: number;
}

interface Tree {
  /** Nodes in heap order from 1; undefined below a leaf. */
  readonly splits: readonly (Split | undefined)[];
  readonly leaves: Float64Array;
}

interface Split {
  readonly feature: number;
  /** 1 where a bin goes left. */
  readonly left: Uint8Array;
}

/** Weight of a leaf's squared value: keeps leaves of few rows near 0. */
const PENALTY = 1;
const LEAST_GAIN = 1e-9;
const LEAST_SHARE = 1e-6;

export function fitBoosted(
  binned: BinnedRows,
  rows: Uint32Array,
  target: ArrayLike<number>,
  options: BoostingOptions,
): BoostedTrees {
  const mean = rows.reduce((sum, row) => sum + target[row], 0) / Math.max(1, rows.length);
  const clipped = Math.min(1 - LEAST_SHARE, Math.max(LEAST_SHARE, mean));
  const start = options.loss === 'logistic' ? Math.log(clipped / (1 - clipped)) : mean;
  const scores = new Float64Array(rows.length).fill(start);
  const slopes = { pull: new Float64Array(rows.length), weight: new Float64Array(rows.length).fill(1) };
  const own = ownBins(binned, rows);
  const trees: Tree[] = [];
  for (let round = 0; round < options.rounds; round++) {
    takeSlopes(slopes, rows, target, scores, options.loss);
    const { tree, nodes } = growTree(binned, own, slopes, options);
    trees.push(tree);
    for (let i = 0; i < scores.length; i++) scores[i] += tree.leaves[nodes[i]];
  }
  return { start, trees };
}

/** The score of one row: log odds, or a number. */
export function boostedScore({ start, trees }: BoostedTrees, { bins, features }: BinnedRows, row: number): number {
  let score = start;
  for (const { splits, leaves } of trees) {
    let node = 1;
    for (let split = splits[1]; split !== undefined; split = splits[node]) {
      node = 2 * node + 1 - split.left[bins[row * features.length + split.feature]];
    }
    score += leaves[node];
  }
  return score;
}

interface Slopes {
  readonly pull: Float64Array;
  readonly weight: Float64Array;
}

/** First and second derivative of each row's loss in its score. */
function takeSlopes(
  { pull, weight }: Slopes,
  rows: Uint32Array,
  target: ArrayLike<number>,
  scores: Float64Array,
  loss: BoostingOptions['loss'],
): void {
  for (let i = 0; i < rows.length; i++) {
    const wanted = target[rows[i]];
    if (loss === 'squared') {
      pull[i] = wanted - scores[i];
      continue;
    }
    const p = 1 / (1 + Math.exp(-scores[i]));
    pull[i] = wanted - p;
    weight[i] = p * (1 - p);
  }
}

/** The fitted rows' bins side by side, so that histograms read memory in order. */
function ownBins({ bins, features }: BinnedRows, rows: Uint32Array): Uint8Array {
  const width = features.length;
  const own = new Uint8Array(rows.length * width);
  rows.forEach((row, i) => own.set(bins.subarray(row * width, (row + 1) * width), i * width));
  return own;
}

function growTree(
  { features }: BinnedRows,
  bins: Uint8Array,
  slopes: Slopes,
  { depth, rate, leafWeight }: BoostingOptions,
): { readonly tree: Tree; readonly nodes: Uint16Array } {
  const width = features.length;
  const splits: (Split | undefined)[] = [];
  const nodes = new Uint16Array(slopes.pull.length).fill(1);
  for (let level = 0; level < depth; level++) {
    const first = 2 ** level;
    const histograms = histogramsOf(features, bins, nodes, slopes, first);
    for (let node = first; node < 2 * first; node++)
      splits[node] = bestSplit(features, histograms, node - first, leafWeight);
    for (let i = 0; i < nodes.length; i++) {
      const split = splits[nodes[i]];
      // A row whose node is a leaf keeps it: its number is below the next level's, and nothing splits there.
      if (nodes[i] >= first && split !== undefined)
        nodes[i] = 2 * nodes[i] + 1 - split.left[bins[i * width + split.feature]];
    }
  }
  const leaves = new Float64Array(2 ** (depth + 1));
  const weights = new Float64Array(leaves.length);
  for (let i = 0; i < nodes.length; i++) {
    leaves[nodes[i]] += slopes.pull[i];
    weights[nodes[i]] += slopes.weight[i];
  }
  for (let node = 0; node < leaves.length; node++) leaves[node] *= rate / (weights[node] + PENALTY);
  return { tree: { splits, leaves }, nodes };
}

interface Histograms {
  /** Sum of pulls and of weights by turns, by node, feature and bin. */
  readonly sums: Float64Array;
  /** Where each feature's bins begin. */
  readonly offsets: Uint32Array;
  /** Bins of all features: a node's histogram holds twice as many numbers. */
  readonly width: number;
}

type Features = BinnedRows['features'];

function histogramsOf(
  features: Features,
  bins: Uint8Array,
  nodes: Uint16Array,
  { pull, weight }: Slopes,
  first: number,
): Histograms {
  const offsets = new Uint32Array(features.length);
  let width = 0;
  features.forEach(({ count }, feature) => {
    offsets[feature] = width;
    width += count;
  });
  const sums = new Float64Array(2 * width * first);
  const count = features.length;
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i] - first;
    if (node < 0) continue;
    const [p, w] = [pull[i], weight[i]];
    const base = node * width;
    for (let feature = 0; feature < count; feature++) {
      const at = 2 * (base + offsets[feature] + bins[i * count + feature]);
      sums[at] += p;
      sums[at + 1] += w;
    }
  }
  return { sums, offsets, width };
}

/** The split with the greatest gain over all features; undefined when none gains. */
function bestSplit(
  features: Features,
  { sums, offsets, width }: Histograms,
  node: number,
  leafWeight: number,
): Split | undefined {
  let best = { gain: LEAST_GAIN, feature: -1, cut: -1 };
  let bestOrder: Uint8Array | undefined;
  let [allPull, allWeight] = [0, 0];
  const start = 2 * node * width;
  // Every feature's bins add up to the node's sums; the first feature's will do.
  for (let bin = 0; bin < (features[0]?.count ?? 0); bin++) {
    allPull += sums[start + 2 * bin];
    allWeight += sums[start + 2 * bin + 1];
  }
  if (allWeight < 2 * leafWeight) return undefined;
  const whole = allPull ** 2 / (allWeight + PENALTY);
  features.forEach(({ count, ordered }, feature) => {
    const from = start + 2 * offsets[feature];
    const order = ordered ? undefined : orderBySlope(sums, from, count);
    let [p, w] = [0, 0];
    for (let cut = 0; cut < count - 1; cut++) {
      const at = from + 2 * (order === undefined ? cut : order[cut]);
      p += sums[at];
      w += sums[at + 1];
      if (w < leafWeight || allWeight - w < leafWeight) continue;
      const gain = p ** 2 / (w + PENALTY) + (allPull - p) ** 2 / (allWeight - w + PENALTY) - whole;
      if (gain <= best.gain) continue;
      best = { gain, feature, cut };
      bestOrder = order;
    }
  });
  if (best.feature < 0) return undefined;
  const left = new Uint8Array(features[best.feature]?.count ?? 0);
  for (let place = 0; place <= best.cut; place++) left[bestOrder === undefined ? place : bestOrder[place]] = 1;
  return { feature: best.feature, left };
}

/** Bins by how much they pull: a category's best partition is a cut of this order. Reference: Fisher (1958). */
function orderBySlope(sums: Float64Array, from: number, count: number): Uint8Array {
  const slope = (bin: number) => sums[from + 2 * bin] / (sums[from + 2 * bin + 1] + PENALTY);
  return Uint8Array.from({ length: count }, (_, bin) => bin).sort((a, b) => slope(a) - slope(b));
}
