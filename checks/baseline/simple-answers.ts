import { mean } from 'simple-statistics';
import type { Answers, EvaluationData } from '../evidence/evidence.ts';
import { labelledRows } from '../metrics/scored-rows.ts';
import { designRows, type DesignRows } from './design-rows.ts';
import { foldsOf } from './folds.ts';
import { dot, ridgeLinear, ridgeLogistic, sigmoid } from './ridge.ts';

const FOLDS = 5;
const SEED = 1;
/** Rows a simple model is fitted on; more make it no better. */
const MOST_FITTED = 20_000;
/** Fewer rows than this make no model worth a comparison. */
const FEWEST_ROWS = 50;

/**
 * The model that looks at nothing: the share of each class, or the mean. What a candidate must not be worse than, whatever it is for.
 */
export function trivialAnswers(candidate: Answers, data: EvaluationData): Answers {
  const rows = labelledRows(data.labels);
  if (data.labels.kind === 'values') {
    const { values } = data.labels;
    const always = mean(Array.from(rows, (row) => values[row] ?? 0));
    return { task: 'regression', rows: candidate.rows, scores: new Float64Array(candidate.rows).fill(always) };
  }
  const { labels } = data;
  const classes = candidate.task === 'regression' ? labels.classes : candidate.classes;
  const counts = new Map<string, number>();
  for (const row of rows) {
    const name = String(labels.classes[labels.codes[row] ?? -1]);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const shares = classes.map((name) => (counts.get(String(name)) ?? 0) / rows.length);
  if (candidate.task === 'binary') {
    const scores = new Float64Array(candidate.rows).fill(shares[1] ?? 0);
    return { task: 'binary', rows: candidate.rows, classes, scores, threshold: 0.5, probabilities: true };
  }
  const scores = Float64Array.from(
    { length: candidate.rows * classes.length },
    (_, at) => shares[at % classes.length] ?? 0,
  );
  return { task: 'multiclass', rows: candidate.rows, classes, scores, probabilities: true };
}

/**
 * A ridge-penalised logistic or linear regression on the candidate's own input columns, cross-fitted in five folds: every row is
 * answered by a model that did not see it. Several classes are each told from the rest, and shares made to add up to 1.
 * Undefined for tensors and for too few rows.
 */
export function linearAnswers(
  candidate: Answers,
  data: EvaluationData,
  columns: readonly string[],
): Answers | undefined {
  const rows = labelledRows(data.labels);
  const design = rows.length < FEWEST_ROWS ? undefined : designRows(data.table, columns);
  if (design === undefined) return undefined;
  const folds = foldsOf(data.table.rows, FOLDS, SEED, data.groups);
  const fit = (target: Float64Array, kind: 'logistic' | 'linear') => crossFitted(design, rows, folds, target, kind);
  const { labels } = data;
  if (labels.kind === 'values')
    return { task: 'regression', rows: candidate.rows, scores: fit(labels.values, 'linear') };
  if (candidate.task === 'regression') return undefined;
  const ofClass = (name: string | number) =>
    fit(
      Float64Array.from(labels.codes, (code) => (String(labels.classes[code]) === String(name) ? 1 : 0)),
      'logistic',
    );
  const { classes } = candidate;
  if (candidate.task === 'binary') {
    const scores = ofClass(classes[1] ?? '');
    return { task: 'binary', rows: candidate.rows, classes, scores, threshold: 0.5, probabilities: true };
  }
  const each = classes.map(ofClass);
  const scores = new Float64Array(candidate.rows * classes.length);
  for (let row = 0; row < candidate.rows; row++) {
    const total = each.reduce((sum, share) => sum + (share[row] ?? 0), 0);
    each.forEach((share, k) => {
      scores[row * classes.length + k] = (share[row] ?? 0) / total;
    });
  }
  return { task: 'multiclass', rows: candidate.rows, classes, scores, probabilities: true };
}

function crossFitted(
  design: DesignRows,
  rows: Uint32Array,
  folds: Uint8Array,
  target: Float64Array,
  kind: 'logistic' | 'linear',
): Float64Array {
  const scores = new Float64Array(design.rows);
  for (let fold = 0; fold < FOLDS; fold++) {
    const others = rows.filter((row) => folds[row] !== fold);
    const every = Math.max(1, Math.ceil(others.length / MOST_FITTED));
    const fitted = others.filter((_, i) => i % every === 0);
    const beta = kind === 'logistic' ? ridgeLogistic(design, fitted, target) : ridgeLinear(design, fitted, target);
    for (let row = 0; row < design.rows; row++) {
      if (folds[row] !== fold) continue;
      const x = dot(design, row, beta);
      scores[row] = kind === 'logistic' ? sigmoid(x) : x;
    }
  }
  return scores;
}
