import { binnedRows } from './reliability-bins.ts';

/** Brier = reliability − resolution + uncertainty + withinBins. */
export interface BrierDecomposition {
  readonly brier: number;
  /** How far probabilities are from frequencies; 0 is calibrated. */
  readonly reliability: number;
  /** How far the bins' frequencies are from the overall one; more is better. */
  readonly resolution: number;
  /** Of the outcomes alone: base rate times its complement. */
  readonly uncertainty: number;
  /** What binning hides: variance of the probabilities in a bin less twice their covariance with the outcomes; 0 when each bin is one probability. */
  readonly withinBins: number;
}

/**
 * Murphy's decomposition of the mean squared error of probabilities, over bins of equal count, with the terms inside of bins so that the parts add up
 * exactly. `outcomes[i]` is 1 or 0.
 *
 * Reference: Murphy (1973); Stephenson, Coelho & Jolliffe (2008) for the terms inside of bins. Complexity: O(n log n).
 *
 * @example brierDecomposition([0.5, 0.5], [0, 1]) // { brier: 0.25, reliability: 0, resolution: 0, uncertainty: 0.25, withinBins: 0 }
 */
export function brierDecomposition(
  probabilities: ArrayLike<number>,
  outcomes: ArrayLike<number>,
  bins = 10,
): BrierDecomposition {
  const size = probabilities.length;
  let [events, brier] = [0, 0];
  for (let row = 0; row < size; row++) {
    events += outcomes[row] ?? 0;
    brier += ((probabilities[row] ?? 0) - (outcomes[row] ?? 0)) ** 2;
  }
  const base = events / size;
  let [reliability, resolution, withinBins] = [0, 0, 0];
  for (const rows of binnedRows(probabilities, bins)) {
    let [said, came] = [0, 0];
    for (const row of rows) {
      said += probabilities[row] ?? 0;
      came += outcomes[row] ?? 0;
    }
    const [predicted, observed] = [said / rows.length, came / rows.length];
    reliability += rows.length * (predicted - observed) ** 2;
    resolution += rows.length * (observed - base) ** 2;
    for (const row of rows) {
      const [p, y] = [(probabilities[row] ?? 0) - predicted, (outcomes[row] ?? 0) - observed];
      withinBins += p * p - 2 * p * y;
    }
  }
  return {
    brier: brier / size,
    reliability: reliability / size,
    resolution: resolution / size,
    uncertainty: base * (1 - base),
    withinBins: withinBins / size,
  };
}
