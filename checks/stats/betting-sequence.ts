import type { Interval } from './interval.ts';

/** Candidate means that are wagered against; the interval's ends are exact to its step. */
const CANDIDATES = 1000;
/** No bet may lose more than this share of the capital in one round. */
const LARGEST_LOSS = 0.5;
/** Pseudo-observations at the start: a half, with the variance of a coin. */
const START = { count: 1, sum: 0.5, squares: 0.25 } as const;

/** An always-valid interval that grows with its stream. */
export interface BettingSequence {
  /** Takes the next value, in [0, 1]. Throws a RangeError for any other. */
  observe(value: number): void;
  /** For the mean of what was and will be observed; only ever narrows. */
  interval(): Interval;
}

/**
 * Always-valid interval for the mean of bounded values (a rate, a share, a clipped loss), by betting: against each candidate mean a gambler wagers both ways,
 * and a candidate against whom somebody got 1/α times richer is out. Exact from the first value for any distribution on [0, 1], and much narrower
 * than Hoeffding's where the variance is small. Values with another range are scaled first.
 *
 * Definition: hedged capital ½·Π(1 + λᵢ(xᵢ − m)) ∨ ½·Π(1 − λᵢ(xᵢ − m)) with predictable λᵢ = √(2 ln(2/α) / (σ̂²ᵢ₋₁ · i · ln(i + 1))), truncated at
 * ½/m and ½/(1 − m). Reference: Waudby-Smith & Ramdas (2024), "Estimating means of bounded random variables by betting", JRSS B 86(1), theorem 3
 * and equation (26). Complexity: O(1,000) a value.
 *
 * @example
 * const rate = bettingSequence(0.05);
 * for (let i = 0; i < 400; i++) rate.observe(i % 20 === 0 ? 1 : 0);
 * rate.interval() // about { lower: 0.02, upper: 0.11 }
 */
export function bettingSequence(alpha: number): BettingSequence {
  const gains = [new Float64Array(CANDIDATES + 1), new Float64Array(CANDIDATES + 1)] as const;
  let { count, sum, squares } = START as { count: number; sum: number; squares: number };
  let [low, high] = [0, CANDIDATES];
  const limit = Math.log(2 / alpha);
  return {
    observe(value) {
      if (!(value >= 0 && value <= 1)) throw new RangeError(`found ${value}, expected a value from 0 to 1`);
      const variance = squares / count;
      const bet = Math.sqrt((2 * limit) / (variance * count * Math.log(count + 1)));
      for (let at = low; at <= high; at++) {
        const candidate = at / CANDIDATES;
        const up = Math.min(bet, LARGEST_LOSS / candidate);
        const down = Math.min(bet, LARGEST_LOSS / (1 - candidate));
        gains[0][at] = (gains[0][at] ?? 0) + Math.log1p(up * (value - candidate));
        gains[1][at] = (gains[1][at] ?? 0) + Math.log1p(-down * (value - candidate));
      }
      count += 1;
      sum += value;
      squares += (value - sum / count) ** 2;
      const isOut = (at: number) => Math.max(gains[0][at] ?? 0, gains[1][at] ?? 0) >= limit;
      while (low < high && isOut(low)) low++;
      while (high > low && isOut(high)) high--;
    },
    interval: () => ({ lower: Math.max(0, (low - 1) / CANDIDATES), upper: Math.min(1, (high + 1) / CANDIDATES) }),
  };
}
