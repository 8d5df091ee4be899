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
  readonly candidate: Answers;
  readonly champion: Answers;
  /** The champion asked a second time: its own noise floor. */
  readonly championAgain: Answers;
}
