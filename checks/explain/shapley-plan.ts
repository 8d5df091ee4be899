/** What a budget allows: which background rows are played exactly, for which orders are drawn, and which are left out. */
import type { Table } from '../../serving/model/table.ts';
import type { SeededRandom } from '../stats/seeded-random.ts';
import { type Factor, sameValue } from './factors.ts';

/** Factors that differ between the row and a background row up to which all 2ⁿ coalitions are asked. */
const EXACT_FACTORS = 10;
/** An error needs two. */
export const FEWEST_ORDERS = 2;
/** Beyond this an order more moves nothing that anyone reads. */
export const MOST_ORDERS = 100;
export const ROWS_AT_ONCE = 2048;

/** One background row against the row to explain. */
export interface Game {
  readonly row: number;
  readonly explained: number;
  /** Numbers of the factors whose values differ. */
  readonly differing: readonly number[];
  readonly from: number;
  readonly to: number;
  /** Contributions of the differing factors, one array a pair of orders; one array in all where it is exact. */
  readonly values: Float64Array[];
}

/** One game a background row that has been asked, in their order. */
export function gamesOf(
  table: Table,
  factors: readonly Factor[],
  order: readonly number[],
  ends: { readonly of: ReadonlyMap<number, number>; readonly explained: number },
): readonly Game[] {
  const explained = table.rows - 1;
  return order.flatMap((row): readonly Game[] => {
    const from = ends.of.get(row);
    return from === undefined
      ? []
      : [
          {
            row,
            explained,
            differing: factors.flatMap((factor, k) => (sameValue(table, factor, row, explained) ? [] : [k])),
            from,
            to: ends.explained,
            values: [],
          },
        ];
  });
}

interface Plan {
  /** Background rows that the budget reaches. */
  readonly rows: number;
  readonly exactFactors: number;
}

/** As many exact games as the budget allows; where not even two pairs of orders a row fit, fewer background rows. */
export function planOf(games: readonly Game[], affordable: number): Plan {
  const total = (exactFactors: number): number => games.reduce((sum, game) => sum + costOf(game, exactFactors), 0);
  for (let exactFactors = EXACT_FACTORS; exactFactors >= 2; exactFactors--)
    if (total(exactFactors) <= affordable) return { rows: games.length, exactFactors };
  let rows = 0;
  for (let spent = 0; rows < games.length; rows++) {
    const game = games[rows];
    spent += game === undefined ? 0 : costOf(game, 2);
    if (spent > affordable) break;
  }
  return { rows, exactFactors: 2 };
}

/** Coalitions that are neither empty nor whole: the ends are known. */
export function costOf(game: Game, exactFactors: number): number {
  const n = game.differing.length;
  return n <= exactFactors ? Math.max(0, 2 ** n - 2) : FEWEST_ORDERS * pairCost(game);
}

export function pairCost({ differing }: Game): number {
  return 2 * (differing.length - 1);
}

/** In order, together up to about `rowsAtOnce` rows. */
export function batchesOf(
  games: readonly Game[],
  rowsAtOnce: number,
  cost: (game: Game) => number,
): readonly (readonly Game[])[] {
  const batches: Game[][] = [];
  let rows = Infinity;
  for (const game of games) {
    const own = cost(game);
    if (rows + own > rowsAtOnce) {
      batches.push([]);
      rows = 0;
    }
    batches.at(-1)?.push(game);
    rows += own;
  }
  return batches;
}

export function shuffled(items: readonly number[], random: SeededRandom): readonly number[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.index(i + 1);
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  return order;
}
