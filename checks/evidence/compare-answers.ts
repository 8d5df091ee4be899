import { decisionOf } from '../../serving/model/score.ts';
import type { Answers } from './evidence.ts';
import type { Tolerance } from './job.ts';

/** How two lists of answers to the same rows differ. */
export interface AnswerDifference {
  readonly bitEqual: boolean;
  readonly maxAbsolute: number;
  readonly maxRelative: number;
  /** Scores that differ by more than `absolute + relative * |first|`. */
  readonly beyondTolerance: number;
  /** Rows whose decision differs. */
  readonly flips: number;
}

/** Two NaNs are equal; a NaN against a number is beyond every tolerance. */
export function compareAnswers(first: Answers, second: Answers, tolerance: Tolerance): AnswerDifference {
  if (first.scores.length !== second.scores.length)
    throw new Error(`${first.scores.length} answers cannot be compared with ${second.scores.length}`);
  let bitEqual = true;
  let maxAbsolute = 0;
  let maxRelative = 0;
  let beyondTolerance = 0;
  for (let i = 0; i < first.scores.length; i++) {
    const a = first.scores[i] ?? NaN;
    const b = second.scores[i] ?? NaN;
    if (Object.is(a, b)) continue;
    bitEqual = false;
    if (a === b) continue;
    const absolute = Math.abs(a - b);
    // Over the larger of the two, so that a first answer of 0 gives 1 and not infinity.
    const relative = absolute / Math.max(Math.abs(a), Math.abs(b));
    if (!(absolute <= tolerance.absolute + tolerance.relative * Math.abs(a))) beyondTolerance += 1;
    maxAbsolute = Math.max(maxAbsolute, Number.isNaN(absolute) ? Infinity : absolute);
    maxRelative = Math.max(maxRelative, Number.isNaN(relative) ? Infinity : relative);
  }
  let flips = 0;
  for (let row = 0; row < first.rows; row++) if (decisionOf(first, row) !== decisionOf(second, row)) flips += 1;
  return { bitEqual, maxAbsolute, maxRelative, beyondTolerance, flips };
}
