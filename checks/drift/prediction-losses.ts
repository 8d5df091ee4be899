import type { Column } from '../../serving/model/table.ts';
import { comparableColumn, type ComparableColumn } from './comparable-column.ts';
import type { Losses } from './relation-losses.ts';

/** A number with at most this many different whole values is a class. */
const MOST_CLASSES = 10;
const CLIP = Number.EPSILON;

/** A label as classes, in ascending order, when it holds text or few whole numbers; else as numbers. */
export function labelColumn(reference: Column, window: Column): ComparableColumn | undefined {
  const column = comparableColumn(reference, window);
  if (column?.kind !== 'number') return column;
  const values = new Set<number>();
  for (const side of [column.reference, column.window]) {
    for (const value of side) {
      if (Number.isNaN(value)) continue;
      values.add(value);
      if (values.size > MOST_CLASSES || !Number.isInteger(value)) return column;
    }
  }
  const ordered = [...values].toSorted((a, b) => a - b);
  const coded = (side: Float64Array) =>
    Int32Array.from(side, (value) => (Number.isNaN(value) ? -1 : ordered.indexOf(value)));
  return {
    kind: 'category',
    dictionary: ordered.map(String),
    reference: coded(column.reference),
    window: coded(column.window),
  };
}

/**
 * What recorded predictions cost, row by row: log loss of a probability of the second of two classes, wrong decisions for predicted
 * classes, absolute error for numbers. Rows without label or prediction are left out.
 */
export function predictionLosses(prediction: ComparableColumn, label: ComparableColumn): Losses | undefined {
  const kind = lossKind(prediction, label);
  if (kind === undefined) return undefined;
  const of = lossOf(kind, prediction, label);
  const side = (which: 'reference' | 'window') =>
    Float64Array.from(label[which], (truth, row) => of(prediction[which][row] ?? NaN, truth)).filter(
      (loss) => !Number.isNaN(loss),
    );
  return { loss: kind, model: 'the recorded predictions', reference: side('reference'), window: side('window') };
}

function lossKind(prediction: ComparableColumn, label: ComparableColumn): Losses['loss'] | undefined {
  if (label.kind === 'number') return prediction.kind === 'number' ? 'absolute error' : undefined;
  if (prediction.kind === 'category') return 'wrong decision';
  const isProbability = [prediction.reference, prediction.window].every((side) =>
    side.every((value) => Number.isNaN(value) || (value >= 0 && value <= 1)),
  );
  return label.dictionary.length === 2 && isProbability ? 'log loss' : 'wrong decision';
}

function lossOf(
  kind: Losses['loss'],
  prediction: ComparableColumn,
  label: ComparableColumn,
): (prediction: number, truth: number) => number {
  if (kind === 'absolute error') return (value, truth) => Math.abs(value - truth);
  const isMissing = (truth: number) => Number.isNaN(truth) || truth < 0;
  if (kind === 'log loss') {
    return (p, code) => {
      if (isMissing(code) || Number.isNaN(p)) return NaN;
      return -Math.log(Math.max(CLIP, code === 1 ? p : 1 - p));
    };
  }
  const name = (value: number) => (prediction.kind === 'category' ? prediction.dictionary[value] : String(value));
  const names = label.kind === 'category' ? label.dictionary : [];
  return (value, code) => {
    const isUnknown = isMissing(code) || Number.isNaN(value) || (prediction.kind === 'category' && value < 0);
    return isUnknown ? NaN : name(value) === names[code] ? 0 : 1;
  };
}
