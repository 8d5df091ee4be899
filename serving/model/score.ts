import { isFloat, isInteger, numbersOf } from './datatype.ts';
import { type FitProblem, shapeText } from './signature.ts';
import type { OutputMapping } from './specification.ts';
import type { Tensor, TensorDeclaration } from './tensor.ts';

/** Which output holds the score, and how a decision follows from it. */
export interface ScoreMapping {
  readonly task: 'binary' | 'multiclass' | 'regression';
  readonly output: string;
  /** Which of the output's values a row is the score; undefined: all of them, one a class (multiclass). */
  readonly index?: number;
  /** Binary: [negative, positive]. Empty for regression. */
  readonly classes: readonly (string | number)[];
  /** Binary: score >= threshold is the positive class. */
  readonly threshold: number;
}

/** What a model answered on a number of rows. */
export type Scores = BinaryScores | MulticlassScores | RegressionScores;

export interface BinaryScores {
  readonly task: 'binary';
  readonly rows: number;
  readonly classes: readonly (string | number)[];
  /** Score of the positive class (`classes[1]`), one a row. */
  readonly scores: Float64Array;
  readonly threshold: number;
  /** Whether the scores are probabilities (every finite one within [0, 1]). */
  readonly probabilities: boolean;
}

export interface MulticlassScores {
  readonly task: 'multiclass';
  readonly rows: number;
  readonly classes: readonly (string | number)[];
  /** `scores[row * classes.length + k]`. */
  readonly scores: Float64Array;
  readonly probabilities: boolean;
}

export interface RegressionScores {
  readonly task: 'regression';
  readonly rows: number;
  readonly scores: Float64Array;
}

const DEFAULT_THRESHOLD = 0.5;

/**
 * Tells the score from the manifest, else from the graph: the one output of floating-point numbers, two of them a row being a
 * binary classifier's, more a multiclass one's, and one a regression's, unless a label output stands beside it.
 */
export function scoreMappingOf(
  mapping: OutputMapping,
  outputs: readonly TensorDeclaration[],
):
  | { readonly kind: 'mapping'; readonly mapping: ScoreMapping }
  | { readonly kind: 'problem'; readonly problem: FitProblem } {
  const chosen = chooseOutput(mapping, outputs);
  if ('reason' in chosen) return { kind: 'problem', problem: chosen };
  const widths = widthOf(chosen);
  if (widths === 'no row')
    return problem(
      `output "${chosen.name}" is ${chosen.datatype} ${shapeText(chosen.shape)}: not one score, or one row of scores, a record`,
    );
  const task = mapping.task ?? taskOf(widths, mapping, outputs, chosen.name);
  const index = indexOf(task, widths, mapping.score?.index);
  if (typeof index === 'object') return { kind: 'problem', problem: index };
  const classes = classesOf(task, widths, mapping.classes);
  if ('reason' in classes) return { kind: 'problem', problem: classes };
  return {
    kind: 'mapping',
    mapping: {
      task,
      output: chosen.name,
      ...(index === undefined ? {} : { index }),
      classes: classes.classes,
      threshold: mapping.threshold ?? DEFAULT_THRESHOLD,
    },
  };
}

function problem(reason: string, next?: string): { readonly kind: 'problem'; readonly problem: FitProblem } {
  return { kind: 'problem', problem: problemOf(reason, next) };
}

function problemOf(reason: string, next?: string): FitProblem {
  return { id: 'artifact/score', reason, pointer: '/outputs', ...(next === undefined ? {} : { next }) };
}

