import { foldsOf } from '../baseline/folds.ts';
import { rocAuc } from '../stats/roc-auc.ts';
import { seededRandom } from '../stats/seeded-random.ts';
import { binnedRows, type BinnedRows } from './binned-rows.ts';
import { boostedScore, fitBoosted } from './boosted-trees.ts';
import type { ComparableColumn } from './comparable-column.ts';
import { pickedColumn, pickRows } from './picked-rows.ts';

export interface DomainClassifier {
  /** How well a classifier tells the two samples apart on rows it did not see; 0.5 is not at all. */
  readonly auc: number;
  readonly pValue: number;
  readonly permutations: number;
  /** Rows a side that were used. */
  readonly rows: { readonly reference: number; readonly window: number };
}

const PERMUTATIONS = 199;
const MOST_PERMUTATIONS = 4999;
/** Fewer rows a side cannot be told apart by anything that is fitted. */
const FEWEST_ROWS = 20;
const FOLDS = 2;
const BOOSTING = { loss: 'logistic', rounds: 8, depth: 3, rate: 0.3, leafWeight: 2.5 } as const;

/**
 * Do all columns together tell reference and window apart? Small boosted trees, cross-fitted in two folds; the mean of the folds'
 * AUC against the same after permuting which row is whose and fitting again, (1 + count)/(1 + B). B is 199; when no permutation
 * comes near and the AUC matters, as many more are drawn as a family of tests needs to call it significant.
 */
export function domainClassifier(
  columns: readonly ComparableColumn[],
  options: {
    readonly seed: number;
    readonly effect: number;
    readonly needed: number;
    /** Fewer, where many tests are simulated. */
    readonly permutations?: number;
  },
): DomainClassifier | undefined {
  const reference = columns[0]?.reference.length ?? 0;
  const window = columns[0]?.window.length ?? 0;
  if (columns.length === 0 || Math.min(reference, window) < FEWEST_ROWS) return undefined;
  const random = seededRandom(options.seed);
  const rows = pickRows(reference, window, options.seed);
  const first = rows.reference;
  const binned = binnedRows(columns.map((column) => pickedColumn(column, rows)));
  const isWindow = Uint8Array.from({ length: binned.rows }, (_, row) => (row < first.length ? 0 : 1));
  const folds = foldsOf(binned.rows, FOLDS, options.seed);
  const auc = crossFittedAuc(binned, isWindow, folds);
  let atLeast = 0;
  let drawn = 0;
  const usual = options.permutations ?? PERMUTATIONS;
  let planned = usual;
  while (drawn < planned) {
    shuffle(isWindow, random);
    if (crossFittedAuc(binned, isWindow, folds) >= auc) atLeast++;
    drawn++;
    const stillLeast = drawn === usual && atLeast === 0 && auc >= options.effect;
    if (stillLeast) planned = Math.min(MOST_PERMUTATIONS, Math.max(usual, options.needed));
    // One that comes near settles that the family's limit cannot be reached; what is drawn until then is the p-value.
    if (drawn > usual && atLeast > 0) break;
  }
  return {
    auc,
    pValue: (1 + atLeast) / (1 + drawn),
    permutations: drawn,
    rows: { reference: first.length, window: rows.window.length },
  };
}

function crossFittedAuc(binned: BinnedRows, isWindow: Uint8Array, folds: Uint8Array): number {
  let sum = 0;
  for (let fold = 0; fold < FOLDS; fold++) {
    const own: number[] = [];
    const others: number[] = [];
    for (let row = 0; row < binned.rows; row++) (folds[row] === fold ? own : others).push(row);
    const trees = fitBoosted(binned, Uint32Array.from(others), isWindow, BOOSTING);
    const scores = Float64Array.from(own, (row) => boostedScore(trees, binned, row));
    sum +=
      rocAuc(
        scores,
        Uint8Array.from(own, (row) => isWindow[row] ?? 0),
      ) ?? 0.5;
  }
  return sum / FOLDS;
}

type Random = ReturnType<typeof seededRandom>;

function shuffle(values: Uint8Array, random: Random): void {
  for (let i = values.length - 1; i > 0; i--) {
    const other = random.index(i + 1);
    const kept = values[i] ?? 0;
    values[i] = values[other] ?? 0;
    values[other] = kept;
  }
}
