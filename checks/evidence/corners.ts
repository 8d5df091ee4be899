import { sliceRows, spreadRows, takeRows, withColumn } from '../../serving/model/rows.ts';
import { joinScores } from '../../serving/model/score.ts';
import type { SignatureColumn } from '../../serving/model/signature.ts';
import type { Column, Table } from '../../serving/model/table.ts';
import { compareAnswers } from './compare-answers.ts';
import type { Answers, CornerOutcome } from './evidence.ts';
import type { Tolerance } from './job.ts';
import { answer, answerBatch, RowsRefused, type OpenModel } from './open-model.ts';

/** Real rows that are bent, one column at a time: enough to meet several paths of a tree, few enough to be quick. */
const ROWS_BENT = 8;
/** Rows compared alone and together. */
const ROWS_BATCHED = 64;
/** A text that no training data hold. */
const UNSEEN = 'slipway: a value never seen';

export interface CornerCases {
  readonly tolerance: Tolerance;
  /** Columns whose missing values the manifest or the data expect. */
  readonly mayMiss: readonly string[];
  /** The graph says itself that it draws random numbers: a difference between batches would prove nothing about batches. */
  readonly random: boolean;
  /** Rows that may be asked in all, for a slow model. */
  readonly affordable: number;
}

/** Bends real rows towards what production may send: missing values, the edges of ranges, unseen categories, no rows, one row against many. */
export async function tryCorners(
  model: OpenModel,
  table: Table,
  candidate: Answers,
  cases: CornerCases,
): Promise<readonly CornerOutcome[]> {
  // Each column is bent in up to three ways.
  const rowsBent = Math.floor(cases.affordable / (3 * model.signature.columns.length));
  const rows = takeRows(table, spreadRows(table.rows, Math.max(1, Math.min(ROWS_BENT, rowsBent))));
  const outcomes: CornerOutcome[] = [finiteOutcome(candidate)];
  for (const column of model.signature.columns) {
    const real = table.columns.get(column.name);
    if (real === undefined) continue;
    for (const bent of bendings(column, real, rows, cases))
      outcomes.push(await tryBent(model, rows, column.name, bent));
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

interface Bent {
  readonly kind: CornerOutcome['kind'];
  readonly what: string;
  readonly column: Column;
  /** Whether the manifest or the data say that such a value comes. */
  readonly expected: boolean;
}

function bendings(
  { name, domain }: SignatureColumn,
  real: Column,
  rows: Table,
  { mayMiss }: CornerCases,
): readonly Bent[] {
  const bent: Bent[] = [];
  const missing = filled(real, rows.rows, undefined);
  if (missing !== undefined)
    bent.push({
      kind: 'missing',
      what: 'a missing value',
      column: missing,
      expected: mayMiss.includes(name) || hasMissing(real),
    });
  if (real.kind === 'number') {
    const seen = rangeOf(real.values);
    for (const [edge, value] of [
      ['least', domain.min ?? seen?.least],
      ['largest', domain.max ?? seen?.largest],
    ] as const) {
      const column = value === undefined ? undefined : filled(real, rows.rows, value);
      if (column !== undefined)
        bent.push({ kind: 'edge', what: `the ${edge} value, ${value}`, column, expected: true });
    }
  }
  if (real.kind === 'category' && domain.values?.every((value) => typeof value === 'string') !== false) {
    const column = filled(real, rows.rows, UNSEEN);
    if (column !== undefined)
      bent.push({
        kind: 'unseen-category',
        what: 'a category never seen',
        column,
        expected: domain.values === undefined,
      });
  }
  return bent;
}

function filled(real: Column, rows: number, value: number | string | undefined): Column | undefined {
  const { name } = real;
  switch (real.kind) {
    case 'number':
      return { kind: 'number', name, values: new Float64Array(rows).fill(typeof value === 'number' ? value : NaN) };
    case 'category':
      return typeof value === 'string'
        ? { kind: 'category', name, codes: new Int32Array(rows), dictionary: [value] }
        : { kind: 'category', name, codes: new Int32Array(rows).fill(-1), dictionary: [] };
    case 'integer':
    case 'list':
      return undefined;
  }
}

function hasMissing(column: Column): boolean {
  if (column.kind === 'number') return column.values.some(Number.isNaN);
  return column.kind === 'category' && column.codes.includes(-1);
}

function rangeOf(values: Float64Array): { readonly least: number; readonly largest: number } | undefined {
  let least = Infinity;
  let largest = -Infinity;
  for (const value of values) {
    if (value < least) least = value;
    if (value > largest) largest = value;
  }
  return least <= largest ? { least, largest } : undefined;
}

async function tryBent(model: OpenModel, rows: Table, column: string, bent: Bent): Promise<CornerOutcome> {
  const told = { kind: bent.kind, column, what: bent.what, rows: rows.rows, expected: bent.expected };
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
