import { decisionOf } from '../../serving/model/score.ts';
import type { Answers } from '../evidence/evidence.ts';
import type { ReplayEvidence } from '../evidence/replay-evidence.ts';

/** Both models' answers to the recorded requests that both answered with finite numbers, row by row. */
export interface Replayed {
  readonly task: Answers['task'];
  /** Rows of the replayed table; the other lists run beside it. */
  readonly rows: Uint32Array;
  /** The champion's classes, then the candidate's own; empty for a regression. */
  readonly classes: readonly string[];
  /** Index into `classes`. */
  readonly champion: Int32Array;
  readonly candidate: Int32Array;
  /** The champion's, asked again. */
  readonly again: Int32Array;
  /** Candidate minus champion; of several classes half the sum of the absolute differences. NaN where classes differ. */
  readonly moved: Float64Array;
  /** The same of the champion asked again. */
  readonly noise: Float64Array;
}

/** Undefined where the two answer different tasks: a score is then no score of the same thing. */
export function compareReplay({ candidate, champion, championAgain }: ReplayEvidence): Replayed | undefined {
  if (candidate.task !== champion.task) return undefined;
  const rows = Uint32Array.from({ length: champion.rows }, (_, row) => row).filter(
    (row) => isAnswered(candidate, row) && isAnswered(champion, row),
  );
  const classes = [...new Set([...namesOf(champion), ...namesOf(candidate)])];
  const decided = (answers: Answers): Int32Array => {
    const codes = namesOf(answers).map((name) => classes.indexOf(name));
    return Int32Array.from(rows, (row) => codes[decisionOf(answers, row)] ?? -1);
  };
  return {
    task: champion.task,
    rows,
    classes,
    champion: decided(champion),
    candidate: decided(candidate),
    again: decided(championAgain),
    moved: Float64Array.from(rows, (row) => movedBy(candidate, champion, row)),
    noise: Float64Array.from(rows, (row) => movedBy(championAgain, champion, row)),
  };
}

export function namesOf(answers: Answers): readonly string[] {
  return answers.task === 'regression' ? [] : answers.classes.map(String);
}

/** Whether every score of a row is a finite number. */
export function isAnswered(answers: Answers, row: number): boolean {
  const width = answers.task === 'multiclass' ? answers.classes.length : 1;
  for (let k = 0; k < width; k++) if (!Number.isFinite(answers.scores[row * width + k])) return false;
  return true;
}

function movedBy(first: Answers, second: Answers, row: number): number {
  if (first.task !== 'multiclass' || second.task !== 'multiclass')
    return (first.scores[row] ?? NaN) - (second.scores[row] ?? NaN);
  if (namesOf(first).join('\n') !== namesOf(second).join('\n')) return NaN;
  const width = first.classes.length;
  let sum = 0;
  for (let k = 0; k < width; k++)
    sum += Math.abs((first.scores[row * width + k] ?? NaN) - (second.scores[row * width + k] ?? NaN));
  return sum / 2;
}

/** Rows whose decision differs between two lists of codes. */
export function flipsOf(first: Int32Array, second: Int32Array): number {
  let flips = 0;
  for (let row = 0; row < first.length; row++) if (first[row] !== second[row]) flips += 1;
  return flips;
}
