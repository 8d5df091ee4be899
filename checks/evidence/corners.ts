import { sliceRows, spreadRows, takeRows, withColumn } from '../../serving/model/rows.ts';
import { joinScores } from '../../serving/model/score.ts';
import type { Table } from '../../serving/model/table.ts';
import { compareAnswers } from './compare-answers.ts';
import { type Bent, cornerValues, MOST_WAYS } from './corner-values.ts';
import type { Answers, CornerOutcome } from './evidence.ts';
import type { Tolerance } from './job.ts';
import { answer, answerBatch, RowsRefused, type OpenModel } from './open-model.ts';

/** Real rows that are bent, one column at a time: enough to meet several paths of a tree, few enough to be quick. */
const ROWS_BENT = 8;
/** Rows compared alone and together. */
const ROWS_BATCHED = 64;
/** Columns that are bent at most, spread over all of them. */
const MOST_COLUMNS = 200;

export interface CornerCases {
  readonly tolerance: Tolerance;
  /** Columns whose missing values the manifest or the data expect. */
  readonly mayMiss: readonly string[];
  /** The graph says itself that it draws random numbers: a difference between batches would prove nothing about batches. */
  readonly random: boolean;
  /** Rows that may be asked in all, for a slow model. */
  readonly affordable: number;
}

/**
 * Bends real rows towards what production may send: missing values, the edges of ranges, zero, huge and
 * negative numbers, odd texts, unseen categories, no rows, one row against many.
 */
export async function tryCorners(
  model: OpenModel,
  table: Table,
  candidate: Answers,
  cases: CornerCases,
): Promise<readonly CornerOutcome[]> {
  const { columns } = model.signature;
  const bent = Array.from(spreadRows(columns.length, MOST_COLUMNS), (at) => columns[at]).filter(
    (column) => column !== undefined,
  );
  const rowsBent = Math.floor(cases.affordable / (MOST_WAYS * bent.length));
  const rows = takeRows(table, spreadRows(table.rows, Math.max(1, Math.min(ROWS_BENT, rowsBent))));
  const outcomes: CornerOutcome[] = [finiteOutcome(candidate)];
  for (const column of bent) {
    const real = table.columns.get(column.name);
    if (real === undefined) continue;
    for (const corner of cornerValues(column, real, rows.rows, cases.mayMiss))
      outcomes.push(await tryBent(model, rows, column.name, corner));
  }
  if (model.signature.fixedBatch === undefined) outcomes.push(await tryEmptyBatch(model, table));
  if (model.batch > 1 && table.rows > 1 && !cases.random) outcomes.push(await tryBatch(model, table, cases));
  return outcomes;
}

function finiteOutcome(candidate: Answers): CornerOutcome {
  return { kind: 'finite', what: 'the evaluation rows', rows: candidate.rows, notFinite: notFiniteOf(candidate) };
}

/** Answers that hold anything but finite numbers; an answer of several classes counts once. */
function notFiniteOf({ scores, rows }: Answers): number {
  const width = rows === 0 ? 1 : scores.length / rows;
  const isFinite = (row: number): boolean => scores.subarray(row * width, (row + 1) * width).every(Number.isFinite);
  return Array.from({ length: rows }, (_, row) => row).filter((row) => !isFinite(row)).length;
}

async function tryBent(model: OpenModel, rows: Table, column: string, bent: Bent): Promise<CornerOutcome> {
  const { kind, variant, what, expected } = bent;
  const told = { kind, column, what, rows: rows.rows, expected, ...(variant === undefined ? {} : { variant }) };
  try {
    const answers = await answer(model, withColumn(rows, bent.column));
    return { ...told, notFinite: notFiniteOf(answers) };
  } catch (error) {
    // An integer or boolean tensor cannot hold a missing value: the replica refuses such a request, as documented.
    if (error instanceof RowsRefused) return { ...told, notFinite: 0, refused: error.message };
    return { ...told, notFinite: 0, error: messageOf(error) };
  }
}

async function tryEmptyBatch(model: OpenModel, table: Table): Promise<CornerOutcome> {
  const told = { kind: 'empty-batch', what: 'no rows', rows: 0, notFinite: 0 } as const;
  try {
    await answerBatch(model, table, 0, 0);
    return told;
  } catch (error) {
    return { ...told, error: messageOf(error) };
  }
}

async function tryBatch(
  model: OpenModel,
  table: Table,
  { tolerance, affordable }: CornerCases,
): Promise<CornerOutcome> {
  const rows = takeRows(
    table,
    spreadRows(table.rows, Math.max(2, Math.min(ROWS_BATCHED, model.batch, affordable / 2))),
  );
  const told = { kind: 'batch', what: `${rows.rows} rows alone and together`, rows: rows.rows } as const;
  try {
    const together = await answerBatch(model, rows, 0, rows.rows);
    const alone: Answers[] = [];
    for (let row = 0; row < rows.rows; row++) alone.push(await answerBatch(model, sliceRows(rows, row, row + 1), 0, 1));
    const { maxAbsolute, maxRelative, flips, beyondTolerance } = compareAnswers(together, joinScores(alone), tolerance);
    return {
      ...told,
      notFinite: notFiniteOf(together),
      difference: { absolute: maxAbsolute, relative: maxRelative, flips, beyondTolerance },
    };
  } catch (error) {
    return { ...told, notFinite: 0, error: messageOf(error) };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
