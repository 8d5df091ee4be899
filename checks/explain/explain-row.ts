import { takeRows } from '../../serving/model/rows.ts';
import { decisionOf, type Scores } from '../../serving/model/score.ts';
import type { Table } from '../../serving/model/table.ts';
import type { Budget } from '../explain/explained-model.ts';
import { type Factor, factorsOf } from '../explain/factors.ts';
import { joinRows } from '../explain/join-rows.ts';
import { shapleyValues } from '../explain/shapley-values.ts';
import type { RowExplanation } from './explain-job.ts';
import { answer, type OpenModel } from './open-model.ts';

/** Orders are drawn alike for every row of every model. */
const SEED = 1953;

/** Why a model gives one row its score, against some background rows. Throws RowsRefused where a row cannot be fed. */
export async function explainRow(
  model: OpenModel,
  background: Table,
  row: Table,
  budget: Budget,
): Promise<Omit<RowExplanation, 'dataRows'>> {
  const joined = joinRows(
    background,
    row,
    model.signature.columns.map(({ name }) => name),
  );
  const factors = factorsOf(model.signature, joined);
  const { scoreOf, told } = explainedScore(await answer(model, takeRows(joined, [joined.rows - 1])));
  const found = await shapleyValues((asked) => answer(model, asked), joined, { factors, scoreOf, seed: SEED, budget });
  return { ...found, ...told, values: factors.map((factor) => valueOf(joined, factor, joined.rows - 1)) };
}

/** Of several classes, the decided one's score is explained. */
function explainedScore(answered: Scores): {
  readonly scoreOf: (scores: Scores, row: number) => number;
  readonly told: Pick<RowExplanation, 'task' | 'of' | 'class' | 'threshold'>;
} {
  const decided = decisionOf(answered, 0);
  switch (answered.task) {
    case 'regression':
      return { scoreOf: (scores, row) => scores.scores[row] ?? NaN, told: { task: 'regression' } };
    case 'binary': {
      const { classes, threshold } = answered;
      return {
        scoreOf: (scores, row) => scores.scores[row] ?? NaN,
        told: { task: 'binary', ...named('of', classes[1]), ...named('class', classes[decided]), threshold },
      };
    }
    case 'multiclass': {
      const { classes } = answered;
      const k = Math.max(0, decided);
      return {
        scoreOf: (scores, row) => scores.scores[row * classes.length + k] ?? NaN,
        told: { task: 'multiclass', ...named('of', classes[k]), ...named('class', classes[decided]) },
      };
    }
  }
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
