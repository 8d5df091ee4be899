import { takeRows } from '../../serving/model/rows.ts';
import { decisionOf, type Scores } from '../../serving/model/score.ts';
import type { Signature } from '../../serving/model/signature.ts';
import type { Table } from '../../serving/model/table.ts';
import type { AnswerRows, Budget } from './explained-model.ts';
import { type Factor, factorsOf } from './factors.ts';
import { joinRows } from './join-rows.ts';
import { type ShapleyExplanation, shapleyValues } from './shapley-values.ts';

/** Why one row got its score. */
export interface RowExplanation extends ShapleyExplanation {
  readonly task: Scores['task'];
  /** What the score is the score of: the positive class, or the class that was decided or asked for; undefined for a regression. */
  readonly of?: string | number;
  readonly class?: string | number;
  readonly threshold?: number;
  /** The row's values by factor: text, numbers; the length of a list; null where it is missing. */
  readonly values: readonly (string | number | null)[];
  /** Rows of the data that the background was spread over. */
  readonly dataRows: number;
}

/** What is explained, and against what. */
export interface RowQuestion {
  readonly background: Table;
  /** One row. */
  readonly row: Table;
  readonly budget: Budget;
  /** Of several classes, the one whose score is explained; the decided one when left out. Throws where the model has no such class. */
  readonly ofClass?: string | number;
}

/** Orders are drawn alike for every row of every model. */
const SEED = 1953;

/** Why a model gives one row its score, against some background rows. Throws whatever `answerRows` throws. */
export async function explainRow(
  answerRows: AnswerRows,
  signature: Signature,
  { background, row, budget, ofClass }: RowQuestion,
): Promise<Omit<RowExplanation, 'dataRows'>> {
  const joined = joinRows(
    background,
    row,
    signature.columns.map(({ name }) => name),
  );
  const factors = factorsOf(signature, joined);
  const { scoreOf, told } = explainedScore(await answerRows(takeRows(joined, [joined.rows - 1])), ofClass);
  const found = await shapleyValues(answerRows, joined, { factors, scoreOf, seed: SEED, budget });
  return { ...found, ...told, values: factors.map((factor) => valueOf(joined, factor, joined.rows - 1)) };
}

/** A class that is asked for and that the model does not have. */
export class UnknownClass extends Error {}

function explainedScore(
  answered: Scores,
  ofClass: string | number | undefined,
): {
  readonly scoreOf: (scores: Scores, row: number) => number;
  readonly told: Pick<RowExplanation, 'task' | 'of' | 'class' | 'threshold'>;
} {
  if (answered.task === 'regression') {
    if (ofClass !== undefined) throw new UnknownClass('a regression has no classes');
    return { scoreOf: (scores, row) => scores.scores[row] ?? NaN, told: { task: 'regression' } };
  }
  const { classes } = answered;
  const decided = decisionOf(answered, 0);
  const wanted = ofClass === undefined ? undefined : classes.findIndex((each) => String(each) === String(ofClass));
  if (wanted === -1)
    throw new UnknownClass(`there is no class ${JSON.stringify(ofClass)}; the classes are ${classes.join(', ')}`);
  if (answered.task === 'binary') {
    // The score is the positive class's; the other class has what is left of 1, where it is a probability.
    if (wanted === 0)
      throw new UnknownClass(`the score is that of class ${classes[1]}; what lowers it speaks for class ${classes[0]}`);
    const { threshold } = answered;
    return {
      scoreOf: (scores, row) => scores.scores[row] ?? NaN,
      told: { task: 'binary', ...named('of', classes[1]), ...named('class', classes[decided]), threshold },
    };
  }
  const k = wanted ?? Math.max(0, decided);
  return {
    scoreOf: (scores, row) => scores.scores[row * classes.length + k] ?? NaN,
    told: { task: 'multiclass', ...named('of', classes[k]), ...named('class', classes[decided]) },
  };
}

function named<K extends string>(key: K, value: string | number | undefined): { readonly [P in K]?: string | number } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: string | number };
}

function valueOf(table: Table, { column: name, places }: Factor, row: number): string | number | null {
  const column = table.columns.get(name);
  switch (column?.kind) {
    case 'number': {
      const value = column.values[row] ?? NaN;
      return Number.isNaN(value) ? null : value;
    }
    case 'integer':
      return column.missing[row] === 1 ? null : String(column.values[row]);
    case 'category':
      return column.dictionary[column.codes[row] ?? -1] ?? null;
    case 'list': {
      const length = places?.length ?? column.values[row]?.length;
      return length === undefined ? null : `${length} numbers`;
    }
    case undefined:
      return null;
  }
}
