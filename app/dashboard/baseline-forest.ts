import { type Comparison, forestRowOf, lessIsBetter } from './comparisons.ts';
import { type ForestAxis, forestAxisOf, type ForestRow } from '../drawings/forest.ts';

/** Several metrics on one axis, which decides how their differences are told. */
export interface BaselineForest {
  readonly rows: readonly ForestRow[];
  readonly axis: ForestAxis;
  /** How to read the axis, one sentence. */
  readonly reading: string;
}

/** Errors in the label's own unit cannot share an axis with shares; then the margin is the common unit. */
const IN_LABEL_UNITS: ReadonlySet<string> = new Set(['mae', 'rmse']);

export function baselineForest(comparisons: readonly Comparison[]): BaselineForest {
  const inMargins =
    mixed(comparisons, ({ metric }) => IN_LABEL_UNITS.has(metric)) &&
    comparisons.every(({ margin }) => (margin ?? 0) > 0);
  const rows = comparisons.map((comparison) => forestRowOf(comparison, { inMargins }));
  if (inMargins) {
    const reading =
      'Drawn as improvement: right is better. One step is one margin, since these metrics have different units.';
    return { rows, axis: forestAxisOf(rows, 'improvement, in margins'), reading };
  }
  if (mixed(comparisons, ({ metric }) => lessIsBetter(metric))) {
    return {
      rows,
      axis: forestAxisOf(rows, 'improvement'),
      reading: 'Drawn as improvement: right is better, also for ↓ metrics.',
    };
  }
  const turned = comparisons.some(({ metric }) => lessIsBetter(metric));
  const axis = forestAxisOf(rows, 'candidate minus champion', { turned });
  return { rows, axis, reading: turned ? 'Right is better: the axis runs from + to −.' : 'Right is better.' };
}

const mixed = (comparisons: readonly Comparison[], is: (comparison: Comparison) => boolean): boolean =>
  comparisons.some(is) && !comparisons.every(is);
