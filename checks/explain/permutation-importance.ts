import type { Scores } from '../../serving/model/score.ts';
import type { Table } from '../../serving/model/table.ts';
import { seededRandom, type SeededRandom } from '../stats/seeded-random.ts';
import { type AnswerRows, type Budget, clock, timeIsOver } from './explained-model.ts';
import { composeRows, type Factor } from './factors.ts';

/** Losses of one factor's shuffling. Every number is a rise of the loss: positive where the factor helps. */
export interface Importance {
  readonly factor: string;
  readonly column: string;
  /** On all rows, one value a shuffle. */
  readonly losses: Float64Array;
  /** On all rows but those of one part, the mean of the shuffles, one value a part: the jackknife's replicates. NaN where the loss is not defined there. */
  readonly withoutPart: Float64Array;
  /** On some of the parts, the mean of the shuffles, one value a subset that was asked for. */
  readonly onSubsets: Float64Array;
  /** Answers that any shuffle changed, of the rows asked. */
  readonly changed: number;
}

export interface ImportanceQuestion {
  readonly factors: readonly Factor[];
  /** The part of each row, dense from 0. Values are shuffled within their part, so that parts, and unions of parts, are samples of their own. */
  readonly parts: ArrayLike<number>;
  /** Sets of parts on which the loss is wanted as well, such as the halves of a split. */
  readonly subsets: readonly (readonly number[])[];
  readonly shuffles: number;
  readonly seed: number;
  /** How badly rows (by their numbers, ascending) were answered: greater is worse. Undefined where it cannot be said. */
  readonly lossOf: (scores: Scores, rows: Uint32Array) => number | undefined;
  readonly budget: Budget;
}

export type Importances =
  | {
      readonly kind: 'importances';
      /** Loss of the answers as they are, on all rows. */
      readonly loss: number;
      /** In the order of the factors; those that the budget did not reach are in `left`. */
      readonly importances: readonly Importance[];
      readonly left: readonly string[];
      /** Shuffles that every factor in `importances` had. */
      readonly shuffles: number;
    }
  | { readonly kind: 'undefined'; readonly reason: string };

/**
 * Permutation importance: how much the loss rises when one factor's values are shuffled among the rows, which leaves its distribution and breaks its
 * relation to everything else. Asks `factors × shuffles` times all rows, whole rounds of shuffles while the budget lasts.
 *
 * Definition: mean over shuffles of loss(shuffled) − loss(as it is). References: Breiman (2001), Machine Learning 45(1), section 10; Fisher, Rudin &
 * Dominici (2019), JMLR 20(177). The replicates without one part give standard errors that hold the rows' and the shuffles' chance
 * (delete-a-group jackknife: Kott 2001). Correlated factors stand in for each other, and each shows less than both together.
 */
export async function permutationImportance(
  answerRows: AnswerRows,
  table: Table,
  asIs: Scores,
  question: ImportanceQuestion,
): Promise<Importances> {
  const units = question.factors.map(
    (factor): Unit => ({ name: factor.name, column: factor.column, factors: [factor] }),
  );
  return importancesOfUnits(answerRows, table, asIs, question, units);
}

/**
 * The same of several factors at once, shuffled by one permutation so that they keep their relation to each other: what they are worth together, which
 * factors that stand in for each other do not show alone.
 */
export async function jointImportance(
  answerRows: AnswerRows,
  table: Table,
  asIs: Scores,
  question: ImportanceQuestion,
  name: string,
): Promise<Importances> {
  return importancesOfUnits(answerRows, table, asIs, question, [{ name, column: name, factors: question.factors }]);
}

/** Factors that are exchanged together. */
interface Unit {
  readonly name: string;
  readonly column: string;
  readonly factors: readonly Factor[];
}

async function importancesOfUnits(
  answerRows: AnswerRows,
  table: Table,
  asIs: Scores,
  question: ImportanceQuestion,
  units: readonly Unit[],
): Promise<Importances> {
  const { factors, budget, seed } = question;
  const startedMs = (budget.now ?? clock)();
  const views = viewsOf(question.parts, table.rows, question.subsets);
  const before = lossesOf(asIs, views, question);
  if (before === undefined) return { kind: 'undefined', reason: 'the loss is not defined on these rows' };
  const tallies = units.map(() => ({ rounds: [] as Float64Array[], changed: new Uint8Array(table.rows) }));
  const random = seededRandom(seed);
  const affordable = Math.floor(budget.rows / Math.max(1, table.rows * units.length));
  const rounds = Math.max(1, Math.min(question.shuffles, affordable));
  let over = false;
  for (let round = 0; round < rounds && !over; round++) {
    const shuffled = shuffledWithin(views.byPart, table.rows, random);
    for (const [k, unit] of units.entries()) {
      over ||= timeIsOver(budget, startedMs);
      if (over) break;
      const scores = await answerRows(exchanged(table, factors, unit.factors, shuffled));
      const after = lossesOf(scores, views, question);
      if (after === undefined)
        return { kind: 'undefined', reason: `the loss is not defined when ${unit.name} is shuffled` };
      const tally = tallies[k];
      tally?.rounds.push(after.map((loss, i) => loss - (before[i] ?? NaN)));
      if (tally !== undefined) markChanged(asIs, scores, tally.changed);
    }
  }
  return importancesOf(before[0] ?? NaN, units, tallies, views);
}

