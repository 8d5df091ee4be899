import type { FeedbackStats } from '../fleet.ts';
import type { LogRows, LogValue } from './log-column.ts';
import { FEEDBACK_COLUMN } from './own-columns.ts';

/** A request that named its arm is nobody's evidence; its flag stands among others, joined by `; `. */
const OVERRIDE_FLAG = 'override';

/**
 * What the labels that callers sent back say of each revision: recorded rows with a label, decided rows whose class is the label, and how far
 * scores lie from labels that are numbers. Rows without a label say nothing.
 */
export function feedbackStatsOf({ columns, values, rows }: LogRows): Readonly<Record<string, FeedbackStats>> {
  const names = new Set(columns.map(({ name }) => name));
  const own = (name: string): readonly LogValue[] =>
    values.get(names.has(`slipway_${name}`) ? `slipway_${name}` : name) ?? [];
  const [revisions, labels, classes, scores, flags] = ['revision', FEEDBACK_COLUMN, 'class', 'score', 'flags'].map(own);
  const byRevision = new Map<string, FeedbackStats>();
  for (let row = 0; row < rows; row++) {
    const label = labels?.[row] ?? null;
    if (
      label === null ||
      String(flags?.[row] ?? '')
        .split('; ')
        .includes(OVERRIDE_FLAG)
    )
      continue;
    const revision = String(revisions?.[row]);
    byRevision.set(
      revision,
      withRow(byRevision.get(revision) ?? NOTHING, String(label), classes?.[row] ?? null, scores?.[row] ?? null),
    );
  }
  return Object.fromEntries(byRevision);
}

const NOTHING: FeedbackStats = {
  rows: 0,
  decided: 0,
  correct: 0,
  distance: { count: 0, sum: 0, sumOfSquares: 0 },
};

function withRow(before: FeedbackStats, label: string, decision: LogValue, score: LogValue): FeedbackStats {
  const apart = typeof score === 'number' ? Math.abs(score - Number(label)) : NaN;
  const { count, sum, sumOfSquares } = before.distance;
  return {
    rows: before.rows + 1,
    decided: before.decided + (decision === null ? 0 : 1),
    correct: before.correct + (decision !== null && String(decision) === label ? 1 : 0),
    distance: Number.isFinite(apart)
      ? { count: count + 1, sum: sum + apart, sumOfSquares: sumOfSquares + apart * apart }
      : before.distance,
  };
}
