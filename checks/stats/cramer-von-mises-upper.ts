import { alternatingTail, type WeightedLaw } from './alternating-tail.ts';

/** Weights 1/(kπ)²; D(y) = sin √y / √y. */
const law: WeightedLaw = {
  root: (w) => (Math.PI * w) ** 2,
  logSlope: (w) => 2 / w,
  density: (w) => Math.sqrt(Math.PI * w),
};

/** Below this the probability is 1 to all digits: e^(−1/(16x)) is below 1e-18. */
const CERTAIN = 0.0015;

/**
 * Probability that the limit of the Cramér–von Mises statistic, Σ χ²₁ₖ/(kπ)², exceeds x.
 *
 * Definition: Smirnov's alternating series (`alternatingTail`). Reference: Anderson & Darling (1952), Annals of Mathematical Statistics
 * 23(2), table 1. Complexity: some hundred evaluations.
 *
 * @example cramerVonMisesUpper(0.46136) // 0.05000…
 */
export function cramerVonMisesUpper(x: number): number {
  return x < CERTAIN ? 1 : alternatingTail(x, law);
}
