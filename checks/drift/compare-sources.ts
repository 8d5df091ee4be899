import type { Table } from '../../serving/model/table.ts';
import { type ColumnRead, type ColumnSource, tableSource } from '../data/column-source.ts';
import type { TableProblem } from '../data/read-table.ts';
import type { BinnedColumn } from './binned-rows.ts';
import type { DriftMethod } from './column-drift.ts';
import type { ColumnThread } from './column-thread.ts';
import type { ComparableColumn } from './comparable-column.ts';
import { type DriftComparison, type DriftOptions, judgeSamples } from './compare-samples.ts';
import { type ColumnTask, type MeasuredColumn, measureColumn } from './measure-column.ts';
import { predictionLosses } from './prediction-losses.ts';
import { crossFittedLosses } from './relation-losses.ts';

/** How two tables are compared: what the command line says. */
export interface TableComparisonOptions extends DriftOptions {
  /** Input columns; left out: every column of both but label and prediction. */
  readonly columns?: readonly string[];
  readonly label?: string;
  readonly prediction?: string;
  /** A test for every column, or for some. */
  readonly method?: DriftMethod;
  readonly methods?: ReadonlyMap<string, DriftMethod>;
}

export interface SourceComparisonOptions extends TableComparisonOptions {
  /** Before a column is read: which, how many were, and of how many. */
  readonly onColumn?: (name: string, done: number, of: number) => void;
  /** A second processor; the sources' columns must be nobody else's then. */
  readonly thread?: ColumnThread;
}

/** What could not be read when it was needed. */
export interface SourceProblem {
  readonly side: 'reference' | 'window';
  readonly problem: TableProblem;
}
export type SourceComparison =
  | { readonly kind: 'compared'; readonly comparison: DriftComparison }
  | { readonly kind: 'refused'; readonly problems: readonly SourceProblem[] };

/** The same of two tables that are in memory. */
export async function compareTables(
  reference: Table,
  window: Table,
  options: TableComparisonOptions,
): Promise<DriftComparison> {
  const found = await compareSources(tableSource(reference), tableSource(window), options);
  if (found.kind === 'refused') throw new Error('a table in memory can be read');
  return found.comparison;
}

/**
 * Did the world change between two samples? Every column, the predictions and the labels where they are named, the relation of label to
 * inputs, and all inputs together. The relation is seen by the loss of the predictions, or of trees that learn the label here.
 *
 * Columns are read and compared one at a time: of each only its result stays, the values of at most 1,000 rows a side, and, where a label is named, a byte
 * a row.
 */
export async function compareSources(
  reference: ColumnSource,
  window: ColumnSource,
  options: SourceComparisonOptions,
): Promise<SourceComparison> {
  const { label, prediction } = options;
  const every = [...new Set([...reference.names, ...window.names])];
  const inputs = options.columns ?? every.filter((name) => name !== label && name !== prediction);
  const wanted = [...inputs, ...[prediction, label].filter((name) => name !== undefined)];
  const [inReference, inWindow] = [new Set(reference.names), new Set(window.names)];
  const left: { readonly column: string; readonly why: string }[] = [];
  for (const name of wanted) {
    if (!inReference.has(name)) left.push({ column: name, why: 'the reference does not hold it' });
    else if (!inWindow.has(name)) left.push({ column: name, why: 'the window does not hold it' });
  }
  const both = wanted.filter((name) => inReference.has(name) && inWindow.has(name));
  const problems: SourceProblem[] = [];
  const measured: Promise<MeasuredColumn>[] = [];
  const [first, second] = [reference.columns(both), window.columns(both)];
  for (const [done, name] of both.entries()) {
    options.onColumn?.(name, done, both.length);
    const sides = { reference: await next(first), window: await next(second) };
    const unread = unreadOf(name, sides);
    if (unread !== undefined && 'side' in unread) problems.push(unread);
    else if (unread !== undefined) left.push(unread);
    else if (sides.reference.kind === 'column' && sides.window.kind === 'column')
      measured.push(measuredBy(options.thread, taskOf(name, sides.reference, sides.window, options)));
  }
  if (problems.length > 0) return { kind: 'refused', problems };
  const samples = samplesOf(await Promise.all(measured), options);
  const rows = { reference: reference.rows, window: window.rows };
  const judged = judgeSamples({ ...samples, rows, left: [...left, ...samples.left] }, options);
  return { kind: 'compared', comparison: judged };
}

/** A column of lists or structs is left out; one that cannot be read is a problem of its file. */
function unreadOf(
  name: string,
  sides: Readonly<Record<Side, ColumnRead>>,
): SourceProblem | { readonly column: string; readonly why: string } | undefined {
  for (const side of ['reference', 'window'] as const) {
    const read = sides[side];
    if (read.kind === 'problem') return { side, problem: read.problem };
    if (read.kind === 'left') return { column: name, why: `in the ${side} ${read.why}` };
  }
  return undefined;
}

type ReadColumn = Extract<ColumnRead, { kind: 'column' }>;

function taskOf(name: string, reference: ReadColumn, window: ReadColumn, options: TableComparisonOptions): ColumnTask {
  const { alpha, seed, columns, label, prediction } = options;
  const role = name === label ? 'label' : name === prediction ? 'prediction' : 'input';
  const method = options.methods?.get(name) ?? options.method;
  return {
    name,
    role,
    reference: reference.column,
    window: window.column,
    ...(reference.sample === undefined ? {} : { sample: reference.sample }),
    alpha,
    seed,
    ...(method === undefined ? {} : { method }),
    wanted: role !== 'input' || columns !== undefined,
    binned: label !== undefined && prediction === undefined,
  };
}

/** While the thread has enough to do, this one takes a column itself. */
function measuredBy(thread: ColumnThread | undefined, task: ColumnTask): Promise<MeasuredColumn> {
  if (thread === undefined || thread.waiting >= MOST_WAITING) return Promise.resolve(measureColumn(task));
  const measured = thread.measure(task);
  // It is awaited with the others; until then a failure is nobody's.
  measured.catch(() => undefined);
  return measured;
}
/** Columns that wait are held in memory. */
const MOST_WAITING = 2;

type Side = SourceProblem['side'];

async function next(columns: AsyncGenerator<ColumnRead>): Promise<ColumnRead> {
  const { value, done } = await columns.next();
  if (done === true) throw new Error('a source ended before its columns did');
  return value;
}

function samplesOf(measured: readonly MeasuredColumn[], { seed }: TableComparisonOptions) {
  const columns = measured.flatMap((column) => (column.kind === 'measured' ? [column] : []));
  const binned = columns.flatMap((column) => (column.binned === undefined ? [] : [column.binned]));
  const losses = lossesOf(
    binned,
    columns.find(({ role }) => role === 'label')?.whole,
    columns.find(({ role }) => role === 'prediction')?.whole,
    seed,
  );
  return {
    columns,
    inputs: columns.flatMap(({ picked }) => (picked === undefined ? [] : [picked])),
    left: measured.flatMap((column) => (column.kind === 'left' ? [{ column: column.name, why: column.why }] : [])),
    ...(losses === undefined ? {} : { losses }),
  };
}

function lossesOf(
  binned: readonly BinnedColumn[],
  label: ComparableColumn | undefined,
  prediction: ComparableColumn | undefined,
  seed: number,
) {
  if (label === undefined) return undefined;
  return prediction === undefined ? crossFittedLosses(binned, label, seed) : predictionLosses(prediction, label);
}
