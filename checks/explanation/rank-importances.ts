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
export function rankImportances({ columns, parts }: ExplainedModel): readonly RankedColumn[] {
  const t = parts < 2 ? Infinity : studentTQuantile(1 - (1 - CONFIDENCE) / 2, parts - 1);
  const total = columns.reduce((sum, { losses }) => sum + Math.max(0, meanOf(losses)), 0);
  return columns
    .map((source): RankedColumn => {
      const importance = meanOf(source.losses);
      const standardError = jackknifeError(source.withoutPart);
      const half = standardError === 0 ? 0 : t * standardError;
      return {
        name: source.patch ?? source.column,
        column: source.column,
        importance,
        standardError,
        interval: { lower: importance - half, upper: importance + half },
        share: total === 0 ? 0 : Math.max(0, importance) / total,
        changed: source.changed,
        source,
      };
    })
    .toSorted((a, b) => b.importance - a.importance);
}

export function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ?? NaN;
  return sum / values.length;
}
