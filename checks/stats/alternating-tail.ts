/** Where the law's weights stand: the k-th is 1/`root(k)`, and `root` is smooth in between. */
export interface WeightedLaw {
  root(w: number): number;
  /** Derivative of ln root. */
  logSlope(w: number): number;
  /** √(|sin πw| / |D|), D(y) = ∏(1 − y/root(k)) at y = root(w). */
  density(w: number): number;
}

/** Below this the remaining terms change no digit of a probability near 1. */
const VANISHING = 1e-18;
/** Chebyshev nodes at least, and how many more a steep exponential wants: √(2·37·c) for e⁻ᶜ to 16 digits, with room. */
const NODES = 40;
const NODES_A_STEEPNESS = 10;
const MOST_INTERVALS = 400;

/**
 * Probability that Σ χ²₁ₖ / root(k), k = 1, 2, …, a sum of weighted independent χ² variables, exceeds x: the laws that quadratic
 * distances of distribution functions tend to.
 *
 * Definition: π⁻¹ Σₖ (−1)^(k−1) ∫ e^(−xy/2) / (y √|D(y)|) dy from root(2k − 1) to root(2k), by Gauss–Chebyshev quadrature, whose weight is
 * what the integrand does at both ends. The first term leads the tail, so that far tails keep their digits.
 * Reference: Smirnov (1937); Imhof (1961), Biometrika 48. Complexity: some thousand evaluations at most.
 *
 * @example alternatingTail(0.46136, cramerVonMisesLaw) // 0.05
 */
export function alternatingTail(x: number, law: WeightedLaw): number {
  let sum = 0;
  for (let k = 1; k <= MOST_INTERVALS; k++) {
    const term = intervalTerm(x, k, law);
    sum += k % 2 === 1 ? term : -term;
    if (term < VANISHING * Math.abs(sum)) break;
  }
  return Math.min(1, Math.max(0, sum));
}

/** w = 2k − ½ + s/2 runs from 2k − 1 to 2k as s = cos θ from −1 to 1. */
function intervalTerm(x: number, k: number, law: WeightedLaw): number {
  const steepness = (x * (law.root(2 * k) - law.root(2 * k - 1))) / 4;
  const nodes = NODES + Math.ceil(NODES_A_STEEPNESS * Math.sqrt(steepness));
  let sum = 0;
  for (let node = 0; node < nodes; node++) {
    const theta = (Math.PI * (node + 0.5)) / nodes;
    const w = 2 * k - 0.5 + Math.cos(theta) / 2;
    // |sin πw| = cos(πs/2), written from the nearer end so that it keeps its digits there.
    const sine = Math.sin(Math.PI * Math.min(Math.sin(theta / 2) ** 2, Math.cos(theta / 2) ** 2));
    const weight = Math.sin(theta) / Math.sqrt(sine);
    sum += weight * Math.exp((-x * law.root(w)) / 2) * law.logSlope(w) * law.density(w);
  }
  return sum / nodes / 2;
}
