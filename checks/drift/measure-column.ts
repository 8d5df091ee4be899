import type { Column } from '../../serving/model/table.ts';
import { type BinnedColumn, binnedColumn } from './binned-rows.ts';
import { type ColumnDrift, columnDrift, type DriftMethod } from './column-drift.ts';
import { comparableColumn, type ComparableColumn } from './comparable-column.ts';
import type { ColumnRole } from './compare-samples.ts';
import { isIdentifier } from './identifier.ts';
import { pickedColumn, pickRows } from './picked-rows.ts';
import { labelColumn } from './prediction-losses.ts';

/** One column of both sides, and what is wanted of it: plain data, so that a thread can be asked. */
export interface ColumnTask {
  readonly name: string;
  readonly role: ColumnRole;
  readonly reference: Column;
  readonly window: Column;
  /** Some rows of the reference, where the column itself does not know which value belongs to which row. */
  readonly sample?: Column;
  readonly alpha: number;
  readonly seed: number;
  readonly method?: DriftMethod;
  /** Identifiers are left out unless they were asked for by name. */
  readonly wanted: boolean;
  /** The relation is to be learnt from this column. */
  readonly binned: boolean;
}

/** What stays of a column. */
export type MeasuredColumn =
  | { readonly kind: 'left'; readonly name: string; readonly why: string }
  | {
      readonly kind: 'measured';
      readonly name: string;
      readonly role: ColumnRole;
      readonly drift: ColumnDrift;
      /** At most 1,000 rows a side, of an input. */
      readonly picked?: ComparableColumn;
      readonly binned?: BinnedColumn;
      /** Label and prediction, at most 50,000 rows a side, the same as of what is binned. */
      readonly whole?: ComparableColumn;
    };

/** Rows a side of which the relation is asked: a mean loss is known to a hundredth of its deviation long before. */
const MOST_RELATED = 50_000;

const IDENTIFIER = 'every row has a value of its own: an identifier; name it among the columns to compare it';
const LIST = 'a list of numbers has no distribution that a table shows';

export function measureColumn(task: ColumnTask): MeasuredColumn {
  const { name, role, reference, window, sample, alpha, seed, method } = task;
  if (!task.wanted && isIdentifier(reference) && isIdentifier(window)) return { kind: 'left', name, why: IDENTIFIER };
  const compared = role === 'label' ? labelColumn : comparableColumn;
  const column = compared(reference, window);
  const together = sample === undefined ? column : compared(sample, window);
  if (column === undefined || together === undefined) return { kind: 'left', name, why: LIST };
  const drift = columnDrift(column, { alpha, seed, ...(method === undefined ? {} : { method }) });
  const some = (most?: number) =>
    pickedColumn(together, pickRows(together.reference.length, together.window.length, seed, most));
  if (role !== 'input') return { kind: 'measured', name, role, drift, whole: some(MOST_RELATED) };
  const binned = task.binned ? { binned: binnedColumn(some(MOST_RELATED)) } : {};
  return { kind: 'measured', name, role, drift, picked: some(), ...binned };
}
