import type { Scores } from '../../serving/model/score.ts';
import type { Table } from '../../serving/model/table.ts';
import { seededRandom, type SeededRandom } from '../stats/seeded-random.ts';
import { type AnswerRows, type Budget, clock, timeIsOver } from './explained-model.ts';
import { composeRows, type Factor } from './factors.ts';
import {
  batchesOf,
  costOf,
  FEWEST_ORDERS,
  type Game,
  gamesOf,
  MOST_ORDERS,
  pairCost,
  planOf,
  ROWS_AT_ONCE,
  shuffled,
} from './shapley-plan.ts';
import { exactShapley } from './exact-shapley.ts';

export interface ShapleyQuestion {
  readonly factors: readonly Factor[];
  /** The number that is explained: a probability, a value, one class's score. */
  readonly scoreOf: (scores: Scores, row: number) => number;
  readonly seed: number;
  readonly budget: Budget;
}

/** Why one row's score is not the background's mean. */
export interface ShapleyExplanation {
  /** Of the row, asked alone. */
  readonly score: number;
  /** Mean score of the background rows that were used. */
  readonly background: number;
  readonly backgroundRows: number;
  /** One a factor, in their order. */
  readonly contributions: readonly Contribution[];
  /** Background rows against which every coalition was asked; against the others, orders were drawn. */
  readonly exactRows: number;
  /** Pairs of orders drawn for each of the other background rows, at least. */
  readonly orders: number;
  readonly asked: number;
  /** Whether the contributions add up to score − background: they do unless answers depend on the batch, or differ from run to run. */
  readonly additivity: {
    readonly sum: number;
    readonly expected: number;
    readonly difference: number;
    readonly holds: boolean;
  };
}

export interface Contribution {
  readonly factor: string;
  readonly column: string;
  readonly value: number;
  /** Of drawing orders; 0 where every coalition was asked. Given the background. */
  readonly standardError: number;
  /** How far another background of this size would move it (one standard deviation). */
  readonly backgroundError: number;
}

/** Of the largest score in sight: single precision, with room for the order of summation. */
const ADDITIVITY_TOLERANCE = 1e-5;

/**
 * Shapley values of one row: each factor's mean contribution, over all orders in which factors may become known, to the way from a background row's
 * score to this row's, averaged over the background (interventional: a factor that is not known has the background row's value, whatever the others
 * say). `table` holds the background and, as its last row, the row to explain.
 *
 * A factor with the same value on both sides contributes nothing, so only the n that differ are played for: 2ⁿ coalitions where n is at most 10 and
 * the budget allows, else orders drawn in pairs, each with its reverse. Background rows are taken in random order; what the budget does not
 * reach is left out, so that the answer is coarser and never late. Complexity: Σ min(2ⁿ, 2·orders·(n − 1)) rows.
 *
 * References: Shapley (1953); Štrumbelj & Kononenko (2014), Knowledge and Information Systems 41(3), for drawing orders; Mitchell et al. (2022), JMLR 23(43),
 * for pairs; Janzing, Minorics & Blöbaum (2020), AISTATS, for the interventional form.
 */
