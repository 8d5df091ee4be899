import type { Answers } from './evidence.ts';
import { decisionOf } from '../../serving/model/score.ts';
import { withColumn } from '../../serving/model/rows.ts';
import type { CategoryColumn, Column, NumberColumn, Table } from '../../serving/model/table.ts';
import { quantileSorted } from '../stats/quantile.ts';
import type { Alternative, Counterfactual } from './explanation-evidence.ts';
import { answer, type OpenModel, RowsRefused } from './open-model.ts';

/** Values that every row is given in turn. */
const MOST_VALUES = 6;
/** Of a number with more values: what is low, usual and high. */
const QUANTILES = [0.1, 0.5, 0.9];

/**
 * What the model would have answered had everybody held another value of a protected column, all else equal: each of its usual values in turn, for every
 * row. Nothing for a column that the model does not take, or that holds lists.
 */
export async function exchangeProtected(
  model: OpenModel,
  table: Table,
  asIs: Answers,
  columns: readonly string[],
): Promise<readonly Counterfactual[]> {
  const taken = new Set(model.signature.columns.map(({ name }) => name));
  const found: Counterfactual[] = [];
  for (const name of columns) {
    const column = table.columns.get(name);
    if (!taken.has(name) || column === undefined || column.kind === 'list' || column.kind === 'integer') continue;
    found.push(await exchangedOne(model, table, asIs, column));
  }
  return found;
}

async function exchangedOne(
  model: OpenModel,
  table: Table,
  asIs: Answers,
  column: CategoryColumn | NumberColumn,
): Promise<Counterfactual> {
  const flipped = new Uint8Array(table.rows);
  const alternatives: Alternative[] = [];
  for (const { value, everywhere, isOwn } of valuesOf(column)) {
    try {
      const answers = await answer(model, withColumn(table, everywhere));
      alternatives.push(comparedWith(asIs, answers, value, isOwn, flipped));
    } catch (error) {
      if (!(error instanceof RowsRefused)) throw error;
    }
  }
  return {
    column: column.name,
    rows: table.rows,
    alternatives,
    flipped: flipped.reduce((sum, each) => sum + each, 0),
    spread: spreadOf(asIs.scores),
  };
}

interface Value {
  readonly value: string | number;
  /** The column with this value in every row. */
  readonly everywhere: Column;
  readonly isOwn: (row: number) => boolean;
}

function valuesOf(column: CategoryColumn | NumberColumn): readonly Value[] {
  if (column.kind === 'category') {
    return mostFrequent(column.codes, (code) => code >= 0).map((code) => ({
      value: column.dictionary[code] ?? '',
      everywhere: { ...column, codes: new Int32Array(column.codes.length).fill(code) },
      isOwn: (row) => column.codes[row] === code,
    }));
  }
  const known = column.values.filter((value) => !Number.isNaN(value)).sort();
  const distinct = new Set(known);
  const values =
    distinct.size <= MOST_VALUES
      ? [...distinct]
      : [...new Set(QUANTILES.map((p) => known[Math.round(p * (known.length - 1))] ?? quantileSorted(known, p)))];
  return values.map((value) => ({
    value,
    everywhere: { ...column, values: new Float64Array(column.values.length).fill(value) },
    isOwn: (row) => column.values[row] === value,
  }));
}

function mostFrequent(codes: Int32Array, isKnown: (code: number) => boolean): readonly number[] {
  const counts = new Map<number, number>();
  for (const code of codes) if (isKnown(code)) counts.set(code, (counts.get(code) ?? 0) + 1);
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, MOST_VALUES)
    .map(([code]) => code);
}

function comparedWith(
  asIs: Answers,
  answers: Answers,
  value: string | number,
  isOwn: (row: number) => boolean,
  flipped: Uint8Array,
): Alternative {
  const width = asIs.rows === 0 ? 1 : asIs.scores.length / asIs.rows;
  let [rows, flips, toPositive, change, absolute] = [0, 0, 0, 0, 0];
  for (let row = 0; row < asIs.rows; row++) {
    if (isOwn(row)) continue;
    rows += 1;
    const [before, after] = [decisionOf(asIs, row), decisionOf(answers, row)];
    if (before !== after) {
      flips += 1;
      flipped[row] = 1;
      if (after === 1) toPositive += 1;
    }
    let largest = 0;
    for (let k = 0; k < width; k++) {
      const difference = (answers.scores[row * width + k] ?? NaN) - (asIs.scores[row * width + k] ?? NaN);
      if (Math.abs(difference) > Math.abs(largest)) largest = difference;
    }
    change += largest;
    absolute += Math.abs(largest);
  }
  const mean = (sum: number): number => (rows === 0 ? 0 : sum / rows);
  return {
    value,
    rows,
    flips,
    ...(asIs.task === 'binary' ? { toPositive } : {}),
    ...(asIs.task === 'multiclass' ? {} : { meanChange: mean(change) }),
    meanAbsoluteChange: mean(absolute),
  };
}

function spreadOf(scores: Float64Array): number {
  const mean = scores.reduce((sum, each) => sum + each, 0) / Math.max(1, scores.length);
  return Math.sqrt(scores.reduce((sum, each) => sum + (each - mean) ** 2, 0) / Math.max(1, scores.length - 1));
}
