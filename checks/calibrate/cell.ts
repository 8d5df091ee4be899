/**
 * Glossary: a *cell* is one method on one kind of data at one window size, with or without a shift; its *repetitions* are run in *blocks* of
 * a fixed size, each from a seed of its own, so that a run can be cut off, resumed, widened, or repeated in part with the same numbers.
 */
export interface Cell {
  readonly subject: Subject;
  readonly kind: string;
  /** A drift method, or a metric. */
  readonly method: string;
  /** Rows a side; two models answer the same `window` rows. */
  readonly reference: number;
  readonly window: number;
  readonly shifted: boolean;
}

/** One column's drift, all columns' drift, or two equal models. */
export type Subject = 'column' | 'joint' | 'models';

/** What happened in a block, or in all blocks of a cell: how many repetitions, and how often each event came. */
export interface Tally {
  readonly repetitions: number;
  readonly events: Readonly<Record<string, number>>;
}

/** A block of repetitions that one simulation serves for several methods. */
export interface Task {
  readonly subject: Subject;
  readonly kind: string;
  readonly methods: readonly string[];
  readonly reference: number;
  readonly window: number;
  readonly shifted: boolean;
  readonly block: number;
  readonly repetitions: number;
}

/** One line of the state file. */
export interface BlockResult extends Cell {
  readonly block: number;
  readonly tally: Tally;
  /** Time that this method took. */
  readonly ms: number;
}

export function cellName({ subject, kind, method, reference, window, shifted }: Cell): string {
  return [subject, kind, method, reference, window, shifted ? 'shifted' : 'same'].join('/');
}

export function addTallies(tallies: readonly Tally[]): Tally {
  const events: Record<string, number> = {};
  for (const tally of tallies) {
    for (const [event, count] of Object.entries(tally.events)) events[event] = (events[event] ?? 0) + count;
  }
  return { repetitions: tallies.reduce((sum, { repetitions }) => sum + repetitions, 0), events };
}
