import type { ExplainedModel } from '../evidence/explanation-evidence.ts';
import type { Interval } from '../stats/interval.ts';
import { jackknifeError } from '../stats/jackknife-error.ts';
import { studentTQuantile } from '../stats/student-t-quantile.ts';
import { CONFIDENCE, meanOf } from './rank-importances.ts';

/** A column's share of what all columns are worth, under both models on the same rows and shuffles. */
export interface ChangedColumn {
  readonly column: string;
  readonly candidate: number;
  readonly champion: number;
  readonly difference: number;
  /** Of the difference; holds for all columns at once (Bonferroni). */
  readonly interval: Interval;
  readonly inputOf: 'both' | 'candidate' | 'champion';
}

/**
 * How the shares moved, the greatest first. Shares rather than losses, since a better model loses more by any column. The interval comes from leaving
 * out the same part of the rows under both models. Undefined where the two were not asked about the same rows.
 */
export function changesOf(candidate: ExplainedModel, champion: ExplainedModel): readonly ChangedColumn[] | undefined {
  const { parts } = candidate;
  if (champion.rows !== candidate.rows || champion.parts !== parts || champion.metric !== candidate.metric || parts < 2)
    return undefined;
  const own = sharesOf(candidate);
  const others = sharesOf(champion);
  const columns = [...new Set([...own.keys(), ...others.keys()])];
  const t = studentTQuantile(1 - (1 - CONFIDENCE) / (2 * columns.length), parts - 1);
  const none = { share: 0, withoutPart: new Float64Array(parts) };
  return columns
    .map((column): ChangedColumn => {
      const mine = own.get(column);
      const theirs = others.get(column);
      const { share: ofCandidate, withoutPart } = mine ?? none;
      const { share: ofChampion, withoutPart: championWithout } = theirs ?? none;
      const difference = ofCandidate - ofChampion;
      const error = jackknifeError(withoutPart.map((share, part) => share - (championWithout[part] ?? NaN)));
      const half = error === 0 ? 0 : Number.isNaN(error) ? Infinity : t * error;
      return {
        column,
        candidate: ofCandidate,
        champion: ofChampion,
        difference,
        interval: { lower: difference - half, upper: difference + half },
        inputOf: theirs === undefined ? 'candidate' : mine === undefined ? 'champion' : 'both',
      };
    })
    .toSorted((a, b) => Math.abs(b.difference) - Math.abs(a.difference));
}

interface Share {
  readonly share: number;
  readonly withoutPart: Float64Array;
}

/** Each factor's share on all rows, and without each part. */
function sharesOf({ columns, parts }: ExplainedModel): ReadonlyMap<string, Share> {
  const totalOf = (of: (column: ExplainedModel['columns'][number]) => number): number =>
    columns.reduce((sum, column) => sum + Math.max(0, of(column)), 0);
  const shareOf = (importance: number, total: number): number => (total === 0 ? 0 : Math.max(0, importance) / total);
  const total = totalOf(({ losses }) => meanOf(losses));
  const totals = Float64Array.from({ length: parts }, (_, part) =>
    totalOf(({ withoutPart }) => withoutPart[part] ?? 0),
  );
  return new Map(
    columns.map(({ column, patch, losses, withoutPart }) => [
      patch ?? column,
      {
        share: shareOf(meanOf(losses), total),
        withoutPart: withoutPart.map((loss, part) => shareOf(loss, totals[part] ?? 0)),
      },
    ]),
  );
}
