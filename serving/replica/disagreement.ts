import { type Scores, decisionOf } from '../model/score.ts';
import type { ShadowCounts } from './side-counts.ts';

export type Disagreement = Pick<ShadowCounts, 'rows' | 'decided' | 'flips' | 'distance'>;

/**
 * How far two arms' answers to one request lie apart, row by row. Classes are compared by what they are called, so that two revisions may list
 * them in another order. A score that is not finite decides nothing and has no distance. Undefined where the two do not answer the same rows.
 */
export function disagreementOf(stable: Scores, shadow: Scores): Disagreement | undefined {
  if (stable.rows !== shadow.rows) return undefined;
  const { rows } = stable;
  let [decided, flips, count, sum, sumOfSquares] = [0, 0, 0, 0, 0];
  const isDecided = stable.task !== 'regression' && shadow.task !== 'regression';
  for (let row = 0; row < rows; row++) {
    if (isDecided) {
      decided += 1;
      if (labelOf(stable, row) !== labelOf(shadow, row)) flips += 1;
    }
    const distance = distanceOf(stable, shadow, row);
    if (distance === undefined || !Number.isFinite(distance)) continue;
    count += 1;
    sum += distance;
    sumOfSquares += distance * distance;
  }
  return { rows, decided, flips, distance: { count, sum, sumOfSquares } };
}

function labelOf(scores: Scores, row: number): string | undefined {
  if (scores.task === 'regression') return undefined;
  const decided = scores.classes[decisionOf(scores, row)];
  return decided === undefined ? undefined : String(decided);
}

/** Of several classes half the sum of differences: for probabilities the total variation distance, which for two classes is that of one. */
function distanceOf(a: Scores, b: Scores, row: number): number | undefined {
  if (a.task !== 'multiclass' && b.task !== 'multiclass') {
    const isAlike = a.task === b.task && positiveOf(a) === positiveOf(b);
    return isAlike ? Math.abs((a.scores[row] ?? NaN) - (b.scores[row] ?? NaN)) : undefined;
  }
  if (a.task !== 'multiclass' || b.task !== 'multiclass' || a.classes.length !== b.classes.length) return undefined;
  let sum = 0;
  for (const [k, name] of a.classes.entries()) {
    const other = b.classes[k] === name ? k : b.classes.findIndex((each) => String(each) === String(name));
    if (other === -1) return undefined;
    const width = a.classes.length;
    sum += Math.abs((a.scores[row * width + k] ?? NaN) - (b.scores[row * width + other] ?? NaN));
  }
  return sum / 2;
}

function positiveOf(scores: Scores): string {
  return scores.task === 'binary' ? String(scores.classes[1]) : '';
}
