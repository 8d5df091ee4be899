/** |x − μ| < this · (x + μ): the series in (x − μ)/(x + μ) keeps the digits. */
const NEAR = 0.1;

/**
 * x ln(x/μ) + μ − x, half the deviance of a count x whose mean is μ, without the cancellation near x = μ.
 *
 * Definition: by the logarithm, or near μ by its series in v = (x − μ)/(x + μ). Reference: Loader (2000), "Fast and accurate computation of binomial
 * probabilities"; R's bd0. Complexity: O(1).
 *
 * @example deviance(10, 8) // 0.2314355131420…
 */
export function deviance(x: number, mean: number): number {
  const v = (x - mean) / (x + mean);
  if (Math.abs(v) >= NEAR) return x * Math.log(x / mean) + mean - x;
  let sum = (x - mean) * v;
  let power = 2 * x * v;
  for (let j = 3; ; j += 2) {
    power *= v * v;
    const next = sum + power / j;
    if (next === sum) return next;
    sum = next;
  }
}
