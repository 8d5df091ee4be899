import { ascendingOrder } from './ascending-order.ts';

/** What a binary model's metrics would be if its calibrated probabilities told the truth. Estimates: never a verdict. */
export interface EstimatedPerformance {
  readonly accuracy: number;
  readonly precision?: number;
  readonly recall?: number;
  readonly specificity?: number;
  readonly f1?: number;
  readonly rocAuc?: number;
}

/**
 * Confidence-based performance estimation: metrics of predictions whose labels have not come yet. Each row counts as positive by its calibrated
 * probability. It assumes that the calibration still holds: it is blind to a changed relation of label to inputs.
 *
 * `probabilities` are calibrated; `decisions` are 1 or 0; `scores` give the order for the area (the probabilities, where they are left out). Metrics without a
 * denominator are left out. Definition: expected confusion matrix TP = Σ p·d, FP = Σ (1 − p)·d, …; the area by trapezoids over rows in falling order of score, p and
 * 1 − p cumulated. Reference: Garg et al. (2022); as NannyML's CBPE. Complexity: O(n log n).
 *
 * @example estimatedPerformance([0.9, 0.2], [1, 0]).accuracy // 0.85
 */
export function estimatedPerformance(
  probabilities: ArrayLike<number>,
  decisions: ArrayLike<number>,
  scores: ArrayLike<number> = probabilities,
): EstimatedPerformance {
  let [tp, fp, fn, tn] = [0, 0, 0, 0];
  for (let row = 0; row < probabilities.length; row++) {
    const p = probabilities[row] ?? 0;
    if (decisions[row] === 1) {
      tp += p;
      fp += 1 - p;
    } else {
      fn += p;
      tn += 1 - p;
    }
  }
  const share = (part: number, whole: number) => (whole === 0 ? undefined : part / whole);
  const known = {
    precision: share(tp, tp + fp),
    recall: share(tp, tp + fn),
    specificity: share(tn, tn + fp),
    f1: share(2 * tp, 2 * tp + fp + fn),
    rocAuc: estimatedArea(probabilities, scores, tp + fn, fp + tn),
  };
  const defined = Object.entries(known).filter(([, value]) => value !== undefined);
  return { accuracy: (tp + tn) / probabilities.length, ...Object.fromEntries(defined) };
}

function estimatedArea(
  probabilities: ArrayLike<number>,
  scores: ArrayLike<number>,
  positives: number,
  negatives: number,
): number | undefined {
  if (positives === 0 || negatives === 0) return undefined;
  const order = ascendingOrder(scores);
  let [below, area] = [0, 0];
  for (let at = 0; at < order.length; ) {
    const score = scores[order[at] ?? 0];
    let [up, down] = [0, 0];
    for (; at < order.length && scores[order[at] ?? 0] === score; at++) {
      const p = probabilities[order[at] ?? 0] ?? 0;
      up += p;
      down += 1 - p;
    }
    area += up * (below + down / 2);
    below += down;
  }
  return area / (positives * negatives);
}
