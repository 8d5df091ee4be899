import { mean } from 'simple-statistics';
import type { Sums } from './metric.ts';
import { decisionOf } from './per-row.ts';
import type { ScoredRows } from './scored-rows.ts';

/** One class's share of the confusion matrix, in rows (or their weights). */
export interface ClassCounts {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly trueNegatives: number;
}

/** A number that is made of the classes' counts; undefined where a denominator is 0. */
export type OfClasses = (classes: readonly ClassCounts[]) => number | undefined;
export type OfClass = (counts: ClassCounts) => number | undefined;

/** Metrics of the confusion matrix: one sum a cell (truth × decision). */
export function confusionSums(rows: ScoredRows, valueOf: OfClasses): Sums {
  const classes = rows.task === 'multiclass' ? rows.classes : 2;
  const cells = Uint32Array.from(
    { length: rows.rows },
    (_, row) => (rows.truth[row] ?? 0) * classes + decisionOf(rows, row),
  );
  return {
    width: classes * classes,
    add: (row, weight, sums) => {
      const cell = cells[row] ?? 0;
      sums[cell] = (sums[cell] ?? 0) + weight;
    },
    value: (sums) => valueOf(countsOf(sums, classes)),
  };
}

function countsOf(sums: Float64Array, classes: number): readonly ClassCounts[] {
  const total = sums.reduce((sum, each) => sum + each, 0);
  return Array.from({ length: classes }, (_, k) => {
    const truePositives = sums[k * classes + k] ?? 0;
    let [falseNegatives, falsePositives] = [0, 0];
    for (let other = 0; other < classes; other++) {
      if (other === k) continue;
      falseNegatives += sums[k * classes + other] ?? 0;
      falsePositives += sums[other * classes + k] ?? 0;
    }
    return {
      truePositives,
      falsePositives,
      falseNegatives,
      trueNegatives: total - truePositives - falsePositives - falseNegatives,
    };
  });
}

/** Of a binary model: the positive class, which is the second. */
export function ofPositiveClass(ofClass: OfClass): OfClasses {
  return ([, positive]) => (positive === undefined ? undefined : ofClass(positive));
}

/** The plain mean over the classes that occur in truth or decisions; one that is never found, or never there, counts as 0. As scikit-learn's `macro`. */
export function macroAverage(ofClass: OfClass): OfClasses {
  return (classes) => {
    const values = classes.filter(occurs).map((counts) => ofClass(counts) ?? 0);
    return values.length === 0 ? undefined : mean(values);
  };
}

/** The mean over classes, each weighed by its rows. As scikit-learn's `weighted`. */
export function weightedAverage(ofClass: OfClass): OfClasses {
  return (classes) => {
    let [sum, rows] = [0, 0];
    for (const counts of classes) {
      const support = supportOf(counts);
      sum += support * (ofClass(counts) ?? 0);
      rows += support;
    }
    return rows === 0 ? undefined : sum / rows;
  };
}

/** Of all classes' counts added up. As scikit-learn's `micro`. */
export function microAverage(ofClass: OfClass): OfClasses {
  return (classes) =>
    ofClass(
      classes.reduce<ClassCounts>(
        (all, each) => ({
          truePositives: all.truePositives + each.truePositives,
          falsePositives: all.falsePositives + each.falsePositives,
          falseNegatives: all.falseNegatives + each.falseNegatives,
          trueNegatives: all.trueNegatives + each.trueNegatives,
        }),
        { truePositives: 0, falsePositives: 0, falseNegatives: 0, trueNegatives: 0 },
      ),
    );
}

/** The mean recall of the classes that the truth shows. As scikit-learn's balanced_accuracy_score. */
export const balancedAccuracy: OfClasses = (classes) => {
  const recalls = classes
    .filter((counts) => supportOf(counts) > 0)
    .map((counts) => counts.truePositives / supportOf(counts));
  return recalls.length === 0 ? undefined : mean(recalls);
};

/**
 * Correlation of truth and decisions over any number of classes; 0 where either never varies. Reference: Gorodkin (2004); as scikit-learn's
 * matthews_corrcoef.
 */
export const matthewsCorrelation: OfClasses = (classes) => {
  const [first] = classes;
  if (first === undefined) return undefined;
  const rows = first.truePositives + first.falsePositives + first.falseNegatives + first.trueNegatives;
  let [right, crossed, ofTruth, ofDecisions] = [0, 0, 0, 0];
  for (const counts of classes) {
    const [truth, decided] = [supportOf(counts), counts.truePositives + counts.falsePositives];
    right += counts.truePositives;
    crossed += truth * decided;
    ofTruth += truth * truth;
    ofDecisions += decided * decided;
  }
  const scale = Math.sqrt((rows * rows - ofTruth) * (rows * rows - ofDecisions));
  if (rows === 0) return undefined;
  return scale === 0 ? 0 : (right * rows - crossed) / scale;
};

function supportOf({ truePositives, falseNegatives }: ClassCounts): number {
  return truePositives + falseNegatives;
}

function occurs({ truePositives, falsePositives, falseNegatives }: ClassCounts): boolean {
  return truePositives + falsePositives + falseNegatives > 0;
}