function chooseOutput(mapping: OutputMapping, outputs: readonly TensorDeclaration[]): TensorDeclaration | FitProblem {
  const names = outputs.map(({ name, datatype, shape }) => `"${name}" (${datatype} ${shapeText(shape)})`).join(', ');
  if (mapping.score !== undefined) {
    const wanted = mapping.score.output;
    const output = outputs.find(({ name }) => name === wanted);
    if (output === undefined)
      return {
        ...problemOf(`outputs.score names "${wanted}", which the graph does not have; it has ${names}`),
        pointer: '/outputs/score/output',
      };
    if (output.datatype === 'BYTES' || output.datatype === 'BOOL')
      return {
        ...problemOf(`outputs.score names "${wanted}", which holds ${output.datatype}, not numbers`),
        pointer: '/outputs/score/output',
      };
    return output;
  }
  const floats = outputs.filter(({ datatype }) => isFloat(datatype));
  const integers = mapping.task === 'regression' ? outputs.filter(({ datatype }) => isInteger(datatype)) : [];
  const candidates = floats.length > 0 ? floats : integers;
  const [only, ...others] = candidates;
  const choose = 'Say which: outputs: { score: { output: …, index: … } }.';
  if (only === undefined)
    return problemOf(
      `no output holds a score: the graph gives ${names}`,
      'Export the graph with its probabilities or its value as a float output; for whole numbers say outputs: { task: regression }.',
    );
  return others.length === 0
    ? only
    : problemOf(`the score cannot be told: ${candidates.length} outputs could hold it: ${names}`, choose);
}

/** How many values a row has: a number, or -1 when only an answer tells. */
function widthOf({ shape }: TensorDeclaration): number | 'no row' {
  if (shape.length === 1) return 1;
  const width = shape[1];
  return shape.length === 2 && width !== undefined && width !== 0 ? width : 'no row';
}

function taskOf(
  width: number,
  { classes, score }: OutputMapping,
  outputs: readonly TensorDeclaration[],
  chosen: string,
): ScoreMapping['task'] {
  if (classes !== undefined) return classes.length > 2 ? 'multiclass' : 'binary';
  if (score?.index !== undefined && width > 1) return 'binary';
  if (width > 2) return 'multiclass';
  if (width === 2) return 'binary';
  const label = outputs.some(({ name, datatype }) => name !== chosen && (isInteger(datatype) || datatype === 'BYTES'));
  return label || width === -1 ? 'binary' : 'regression';
}

function indexOf(
  task: ScoreMapping['task'],
  width: number,
  given: number | undefined,
): number | undefined | FitProblem {
  if (given !== undefined) {
    if (width !== -1 && given >= width)
      return {
        ...problemOf(
          `outputs.score.index is ${given}, but the output has ${width} value${width === 1 ? '' : 's'} a row, counted from 0`,
        ),
        pointer: '/outputs/score/index',
      };
    return given;
  }
  if (task === 'multiclass') return undefined;
  if (width === 1) return 0;
  if (task === 'binary' && (width === 2 || width === -1)) return 1;
  if (width === -1) return 0;
  return problemOf(
    `a ${task} model's score is one number, but the output has ${width} values a row`,
    'Say which: outputs: { score: { output: …, index: … } }.',
  );
}

function classesOf(
  task: ScoreMapping['task'],
  width: number,
  given: readonly (string | number)[] | undefined,
): { readonly classes: readonly (string | number)[] } | FitProblem {
  const at = '/outputs/classes';
  if (task === 'regression') return { classes: [] };
  if (task === 'binary')
    return given === undefined || given.length === 2
      ? { classes: given ?? [0, 1] }
      : { ...problemOf(`a binary model has two classes, outputs.classes has ${given.length}`), pointer: at };
  if (given === undefined && width === -1)
    return problemOf('the number of classes cannot be told from the graph', 'List them: outputs: { classes: […] }.');
  if (given !== undefined && width !== -1 && given.length !== width)
    return {
      ...problemOf(`outputs.classes lists ${given.length} classes, the output has ${width} values a row`),
      pointer: at,
    };
  return { classes: given ?? Array.from({ length: width }, (_, k) => k) };
}