export async function shapleyValues(
  answerRows: AnswerRows,
  table: Table,
  question: ShapleyQuestion,
): Promise<ShapleyExplanation> {
  const { factors, scoreOf, budget } = question;
  const { now = clock, rowsAtOnce = ROWS_AT_ONCE } = budget;
  const startedMs = now();
  const explained = table.rows - 1;
  if (explained < 1) throw new Error('a row is explained against at least one background row');
  const score = scoreOf(await answerRows(rowsOf(table, factors, [explained])), 0);
  const random = seededRandom(question.seed);
  const order = shuffled(
    Array.from({ length: explained }, (_, row) => row),
    random,
  );
  const ends = endsIn(answerRows, table, order, question);
  let asked = 1;
  const over = (): boolean => timeIsOver(budget, startedMs);
  const affordable = (): number => {
    const elapsedMs = now() - startedMs;
    return Math.min(budget.rows - asked, (budget.timeMs - elapsedMs) / Math.max(elapsedMs / asked, Number.MIN_VALUE));
  };

  // The ends first, for a quarter of what there is; then each background row wholly, as exactly as what is left allows for all that are left. What a
  // row costs is measured anew each time: the first rows of a process cost several times as much.
  const settled: Game[] = [];
  const drawn: Game[] = [];
  let known: readonly Game[] = [];
  const asker = askerOf(answerRows, table, question);
  for (;;) {
    const isShare = (): boolean =>
      now() - startedMs > budget.timeMs * SHARE_OF_ENDS || asked >= budget.rows * SHARE_OF_ENDS;
    while (ends.left() > 0 && (known.length === 0 || (settled.length === 0 && !isShare()))) {
      const found = await ends.next(Math.max(1, Math.min(rowsAtOnce, budget.rows - asked)));
      asked += found.asked;
      known = [...known, ...gamesOf(table, factors, found.rows, ends)];
      budget.signal?.throwIfAborted();
    }
    if (known.length === 0) break;
    const share = known.length / (known.length + ends.left());
    const plan = planOf(known, affordable() * share);
    if (settled.length > 0 && (over() || plan.rows === 0)) break;
    const cost = (game: Game): number => costOf(game, plan.exactFactors);
    const [batch = []] = batchesOf(known.slice(0, Math.max(1, plan.rows)), rowsAtOnce, cost);
    asked += await asker(batch.flatMap((game) => firstQuestions(game, plan.exactFactors, random)));
    drawn.push(...batch.filter(({ differing }) => differing.length > plan.exactFactors));
    settled.push(...batch);
    known = known.slice(batch.length);
    if (known.length === 0 && (over() || affordable() < 1)) break;
  }

  // Then further orders for those that are not exact.
  const round = drawn.reduce((sum, game) => sum + pairCost(game), 0);
  let orders = drawn.length === 0 ? 0 : FEWEST_ORDERS;
  while (orders > 0 && orders < MOST_ORDERS && affordable() >= round && !over()) {
    const batches = batchesOf(drawn, rowsAtOnce, (game) => pairCost(game));
    let done = 0;
    for (; done < batches.length && !over(); done++)
      asked += await asker((batches[done] ?? []).map((game) => pairOf(game, random)));
    if (done < batches.length) break;
    orders += 1;
  }
  return explanationOf(score, settled, factors, { exactRows: settled.length - drawn.length, orders, asked });
}

/** Of what there is: the rest is for what lies between the ends. */
const SHARE_OF_ENDS = 0.25;
const FIRST_ENDS = 8;

interface Ends {
  /** Scores of background rows by their number. */
  readonly of: ReadonlyMap<number, number>;
  /** Score of the row to explain. */
  readonly explained: number;
  /** Background rows that were not asked yet. */
  left(): number;
  /** Asks the next ones, at most so many. */
  next(most: number): Promise<{ readonly rows: readonly number[]; readonly asked: number }>;
}

/** Scores of background rows in their random order, asked in ever larger tables, the row to explain in the first: a model that takes long is asked little at once. */
function endsIn(
  answerRows: AnswerRows,
  table: Table,
  order: readonly number[],
  { factors, scoreOf }: ShapleyQuestion,
): Ends {
  const of = new Map<number, number>();
  let explained = NaN;
  let wanted = FIRST_ENDS;
  return {
    of,
    get explained() {
      return explained;
    },
    left: () => order.length - of.size,
    async next(most) {
      const isFirst = of.size === 0;
      const rows = order.slice(of.size, of.size + Math.min(wanted, most));
      wanted *= 2;
      const answers = await answerRows(rowsOf(table, factors, isFirst ? [...rows, table.rows - 1] : rows));
      for (const [i, row] of rows.entries()) of.set(row, scoreOf(answers, i));
      if (isFirst) explained = scoreOf(answers, rows.length);
      return { rows, asked: answers.rows };
    },
  };
}

/** Coalitions of one game to ask about, and what to do with their scores. */
interface Question {
  readonly game: Game;
  /** Which of the differing factors have the explained row's value. */
  readonly coalitions: readonly Uint8Array[];
  readonly settle: (scores: Float64Array) => void;
}

function firstQuestions(game: Game, exactFactors: number, random: SeededRandom): readonly Question[] {
  if (game.differing.length > exactFactors) return Array.from({ length: FEWEST_ORDERS }, () => pairOf(game, random));
  const n = game.differing.length;
  const coalitions = Array.from({ length: Math.max(0, 2 ** n - 2) }, (_, i) =>
    Uint8Array.from({ length: n }, (__, k) => ((i + 1) >> k) & 1),
  );
  return [
    {
      game,
      coalitions,
      settle: (scores) => {
        const worth = Float64Array.from({ length: 2 ** n }, (_, mask) => scores[mask - 1] ?? NaN);
        worth[2 ** n - 1] = game.to;
        worth[0] = game.from;
        game.values.push(n === 0 ? new Float64Array() : exactShapley(worth, n));
      },
    },
  ];
}

