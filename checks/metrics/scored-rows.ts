import type { Answers, EvaluationData, Labels } from '../evidence/evidence.ts';

/**
 * Answers beside the truth, on the rows whose label is known: what every metric is computed from. Truth is a class number in
 * the model's own order of classes, or a value.
 */
export type ScoredRows = BinaryRows | MulticlassRows | RegressionRows;

export interface BinaryRows {
  readonly task: 'binary';
  readonly rows: number;
  /** 1 where the label is the positive class. */
  readonly truth: Uint8Array;
  readonly scores: Float64Array;
  readonly threshold: number;
  readonly probabilities: boolean;
}
export interface MulticlassRows {
  readonly task: 'multiclass';
  readonly rows: number;
  readonly truth: Int32Array;
  readonly classes: number;
  /** `scores[row * classes + k]`. */
  readonly scores: Float64Array;
  /** The class with the greatest score; the first of equals. */
  readonly decisions: Int32Array;
  readonly probabilities: boolean;
}
export interface RegressionRows {
  readonly task: 'regression';
  readonly rows: number;
  readonly truth: Float64Array;
  readonly scores: Float64Array;
}

export type Scored =
  | { readonly kind: 'scored'; readonly rows: ScoredRows }
  | { readonly kind: 'undefined'; readonly reason: string };

/** The rows, in order, whose label is known: the only ones that can be scored. */
export function labelledRows(labels: Labels): Uint32Array {
  const count = labels.kind === 'classes' ? labels.codes.length : labels.values.length;
  const known = (row: number) =>
    labels.kind === 'classes' ? (labels.codes[row] ?? -1) >= 0 : !Number.isNaN(labels.values[row] ?? NaN);
  return Uint32Array.from({ length: count }, (_, row) => row).filter(known);
}

/** The group numbers of some rows, made dense from 0; undefined when the data have no groups. */
export function groupsOf(data: EvaluationData, rows: Uint32Array): Int32Array | undefined {
  const { groups } = data;
  if (groups === undefined) return undefined;
  const dense = new Map<number, number>();
  return Int32Array.from(rows, (row) => {
    const group = groups[row] ?? -1;
    const known = dense.get(group);
    if (known !== undefined) return known;
    dense.set(group, dense.size);
    return dense.size - 1;
  });
}

/**
 * Joins answers with labels on `rows` (numbers of labelled rows). Undefined, with the reason, where a metric would be
 * meaningless: scores that are not finite, labels of another kind than the task's, a label that is no class of the model.
 */
export function scoredRows(answers: Answers, labels: Labels, rows: Uint32Array): Scored {
  const notFinite = countNotFinite(answers, rows);
  if (notFinite > 0) {
    return {
      kind: 'undefined',
      reason: `${notFinite} of ${rows.length} rows have a score that is not a finite number`,
    };
  }
  if (answers.task === 'regression') return regressionRows(answers.scores, labels, rows);
  if (labels.kind !== 'classes') {
    return { kind: 'undefined', reason: `the label holds numbers, but the model's task is ${answers.task}` };
  }
  const codes = classCodes(labels.classes, answers.classes);
  const foreign = rows.find((row) => (codes[labels.codes[row] ?? -1] ?? -1) < 0);
  if (foreign !== undefined) {
    const found = JSON.stringify(labels.classes[labels.codes[foreign] ?? -1]);
    return {
      kind: 'undefined',
      reason: `the label ${found} (row ${foreign + 1}) is none of the model's classes ${JSON.stringify(answers.classes)}`,
    };
  }
  const truth = Int32Array.from(rows, (row) => codes[labels.codes[row] ?? -1] ?? -1);
  return {
    kind: 'scored',
    rows:
      answers.task === 'binary'
        ? {
            task: 'binary',
            rows: rows.length,
            truth: Uint8Array.from(truth),
            scores: Float64Array.from(rows, (row) => answers.scores[row] ?? NaN),
            threshold: answers.threshold,
            probabilities: answers.probabilities,
          }
        : multiclassRows(answers.scores, answers.classes.length, truth, rows, answers.probabilities),
  };
}

/** Some of the rows, by their place in `rows`. */
export function pickedRows(rows: ScoredRows, places: Uint32Array): ScoredRows {
  const numbers = (values: Float64Array) => Float64Array.from(places, (place) => values[place] ?? NaN);
  switch (rows.task) {
    case 'binary':
      return {
        ...rows,
        rows: places.length,
        truth: Uint8Array.from(places, (place) => rows.truth[place] ?? 0),
        scores: numbers(rows.scores),
      };
    case 'regression':
      return { ...rows, rows: places.length, truth: numbers(rows.truth), scores: numbers(rows.scores) };
    case 'multiclass': {
      const scores = new Float64Array(places.length * rows.classes);
      places.forEach((place, i) => {
        scores.set(rows.scores.subarray(place * rows.classes, (place + 1) * rows.classes), i * rows.classes);
      });
      return {
        ...rows,
        rows: places.length,
        truth: Int32Array.from(places, (place) => rows.truth[place] ?? 0),
        decisions: Int32Array.from(places, (place) => rows.decisions[place] ?? 0),
        scores,
      };
    }
  }
}

function regressionRows(scores: Float64Array, labels: Labels, rows: Uint32Array): Scored {
  if (labels.kind !== 'values') {
    return { kind: 'undefined', reason: "the label holds classes, but the model's task is regression" };
  }
  return {
    kind: 'scored',
    rows: {
      task: 'regression',
      rows: rows.length,
      truth: Float64Array.from(rows, (row) => labels.values[row] ?? NaN),
      scores: Float64Array.from(rows, (row) => scores[row] ?? NaN),
    },
  };
}

function multiclassRows(
  all: Float64Array,
  classes: number,
  truth: Int32Array,
  rows: Uint32Array,
  probabilities: boolean,
): MulticlassRows {
  const scores = new Float64Array(rows.length * classes);
  const decisions = new Int32Array(rows.length);
  rows.forEach((row, i) => {
    let best = 0;
    for (let k = 0; k < classes; k++) {
      const score = all[row * classes + k] ?? NaN;
      scores[i * classes + k] = score;
      if (score > (all[row * classes + best] ?? NaN)) best = k;
    }
    decisions[i] = best;
  });
  return { task: 'multiclass', rows: rows.length, truth, classes, scores, decisions, probabilities };
}

function countNotFinite(answers: Answers, rows: Uint32Array): number {
  const width = answers.task === 'multiclass' ? answers.classes.length : 1;
  let count = 0;
  for (const row of rows) {
    for (let k = 0; k < width; k++) {
      if (Number.isFinite(answers.scores[row * width + k])) continue;
      count++;
      break;
    }
  }
  return count;
}

/**
 * Code of a label class -> number of the model's class, −1 when the model has none. Files write 1 where a graph says "1", and
 * Parquet may say true: classes are the same when they are written the same.
 */
function classCodes(labelClasses: readonly (string | number)[], modelClasses: readonly (string | number)[]): number[] {
  const byText = new Map(modelClasses.map((name, k) => [String(name), k]));
  return labelClasses.map((name) => byText.get(String(name)) ?? -1);
}
