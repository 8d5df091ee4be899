import { energyDistance } from '../stats/energy-distance.ts';
import { maximumMeanDiscrepancy } from '../stats/maximum-mean-discrepancy.ts';
import { pcaReconstruction } from '../stats/pca-reconstruction.ts';
import { type Points, pointsOf, standardisedTogether } from '../stats/points.ts';
import type { ComparableColumn } from './comparable-column.ts';
import { domainClassifier } from './domain-classifier.ts';

/** Tests of all input columns together. */
export const jointMethods = ['domain-classifier', 'mmd', 'energy', 'pca', 'none'] as const;
export type JointMethod = (typeof jointMethods)[number];

export interface JointTest {
  readonly method: 'domain classifier' | 'mmd' | 'energy' | 'pca';
  readonly statistic: number;
  readonly pValue: number;
  /** None where the p-value has a law of its own. */
  readonly permutations?: number;
}

export interface JointOptions {
  readonly method: JointMethod;
  readonly seed: number;
  /** The least AUC that matters, and the permutations that a family of tests needs to call the least p-value significant. */
  readonly effect: number;
  readonly needed: number;
  /** Exactly so many instead, where many tests are simulated. */
  readonly permutations?: number;
}

/** Fewer rows a side tell nothing about columns together. */
const FEWEST_ROWS = 20;

/** Undefined with fewer than two columns or 20 rows a side. At most 1,000 rows a side are compared. */
export function jointTest(columns: readonly ComparableColumn[], options: JointOptions): JointTest | undefined {
  const [first] = columns;
  if (first === undefined || columns.length < 2 || options.method === 'none') return undefined;
  if (Math.min(first.reference.length, first.window.length) < FEWEST_ROWS) return undefined;
  if (options.method === 'domain-classifier') {
    const found = domainClassifier(columns, options);
    if (found === undefined) return undefined;
    return {
      method: 'domain classifier',
      statistic: found.auc,
      pValue: found.pValue,
      permutations: found.permutations,
    };
  }
  const [reference, window] = pointsOfSides(columns);
  const { seed } = options;
  if (options.method === 'pca') {
    const found = pcaReconstruction(reference, window, { seed });
    return found === undefined ? undefined : { method: 'pca', statistic: found.statistic, pValue: found.pValue };
  }
  const together = standardisedTogether(reference, window);
  const test = options.method === 'mmd' ? maximumMeanDiscrepancy : energyDistance;
  const permutations = options.permutations ?? Math.max(999, Math.min(MOST_PERMUTATIONS, options.needed));
  const found = test(together.first, together.second, { seed, permutations });
  return { method: options.method, statistic: found.statistic, pValue: found.pValue, permutations: found.permutations };
}

/** Each permutation looks at all pairs of rows. */
const MOST_PERMUTATIONS = 4999;
/** Rarer categories say nothing in a distance. */
const MOST_CATEGORIES = 10;

/** Numbers as they are, the pooled mean where one is missing; what is missing, and each frequent category, as a column of zeros and ones. */
function pointsOfSides(columns: readonly ComparableColumn[]): readonly [Points, Points] {
  const sides = columns.map((column) => (column.kind === 'number' ? numberAxes(column) : categoryAxes(column)));
  return [pointsOf(sides.flatMap(({ reference }) => reference)), pointsOf(sides.flatMap(({ window }) => window))];
}

interface Axes {
  readonly reference: readonly Float64Array[];
  readonly window: readonly Float64Array[];
}

function numberAxes({ reference, window }: Extract<ComparableColumn, { kind: 'number' }>): Axes {
  let [sum, count] = [0, 0];
  for (const side of [reference, window]) {
    for (const value of side) {
      if (!Number.isFinite(value)) continue;
      sum += value;
      count++;
    }
  }
  const mean = count === 0 ? 0 : sum / count;
  const filled = (side: Float64Array) => side.map((value) => (Number.isFinite(value) ? value : mean));
  if (count === reference.length + window.length) return { reference: [reference], window: [window] };
  const gaps = (side: Float64Array) => side.map((value) => (Number.isFinite(value) ? 0 : 1));
  return { reference: [filled(reference), gaps(reference)], window: [filled(window), gaps(window)] };
}

function categoryAxes({ dictionary, reference, window }: Extract<ComparableColumn, { kind: 'category' }>): Axes {
  const counts = new Map<number, number>();
  for (const side of [reference, window]) for (const code of side) counts.set(code, (counts.get(code) ?? 0) + 1);
  const common = [...counts.keys()]
    .filter((code) => code < dictionary.length)
    .toSorted((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0) || a - b)
    .slice(0, MOST_CATEGORIES);
  const axes = (side: Int32Array) => common.map((code) => Float64Array.from(side, (each) => (each === code ? 1 : 0)));
  return { reference: axes(reference), window: axes(window) };
}