/** The scores in one run's outputs. Throws when the answer has not the shape that was declared: the graph broke its own word. */
export function scoresOf(mapping: ScoreMapping, outputs: ReadonlyMap<string, Tensor>, rows: number): Scores {
  const tensor = outputs.get(mapping.output);
  if (tensor === undefined) throw new Error(`the graph gave no output "${mapping.output}"`);
  const numbers = numbersOf(tensor.datatype, tensor.data);
  const width = rows === 0 ? Math.max(1, mapping.classes.length) : numbers.length / rows;
  if (!Number.isInteger(width) || width < 1)
    throw new Error(
      `output "${mapping.output}" came as ${shapeText(tensor.shape)} for ${rows} rows: one answer a row was expected`,
    );
  if (mapping.task === 'multiclass') {
    if (width !== mapping.classes.length)
      throw new Error(`output "${mapping.output}" has ${width} values a row for ${mapping.classes.length} classes`);
    return {
      task: 'multiclass',
      rows,
      classes: mapping.classes,
      scores: numbers,
      probabilities: areProbabilities(numbers),
    };
  }
  // An output of variable width may turn out to hold the positive class alone.
  const index = width === 1 ? 0 : (mapping.index ?? 0);
  if (index >= width)
    throw new Error(`output "${mapping.output}" has ${width} values a row, the score should be number ${index}`);
  const scores = width === 1 ? numbers : columnOf(numbers, rows, width, index);
  if (mapping.task === 'regression') return { task: 'regression', rows, scores };
  const { classes, threshold } = mapping;
  return { task: 'binary', rows, classes, scores, threshold, probabilities: areProbabilities(scores) };
}

function columnOf(numbers: Float64Array, rows: number, width: number, index: number): Float64Array {
  const column = new Float64Array(rows);
  for (let row = 0; row < rows; row++) column[row] = numbers[row * width + index] ?? NaN;
  return column;
}

function areProbabilities(scores: Float64Array): boolean {
  for (const score of scores) if (Number.isFinite(score) && (score < 0 || score > 1)) return false;
  return true;
}

/** Scores that were kept as bare numbers, as what they are. */
export function scoresAs({ task, classes, threshold }: ScoreMapping, scores: Float64Array, rows: number): Scores {
  if (task === 'regression') return { task, rows, scores };
  if (task === 'binary') return { task, rows, classes, scores, threshold, probabilities: false };
  return { task, rows, classes, scores, probabilities: false };
}

/** Several runs' scores of one model as one. Throws on an empty list. */
export function joinScores(parts: readonly Scores[]): Scores {
  const [first, ...others] = parts;
  if (first === undefined) throw new Error('no scores to join');
  if (others.length === 0) return first;
  const scores = new Float64Array(parts.reduce((length, part) => length + part.scores.length, 0));
  let at = 0;
  for (const part of parts) {
    scores.set(part.scores, at);
    at += part.scores.length;
  }
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  if (first.task === 'regression') return { ...first, rows, scores };
  return {
    ...first,
    rows,
    scores,
    probabilities: parts.every((part) => part.task !== 'regression' && part.probabilities),
  };
}

/** One row's answer as people read it: a score (one a class for multiclass), and the class that was decided. */
export interface Answer {
  readonly score: number | readonly number[];
  readonly class?: string | number;
}

export function answerOf(scores: Scores, row: number): Answer {
  if (scores.task === 'regression') return { score: scores.scores[row] ?? NaN };
  const decided = scores.classes[decisionOf(scores, row)];
  const score =
    scores.task === 'binary'
      ? (scores.scores[row] ?? NaN)
      : [...scores.scores.subarray(row * scores.classes.length, (row + 1) * scores.classes.length)];
  return { score, ...(decided === undefined ? {} : { class: decided }) };
}

/** Index of the class that is decided for a row; -1 where the score is NaN, or there are no classes. */
export function decisionOf(scores: Scores, row: number): number {
  if (scores.task === 'regression') return -1;
  if (scores.task === 'binary') {
    const score = scores.scores[row] ?? NaN;
    if (Number.isNaN(score)) return -1;
    return score >= scores.threshold ? 1 : 0;
  }
  const width = scores.classes.length;
  let best = -1;
  let highest = -Infinity;
  for (let k = 0; k < width; k++) {
    const score = scores.scores[row * width + k] ?? NaN;
    if (Number.isNaN(score)) return -1;
    if (score > highest) {
      best = k;
      highest = score;
    }
  }
  return best;
}
