import type { Table } from '../../serving/model/table.ts';
import type { Answers } from './evidence.ts';

/** Recorded production requests, put to both models in the order in which they were recorded. */
export interface ReplayEvidence {
  /** Where they were recorded. */
  readonly label: string;
  /** The rows that were replayed, with every recorded column: a flip is told for whom. */
  readonly table: Table;
  /** Rows that were recorded; more than `table.rows` when a sample was replayed. */
  readonly recorded: number;
  /** Which of the recorded rows each row of `table` is, from 0. */
  readonly rows: Int32Array;
  /** NaN where a model refused or failed on a row. */
  readonly candidate: Answers;
  readonly champion: Answers;
  /** The champion asked a second time, in another order and in batches of another size: its own noise floor. */
  readonly championAgain: Answers;
  readonly candidateRefused: Refusals;
  readonly championRefused: Refusals;
  /** The columns that each model takes. */
  readonly candidateColumns: readonly string[];
  readonly championColumns: readonly string[];
}

/** Rows of `table` that a model could not be asked, ascending, and why the first of them. */
export interface Refusals {
  readonly rows: Int32Array;
  readonly first?: string;
}
