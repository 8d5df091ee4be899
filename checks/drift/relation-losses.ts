import { foldsOf } from '../baseline/folds.ts';
import { type BinnedColumn, type BinnedRows, joinedColumns, pooledNumbers } from './binned-rows.ts';
import { boostedScore, fitBoosted } from './boosted-trees.ts';
import type { ComparableColumn } from './comparable-column.ts';

/** What each row's label costs a model that knows the inputs: the same kind of loss on both sides. */
export interface Losses {
  readonly loss: 'log loss' | 'absolute error' | 'wrong decision';
  readonly model: string;
  readonly reference: Float64Array;
  readonly window: Float64Array;
}

const FOLDS = 5;
/** Trees learn no more from further rows than a mean loss can show. */
const MOST_FITTED = 20_000;
const MOST_CLASSES = 20;
const CLIP = 1e-6;

/**
 * Per-row losses of boosted trees that learnt the label from the inputs on the reference, cross-fitted in five folds. Each window
 * row is answered by one of the five models, chosen by its number, so that both sides are answered by models of equal age.
 * Undefined for too many classes, or fewer rows than folds can be made of.
 */
export function crossFittedLosses(
  inputs: readonly BinnedColumn[],
  label: ComparableColumn,
  seed: number,
): Losses | undefined {
  const [first, second] = [label.reference.length, label.window.length];
  if (inputs.length === 0 || first < FOLDS * 20 || second === 0) return undefined;
  const binned = joinedColumns(inputs);
  const isMissing = (row: number) => {
    const value = row < first ? label.reference[row] : label.window[row - first];
    return value === undefined || Number.isNaN(value) || (label.kind === 'category' && value < 0);
  };
  const folds = foldsOf(first, FOLDS, seed);
  const foldOf = (row: number) => (row < first ? (folds[row] ?? 0) : (row - first) % FOLDS);
  const known = Uint32Array.from({ length: first + second }, (_, row) => row).filter((row) => !isMissing(row));
  const fitting = { binned, known, foldOf, first };
  const losses =
    label.kind === 'number'
      ? numberLosses(fitting, pooledNumbers(label.reference, label.window))
      : classLosses(fitting, pooledNumbers(label.reference, label.window), label.dictionary.length);
  if (losses === undefined) return undefined;
  return {
    loss: label.kind === 'number' ? 'absolute error' : 'log loss',
    model: 'boosted trees, cross-fitted on the reference',
    reference: losses.filter((_, i) => (known[i] ?? 0) < first),
    window: losses.filter((_, i) => (known[i] ?? 0) >= first),
  };
}

interface Fitting {
  readonly binned: BinnedRows;
  /** Rows with a label, of both sides. */
  readonly known: Uint32Array;
  readonly foldOf: (row: number) => number;
  /** Rows of the reference come first. */
  readonly first: number;
}

function numberLosses(fitting: Fitting, target: Float64Array): Float64Array {
  const scores = crossFitted(fitting, target, 'squared');
  return Float64Array.from(fitting.known, (row) => Math.abs((scores[row] ?? 0) - (target[row] ?? 0)));
}

/** Log loss; several classes are each told from the rest and made to add up to 1. */
function classLosses(fitting: Fitting, codes: Float64Array, classes: number): Float64Array | undefined {
  if (classes > MOST_CLASSES) return undefined;
  const told = classes === 2 ? [1] : Array.from({ length: classes }, (_, k) => k);
  const shares = told.map((k) => {
    const target = Float64Array.from(codes, (code) => (code === k ? 1 : 0));
    return crossFitted(fitting, target, 'logistic').map((score) => 1 / (1 + Math.exp(-score)));
  });
  return Float64Array.from(fitting.known, (row) => {
    const truth = codes[row] ?? 0;
    const given = shares.map((share) => share[row] ?? 0);
    const total = given.reduce((sum, share) => sum + share, 0);
    const [positive = 0] = given;
    const p = classes === 2 ? (truth === 1 ? positive : 1 - positive) : (given[truth] ?? 0) / total;
    return -Math.log(Math.min(1, Math.max(CLIP, p)));
  });
}

function crossFitted(
  { binned, known, foldOf, first }: Fitting,
  target: Float64Array,
  loss: 'logistic' | 'squared',
): Float64Array {
  const scores = new Float64Array(binned.rows);
  for (let fold = 0; fold < FOLDS; fold++) {
    const others = known.filter((row) => row < first && foldOf(row) !== fold);
    const every = Math.max(1, Math.ceil(others.length / MOST_FITTED));
    const fitted = others.filter((_, i) => i % every === 0);
    const trees = fitBoosted(binned, fitted, target, {
      loss,
      rounds: 60,
      depth: 3,
      rate: 0.15,
      leafWeight: loss === 'logistic' ? 2 : 20,
    });
    for (const row of known) if (foldOf(row) === fold) scores[row] = boostedScore(trees, binned, row);
  }
  return scores;
}