interface Views {
  /** Row numbers of each part. */
  readonly byPart: readonly Uint32Array[];
  /** All rows; then all but those of each part; then the subsets. */
  readonly rows: readonly Uint32Array[];
}

function viewsOf(parts: ArrayLike<number>, rows: number, subsets: ImportanceQuestion['subsets']): Views {
  const lists: number[][] = [];
  for (let row = 0; row < rows; row++) {
    const part = parts[row] ?? 0;
    (lists[part] ??= []).push(row);
  }
  const byPart = Array.from(lists, (list) => Uint32Array.from(list ?? []));
  const all = Uint32Array.from({ length: rows }, (_, row) => row);
  const partsIn = (wanted: (part: number) => boolean) => all.filter((row) => wanted(parts[row] ?? 0));
  return {
    byPart,
    rows: [
      all,
      ...byPart.map((_, left) => partsIn((part) => part !== left)),
      ...subsets.map((subset) => partsIn((part) => subset.includes(part))),
    ],
  };
}

/** Undefined where the loss of all rows is; NaN where that of a part's absence or of a subset is: a class may not come there. */
function lossesOf(scores: Scores, { rows }: Views, { lossOf }: ImportanceQuestion): Float64Array | undefined {
  const losses = Float64Array.from(rows, (view) => (view.length === 0 ? NaN : (lossOf(scores, view) ?? NaN)));
  return Number.isNaN(losses[0] ?? NaN) ? undefined : losses;
}

/**
 * For each row, the row whose value it is given: one cycle through each part, drawn uniformly (Sattolo 1986), so that no row keeps its own value. Else the
 * importance would fall short by the share of rows that do, a sixth in parts of six.
 */
function shuffledWithin(byPart: readonly Uint32Array[], rows: number, random: SeededRandom): Int32Array {
  const from = Int32Array.from({ length: rows }, (_, row) => row);
  for (const members of byPart)
    for (let i = members.length - 1; i > 0; i--) {
      const a = members[i] ?? 0;
      const b = members[random.index(i)] ?? 0;
      [from[a], from[b]] = [from[b] ?? 0, from[a] ?? 0];
    }
  return from;
}

/** The table with some factors exchanged; columns that none of them names are shared with it. */
function exchanged(table: Table, factors: readonly Factor[], chosen: readonly Factor[], from: Int32Array): Table {
  const names = new Set(chosen.map(({ column }) => column));
  const own = factors.filter(({ column }) => names.has(column));
  const asIs = Int32Array.from({ length: table.rows }, (_, row) => row);
  const { columns } = composeRows(
    table,
    own,
    own.map((each) => (chosen.includes(each) ? from : asIs)),
  );
  return { rows: table.rows, columns: new Map([...table.columns, ...columns]) };
}

function markChanged(before: Scores, after: Scores, changed: Uint8Array): void {
  const width = changed.length === 0 ? 1 : before.scores.length / changed.length;
  for (let i = 0; i < before.scores.length; i++)
    if (!Object.is(before.scores[i], after.scores[i])) changed[Math.floor(i / width)] = 1;
}

function importancesOf(
  loss: number,
  units: readonly Unit[],
  tallies: readonly { readonly rounds: readonly Float64Array[]; readonly changed: Uint8Array }[],
  { byPart, rows }: Views,
): Importances {
  const importances: Importance[] = [];
  const left: string[] = [];
  for (const [k, { name, column }] of units.entries()) {
    const { rounds, changed } = tallies[k] ?? { rounds: [], changed: new Uint8Array() };
    if (rounds.length === 0) {
      left.push(name);
      continue;
    }
    const means = Float64Array.from(
      rows,
      (_, i) => rounds.reduce((sum, each) => sum + (each[i] ?? 0), 0) / rounds.length,
    );
    importances.push({
      factor: name,
      column,
      losses: Float64Array.from(rounds, (each) => each[0] ?? NaN),
      withoutPart: means.slice(1, 1 + byPart.length),
      onSubsets: means.slice(1 + byPart.length),
      changed: changed.reduce((sum, each) => sum + each, 0),
    });
  }
  const shuffles = importances.reduce((least, each) => Math.min(least, each.losses.length), Infinity);
  return { kind: 'importances', loss, importances, left, shuffles: Number.isFinite(shuffles) ? shuffles : 0 };
}
