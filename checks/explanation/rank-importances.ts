import type { ColumnImportance, ExplainedModel } from '../evidence/explanation-evidence.ts';
import type { Interval } from '../stats/interval.ts';
import { jackknifeError } from '../stats/jackknife-error.ts';
import { studentTQuantile } from '../stats/student-t-quantile.ts';

/** What one column (or patch of a list) is worth to a model, with the chance of rows and shuffles. */
export interface RankedColumn {
  /** The column's name, or the patch's. */
  readonly name: string;
  readonly column: string;
  /** How much worse the metric became when it was shuffled. */
  readonly importance: number;
  readonly standardError: number;
  readonly interval: Interval;
  /** Of all that shuffling any one column costs; negative importances count as 0. */
  readonly share: number;
  readonly changed: number;
  readonly source: ColumnImportance;
}

export const CONFIDENCE = 0.95;

/** The columns, most important first. */
export function rankImportances({
  columns,
  parts,
}: Pick<ExplainedModel, 'columns' | 'parts'>): readonly RankedColumn[] {
  const total = columns.reduce((sum, { losses }) => sum + Math.max(0, meanOf(losses)), 0);
  return columns
    .map((source): RankedColumn => {
      const estimate = importanceOf(source, parts);
      return {
        name: source.patch ?? source.column,
        column: source.column,
        ...estimate,
        share: total === 0 ? 0 : Math.max(0, estimate.importance) / total,
        changed: source.changed,
        source,
      };
    })
    .toSorted((a, b) => b.importance - a.importance);
}

/** Mean loss with its jackknife error and interval. */
export function importanceOf(
  { losses, withoutPart }: Pick<ColumnImportance, 'losses' | 'withoutPart'>,
  parts: number,
): Pick<RankedColumn, 'importance' | 'standardError' | 'interval'> {
  const t = parts < 2 ? Infinity : studentTQuantile(1 - (1 - CONFIDENCE) / 2, parts - 1);
  const importance = meanOf(losses);
  const found = jackknifeError(withoutPart);
  // Without some part the metric may not be defined: nobody knows the error then.
  const standardError = Number.isNaN(found) ? Infinity : found;
  const half = standardError === 0 ? 0 : t * standardError;
  return { importance, standardError, interval: { lower: importance - half, upper: importance + half } };
}

/** Whether less is lost by shuffling it than the margin, as far as can be told, and maybe nothing. */
export function isWorthNothing({ interval }: Pick<RankedColumn, 'interval'>, margin: number): boolean {
  return interval.lower <= 0 && interval.upper < margin;
}

export function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ?? NaN;
  return sum / values.length;
}
