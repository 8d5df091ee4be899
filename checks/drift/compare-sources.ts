import type { Table } from '../../serving/model/table.ts';
import { type ColumnRead, type ColumnSource, tableSource } from '../data/column-source.ts';
import type { TableProblem } from '../data/read-table.ts';
import { type BinnedColumn, binnedColumn } from './binned-rows.ts';
import { type ColumnDrift, columnDrift, type DriftMethod } from './column-drift.ts';
import { comparableColumn, type ComparableColumn } from './comparable-column.ts';
import { type ColumnRole, type DriftComparison, type DriftOptions, judgeSamples } from './compare-samples.ts';
import { isIdentifier } from './identifier.ts';
import { pickedColumn, type PickedRows, pickRows } from './picked-rows.ts';
import { labelColumn, predictionLosses } from './prediction-losses.ts';
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
  const collected = new Collected(reference.rows, window.rows, options);
  for (const name of wanted) {
    if (!inReference.has(name)) collected.left.push({ column: name, why: 'the reference does not hold it' });
    else if (!inWindow.has(name)) collected.left.push({ column: name, why: 'the window does not hold it' });
  }
  const both = wanted.filter((name) => inReference.has(name) && inWindow.has(name));
  const [first, second] = [reference.columns(both), window.columns(both)];
  for (const [done, name] of both.entries()) {
    options.onColumn?.(name, done, both.length);
    const pair = [await next(first), await next(second)] as const;
    collected.add(name, name === label ? 'label' : name === prediction ? 'prediction' : 'input', ...pair);
  }
  if (collected.problems.length > 0) return { kind: 'refused', problems: collected.problems };
  return { kind: 'compared', comparison: judgeSamples(collected.samples(), options) };
}

async function next(columns: AsyncGenerator<ColumnRead>): Promise<ColumnRead> {
  const { value, done } = await columns.next();
  if (done === true) throw new Error('a source ended before its columns did');
  return value;
}

type Side = 'reference' | 'window';

/** What stays of the columns that were compared. */
class Collected {
  readonly left: { readonly column: string; readonly why: string }[] = [];
  readonly problems: SourceProblem[] = [];
  readonly #rows: Readonly<Record<Side, number>>;
  readonly #options: TableComparisonOptions;
  readonly #columns: { readonly name: string; readonly role: ColumnRole; readonly drift: ColumnDrift }[] = [];
  readonly #inputs: ComparableColumn[] = [];
  readonly #binned: BinnedColumn[] = [];
  /** Label and prediction, whose rows the relation needs together. */
  readonly #whole = new Map<ColumnRole, ComparableColumn>();
  #picks: PickedRows | undefined;

  constructor(reference: number, window: number, options: TableComparisonOptions) {
    this.#rows = { reference, window };
    this.#options = options;
  }

  add(name: string, role: ColumnRole, first: ColumnRead, second: ColumnRead): void {
    if (first.kind !== 'column') return this.#refuse(name, 'reference', first);
    if (second.kind !== 'column') return this.#refuse(name, 'window', second);
    const { alpha, seed, columns, label, prediction } = this.#options;
    if (role === 'input' && columns === undefined && isIdentifier(first.column) && isIdentifier(second.column)) {
      this.left.push({ column: name, why: IDENTIFIER });
      return;
    }
    const compared = role === 'label' ? labelColumn : comparableColumn;
    const column = compared(first.column, second.column);
    const together = first.sample === undefined ? column : compared(first.sample, second.column);
    if (column === undefined || together === undefined) {
      this.left.push({ column: name, why: 'a list of numbers has no distribution that a table shows' });
      return;
    }
    const method = this.#options.methods?.get(name) ?? this.#options.method;
    const drift = columnDrift(column, { alpha, seed, ...(method === undefined ? {} : { method }) });
    this.#columns.push({ name, role, drift });
    if (role !== 'input') this.#whole.set(role, together);
    else {
      this.#picks ??= pickRows(together.reference.length, together.window.length, seed);
      this.#inputs.push(pickedColumn(together, this.#picks));
      if (label !== undefined && prediction === undefined) this.#binned.push(binnedColumn(together));
    }
  }

  samples() {
    const losses = this.#losses();
    return {
      rows: this.#rows,
      columns: this.#columns,
      inputs: this.#inputs,
      left: this.left,
      ...(losses === undefined ? {} : { losses }),
    };
  }

  #refuse(name: string, side: Side, read: Exclude<ColumnRead, { kind: 'column' }>): void {
    if (read.kind === 'problem') this.problems.push({ side, problem: read.problem });
    else this.left.push({ column: name, why: `in the ${side} ${read.why}` });
  }

  #losses() {
    const [prediction, label] = [this.#whole.get('prediction'), this.#whole.get('label')];
    if (label === undefined) return undefined;
    if (prediction !== undefined) return predictionLosses(prediction, label);
    return crossFittedLosses(this.#binned, label, this.#options.seed);
  }
}

const IDENTIFIER = 'every row has a value of its own: an identifier; name it among the columns to compare it';
