import { alternatingTail, type WeightedLaw } from './alternating-tail.ts';

/** Weights 1/(k(k + 1)); D(y) = −cos(½π √(1 + 4y)) / (πy), which at y = w(w + 1) is sin πw / (πw(w + 1)) but for the sign. */
const law: WeightedLaw = {
  root: (w) => w * (w + 1),
  logSlope: (w) => (2 * w + 1) / (w * (w + 1)),
  density: (w) => Math.sqrt(Math.PI * w * (w + 1)),
};

/** Below this the probability is 1 to all digits: e^(−π²/(8x)) is below 1e-18. */
const CERTAIN = 0.025;

/**
 * Probability that the limit of the Anderson–Darling statistic, Σ χ²₁ₖ/(k(k + 1)), exceeds x.
 *
 * Definition: Smirnov's alternating series (`alternatingTail`). Reference: Anderson & Darling (1954), JASA 49(268); Marsaglia & Marsaglia
 * (2004), Journal of Statistical Software 9(2), whose adinf it equals to their digits. Complexity: some hundred evaluations.
 *
 * @example andersonDarlingUpper(2.4923671605) // 0.05000…
 */
export function andersonDarlingUpper(x: number): number {
  return x < CERTAIN ? 1 : alternatingTail(x, law);
}
