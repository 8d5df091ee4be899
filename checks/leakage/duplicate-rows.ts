import type { Table } from '../../serving/model/table.ts';
import type { Interval } from '../stats/interval.ts';
import { normalQuantile } from '../stats/normal-quantile.ts';
import { wilsonInterval } from '../stats/wilson-interval.ts';
import { rowHashes } from './row-hashes.ts';

/** Rows that are there more than once, by some columns. */
export interface Duplicates {
  readonly columns: readonly string[];
  readonly rows: number;
  /** Evaluation rows that another evaluation row repeats. */
  readonly repeated: number;
  readonly repeatedShare: number;
  readonly repeatedInterval: Interval;
  readonly against?: SharedRows;
}

/** Against the reference. */
export interface SharedRows {
  readonly rows: number;
  /** Evaluation rows that are in the reference as well. */
  readonly shared: number;
  readonly share: number;
  /**
   * The share that chance explains: of the reference's own rows, how many another one of them repeats. Were both drawn from one population, an
   * evaluation row would be met in the reference about as often as a row of the reference among the others.
   */
  readonly natural: number;
  readonly excess: number;
  /** 95 %, of share − natural. */
  readonly interval: Interval;
  /** First evaluation rows that are in the reference, 1-based. */
  readonly first: readonly number[];
}

const ALPHA = 0.05;
const ROWS_TOLD = 5;

export function findDuplicates(
  evaluation: Table,
  reference: Table | undefined,
  columns: readonly string[],
): Duplicates {
  const own = rowHashes(evaluation, columns);
  const repeated = twinsOf(own.toSorted());
  return {
    columns,
    rows: own.length,
    repeated,
    repeatedShare: own.length === 0 ? 0 : repeated / own.length,
    repeatedInterval: wilsonInterval(repeated, own.length, ALPHA),
    ...(reference === undefined || reference.rows === 0
      ? {}
      : { against: sharedRows(own, rowHashes(reference, columns)) }),
  };
}

function sharedRows(own: Float64Array, theirs: Float64Array): SharedRows {
  const sorted = theirs.toSorted();
  const isShared = (hash: number) => holds(sorted, hash);
  const shared = own.filter(isShared).length;
  const twins = twinsOf(sorted);
  const share = shared / own.length;
  const natural = twins / theirs.length;
  const error = Math.sqrt((share * (1 - share)) / own.length + (natural * (1 - natural)) / theirs.length);
  const half = -normalQuantile(ALPHA / 2) * error;
  const excess = share - natural;
  const first: number[] = [];
  for (let row = 0; row < own.length && first.length < ROWS_TOLD; row++)
    if (isShared(own[row] ?? 0)) first.push(row + 1);
  return {
    rows: theirs.length,
    shared,
    share,
    natural,
    excess,
    interval: { lower: excess - half, upper: excess + half },
    first,
  };
}

/** How many of sorted numbers have an equal neighbour. */
function twinsOf(sorted: Float64Array): number {
  let twins = 0;
  for (let i = 0; i < sorted.length; i++) if (sorted[i] === sorted[i - 1] || sorted[i] === sorted[i + 1]) twins += 1;
  return twins;
}

function holds(sorted: Float64Array, value: number): boolean {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((sorted[middle] ?? 0) < value) from = middle + 1;
    else to = middle;
  }
  return sorted[from] === value;
}
