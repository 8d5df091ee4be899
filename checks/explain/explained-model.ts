import type { Scores } from '../../serving/model/score.ts';
import type { Table } from '../../serving/model/table.ts';

/**
 * How models are explained: by asking them about rows of which parts were exchanged. Nothing here knows how a model is loaded or run, so the same
 * code explains in a check, on the command line and beside a serving replica.
 *
 * Glossary. A *factor* is what is exchanged as one: a column, or a patch of a list column. The *background* are rows that stand for "not knowing"
 * a factor. An *importance* is how much worse a metric becomes when a factor is shuffled; a *contribution* is a factor's share (a Shapley value) in
 * how far one row's score lies from the background's mean.
 */
export type AnswerRows = (table: Table) => Promise<Scores>;

/** How long asking may take. What does not fit is not asked, and intervals become wider. */
export interface Budget {
  /** Rows that may be asked. */
  readonly rows: number;
  readonly timeMs: number;
  /** Rows in one table, about: who shares a process with others asks for few. Enough for full batches, few enough that the time is looked at often. */
  readonly rowsAtOnce?: number;
  /** Milliseconds that only ever rise; `performance.now` when left out. */
  readonly now?: () => number;
  readonly signal?: AbortSignal;
}

/** Whether the time is over; throws when the caller gave up. */
export function timeIsOver({ timeMs, now = clock, signal }: Budget, startedMs: number): boolean {
  signal?.throwIfAborted();
  return now() - startedMs >= timeMs;
}

export function clock(): number {
  return performance.now();
}
