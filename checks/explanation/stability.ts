import type { ExplainedModel } from '../evidence/explanation-evidence.ts';
import { midRanks } from '../stats/mid-ranks.ts';
import { meanOf, type RankedColumn } from './rank-importances.ts';

/** How alike two halves of the rows rank the columns, and what follows for all of them. */
export interface Stability {
  /** Spearman's correlation of both halves' importances, the mean of several splits. */
  readonly halves: number;
  /** Of two samples as large as all rows together. */
  readonly whole: number;
  readonly splits: number;
  /** Columns whose interval lies above 0; the others count as 0 in both halves. */
  readonly told: number;
}

/**
 * Whether another sample would rank the columns alike. Columns whose importance cannot be told from nothing count as equal, since their order says
 * nothing. Undefined where fewer than two columns can be told from nothing, or none of the splits tells.
 *
 * Definition: r̄ of the splits by halves, stepped up to all rows by 2r/(1 + r). References: Spearman (1910) and Brown (1910), British Journal of
 * Psychology 3(3).
 */
export function stabilityOf({ columns }: ExplainedModel, ranked: readonly RankedColumn[]): Stability | undefined {
  const told = ranked.filter(({ interval }) => interval.lower > 0);
  const splits = Math.floor((columns[0]?.onHalves.length ?? 0) / 2);
  if (told.length < 2 || splits === 0) return undefined;
  const correlations = Array.from({ length: splits }, (_, split) => {
    const halfOf = (half: 0 | 1) =>
      ranked.map(({ interval, source }) =>
        interval.lower > 0 ? Math.max(0, source.onHalves[2 * split + half] ?? 0) : 0,
      );
    return correlationOf(midRanks(halfOf(0)), midRanks(halfOf(1)));
  });
  const halves = meanOf(correlations);
  if (Number.isNaN(halves)) return undefined;
  return { halves, whole: halves <= -1 ? -1 : (2 * halves) / (1 + halves), splits, told: told.length };
}

/** About how many rows would rank the columns alike to this degree; undefined where the halves do not agree at all. */
export function rowsForStability(rows: number, { halves }: Stability, wanted: number): number | undefined {
  if (halves <= 0 || wanted >= 1) return undefined;
  return Math.ceil(((rows / 2) * (wanted * (1 - halves))) / (halves * (1 - wanted)));
}

/** Pearson's correlation; of ranks it is Spearman's. NaN where one side is constant. */
function correlationOf(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [meanA, meanB] = [meanOf(a), meanOf(b)];
  let [products, squaresA, squaresB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const x = (a[i] ?? 0) - meanA;
    const y = (b[i] ?? 0) - meanB;
    products += x * y;
    squaresA += x * x;
    squaresB += y * y;
  }
  return products / Math.sqrt(squaresA * squaresB);
}
