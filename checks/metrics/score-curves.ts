import { ascendingOrder } from '../stats/ascending-order.ts';

/** A curve as points in the order in which a falling threshold passes them. */
export interface ScoreCurve {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/**
 * Receiver operating characteristic: true positive rate (`y`) over false positive rate (`x`), one point a different score, from (0, 0) to (1, 1).
 * Undefined without both classes. `positive[i]` is 1 or 0.
 *
 * Reference: Fawcett (2006); as scikit-learn's roc_curve(drop_intermediate=False). Complexity: O(n log n).
 *
 * @example rocCurve([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]) // { x: [0, 0, 0.5, 0.5, 1], y: [0, 0.5, 0.5, 1, 1] }
 */
export function rocCurve(scores: ArrayLike<number>, positive: ArrayLike<number>): ScoreCurve | undefined {
  const steps = stepsOf(scores, positive);
  const { found: positives = 0, wrong: negatives = 0 } = steps.at(-1) ?? {};
  if (positives === 0 || negatives === 0) return undefined;
  return {
    x: [0, ...steps.map(({ wrong }) => wrong / negatives)],
    y: [0, ...steps.map(({ found }) => found / positives)],
  };
}

/**
 * Precision (`y`) over recall (`x`), one point a different score, by rising recall; it begins at recall 0 with precision 1, by convention. Undefined
 * without both classes.
 *
 * Reference: Davis & Goadrich (2006); as scikit-learn's precision_recall_curve, backwards. Complexity: O(n log n).
 *
 * @example precisionRecallCurve([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]) // { x: [0, 0.5, 0.5, 1, 1], y: [1, 1, 0.5, 0.66…, 0.5] }
 */
export function precisionRecallCurve(scores: ArrayLike<number>, positive: ArrayLike<number>): ScoreCurve | undefined {
  const steps = stepsOf(scores, positive);
  const { found: positives = 0, wrong: negatives = 0 } = steps.at(-1) ?? {};
  if (positives === 0 || negatives === 0) return undefined;
  return {
    x: [0, ...steps.map(({ found }) => found / positives)],
    y: [1, ...steps.map(({ found, wrong }) => found / (found + wrong))],
  };
}

/**
 * Area under precision over recall by steps, which no interpolation makes too great: Σ (Rₙ − Rₙ₋₁) Pₙ. As scikit-learn's average_precision_score.
 *
 * @example averagePrecision({ x: [0, 0.5, 0.5, 1, 1], y: [1, 1, 0.5, 2 / 3, 0.5] }) // 0.83…
 */
export function averagePrecision({ x, y }: ScoreCurve): number {
  return x.reduce((sum, recall, i) => sum + (i === 0 ? 0 : (recall - (x[i - 1] ?? 0)) * (y[i] ?? 0)), 0);
}

/** At most `most` of the points, evenly along the curve's length, both ends among them: what a drawing can show. */
export function thinned({ x, y }: ScoreCurve, most: number): ScoreCurve {
  if (x.length <= most) return { x, y };
  const lengths = [0];
  for (let i = 1; i < x.length; i++) {
    const step = Math.abs((x[i] ?? 0) - (x[i - 1] ?? 0)) + Math.abs((y[i] ?? 0) - (y[i - 1] ?? 0));
    lengths.push((lengths[i - 1] ?? 0) + step);
  }
  const whole = lengths.at(-1) ?? 0;
  const kept: number[] = [];
  let next = 0;
  for (let i = 0; i < x.length - 1; i++) {
    if ((lengths[i] ?? 0) < (whole * next) / (most - 1)) continue;
    kept.push(i);
    while (next < most && (lengths[i] ?? 0) >= (whole * next) / (most - 1)) next++;
  }
  kept.splice(most - 1);
  kept.push(x.length - 1);
  return { x: kept.map((i) => x[i] ?? 0), y: kept.map((i) => y[i] ?? 0) };
}

/** How many of either class score at least as high as each different score, the greatest first. */
function stepsOf(
  scores: ArrayLike<number>,
  positive: ArrayLike<number>,
): readonly { readonly found: number; readonly wrong: number }[] {
  const order = ascendingOrder(scores);
  const steps: { found: number; wrong: number }[] = [];
  let [found, wrong] = [0, 0];
  for (let place = order.length - 1; place >= 0; place--) {
    const row = order[place] ?? 0;
    if (positive[row] === 1) found++;
    else wrong++;
    const isLast = place === 0 || scores[order[place - 1] ?? 0] !== scores[row];
    if (isLast) steps.push({ found, wrong });
  }
  return steps;
}