/** An order and its reverse: what a factor adds early in one it adds late in the other. */
function pairOf(game: Game, random: SeededRandom): Question {
  const n = game.differing.length;
  const order = shuffled(
    Array.from({ length: n }, (_, k) => k),
    random,
  );
  const reverse = order.toReversed();
  const along = (sequence: readonly number[]): readonly Uint8Array[] => {
    const known = new Uint8Array(n);
    return sequence.slice(0, -1).map((k) => {
      known[k] = 1;
      return known.slice();
    });
  };
  return {
    game,
    coalitions: [...along(order), ...along(reverse)],
    settle: (scores) => {
      const values = new Float64Array(n);
      for (const [sequence, from] of [
        [order, 0],
        [reverse, n - 1],
      ] as const) {
        let before = game.from;
        for (const [place, k] of sequence.entries()) {
          const after = place === n - 1 ? game.to : (scores[from + place] ?? NaN);
          values[k] = (values[k] ?? 0) + (after - before) / 2;
          before = after;
        }
      }
      game.values.push(values);
    },
  };
}

function askerOf(answerRows: AnswerRows, table: Table, { factors, scoreOf }: ShapleyQuestion) {
  return async (questions: readonly Question[]): Promise<number> => {
    const rows = questions.reduce((sum, { coalitions }) => sum + coalitions.length, 0);
    const picks = factors.map(() => new Int32Array(rows));
    let at = 0;
    for (const { game, coalitions } of questions)
      for (const coalition of coalitions) {
        for (const pick of picks) pick[at] = game.row;
        game.differing.forEach((k, i) => {
          const pick = picks[k];
          if (pick !== undefined && coalition[i] === 1) pick[at] = game.explained;
        });
        at += 1;
      }
    const scores = rows === 0 ? undefined : await answerRows(composeRows(table, factors, picks));
    let from = 0;
    for (const { coalitions, settle } of questions) {
      settle(Float64Array.from(coalitions, (_, i) => (scores === undefined ? NaN : scoreOf(scores, from + i))));
      from += coalitions.length;
    }
    return rows;
  };
}

function explanationOf(
  score: number,
  games: readonly Game[],
  factors: readonly Factor[],
  told: Pick<ShapleyExplanation, 'exactRows' | 'orders' | 'asked'>,
): ShapleyExplanation {
  const rows = games.length;
  const background = games.reduce((sum, { from }) => sum + from, 0) / rows;
  const means = factors.map(() => new Float64Array(rows));
  const variances = new Float64Array(factors.length);
  for (const [g, { differing, values }] of games.entries())
    for (const [i, k] of differing.entries()) {
      const draws = values.map((each) => each[i] ?? NaN);
      const mean = draws.reduce((sum, each) => sum + each, 0) / draws.length;
      const own = means[k];
      if (own !== undefined) own[g] = mean;
      if (draws.length > 1) {
        const squares = draws.reduce((sum, each) => sum + (each - mean) ** 2, 0);
        variances[k] = (variances[k] ?? 0) + squares / (draws.length - 1) / draws.length / rows ** 2;
      }
    }
  const contributions = factors.map(({ name, column }, k): Contribution => {
    const own = means[k] ?? new Float64Array();
    const value = own.reduce((sum, each) => sum + each, 0) / rows;
    const squares = own.reduce((sum, each) => sum + (each - value) ** 2, 0);
    return {
      factor: name,
      column,
      value,
      standardError: Math.sqrt(variances[k] ?? 0),
      backgroundError: rows < 2 ? Infinity : Math.sqrt(squares / (rows - 1) / rows),
    };
  });
  const sum = contributions.reduce((total, { value }) => total + value, 0);
  const expected = score - background;
  const scale = games.reduce(
    (most, { from }) => Math.max(most, Math.abs(from)),
    Math.max(Math.abs(score), Number.MIN_VALUE),
  );
  const difference = sum - expected;
  return {
    score,
    background,
    backgroundRows: rows,
    contributions,
    ...told,
    additivity: { sum, expected, difference, holds: Math.abs(difference) <= ADDITIVITY_TOLERANCE * scale },
  };
}

function rowsOf(table: Table, factors: readonly Factor[], rows: ArrayLike<number>): Table {
  return composeRows(
    table,
    factors,
    factors.map(() => rows),
  );
}
