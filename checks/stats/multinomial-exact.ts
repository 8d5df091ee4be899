import gammaln from '@stdlib/math-base-special-gammaln';
import { seededRandom } from './seeded-random.ts';

/** Outcomes up to which all are visited. */
const MOST_OUTCOMES = 100_000;
const DRAWS = 9999;
/** Outcomes whose probability is equal to the observed one's but for rounding count as equally extreme, as in R. */
const SAME = 1e-7;

/**
 * Exact goodness of fit: could these counts come from these shares (a declared distribution, not a sample), when they are too small for χ²?
 *
 * Definition: the sum of the multinomial probabilities that are at most the observed one: over all outcomes up to 100,000 of them, else by
 * 9,999 seeded draws, (1 + count)/(1 + 9,999). A count where the share is 0 gives 0. Reference: Read & Cressie (1988); for two categories
 * scipy.stats.binomtest. Complexity: O(outcomes · K).
 *
 * @example multinomialExact([9, 1], [0.5, 0.5], 1) // { pValue: 0.021484375, method: 'exact' }
 */
export function multinomialExact(
  counts: readonly number[],
  shares: readonly number[],
  seed: number,
): { readonly pValue: number; readonly method: 'exact' | 'simulation' } {
  const whole = shares.reduce((sum, share) => sum + share, 0);
  const kept = counts.map((count, k) => ({ count, share: (shares[k] ?? 0) / whole })).filter(({ share }) => share > 0);
  const trials = counts.reduce((sum, count) => sum + count, 0);
  if (kept.reduce((sum, { count }) => sum + count, 0) < trials) return { pValue: 0, method: 'exact' };
  const logs = kept.map(({ share }) => Math.log(share));
  const logPoint = (of: ArrayLike<number>) =>
    logs.reduce((sum, log, k) => sum + (of[k] ?? 0) * log - gammaln((of[k] ?? 0) + 1), gammaln(trials + 1));
  const limit = logPoint(kept.map(({ count }) => count)) + SAME;
  if (outcomesOf(trials, kept.length) > MOST_OUTCOMES) {
    const drawn = drawnOutcomes(
      trials,
      kept.map(({ share }) => share),
      seed,
    );
    const rare = drawn((outcome) => logPoint(outcome) <= limit);
    return { pValue: (1 + rare) / (1 + DRAWS), method: 'simulation' };
  }
  let pValue = 0;
  visitOutcomes(trials, kept.length, (outcome) => {
    const log = logPoint(outcome);
    if (log <= limit) pValue += Math.exp(log);
  });
  return { pValue: Math.min(1, pValue), method: 'exact' };
}

/** C(trials + K − 1, K − 1). */
function outcomesOf(trials: number, categories: number): number {
  let outcomes = 1;
  for (let k = 1; k < categories; k++) outcomes = (outcomes * (trials + k)) / k;
  return outcomes;
}

function visitOutcomes(trials: number, categories: number, visit: (outcome: readonly number[]) => void): void {
  const outcome = Array.from({ length: categories }, () => 0);
  const from = (k: number, left: number): void => {
    if (k === categories - 1) {
      outcome[k] = left;
      return visit(outcome);
    }
    for (let count = 0; count <= left; count++) {
      outcome[k] = count;
      from(k + 1, left - count);
    }
  };
  from(0, trials);
}

/** How many of the draws have a property. */
function drawnOutcomes(
  trials: number,
  shares: readonly number[],
  seed: number,
): (has: (outcome: Float64Array) => boolean) => number {
  const random = seededRandom(seed);
  let below = 0;
  const bounds = shares.map((share) => (below += share));
  return (has) => {
    const outcome = new Float64Array(shares.length);
    let count = 0;
    for (let draw = 0; draw < DRAWS; draw++) {
      outcome.fill(0);
      for (let trial = 0; trial < trials; trial++) {
        const at = random.uniform();
        const found = bounds.findIndex((bound) => at < bound);
        const k = found < 0 ? shares.length - 1 : found;
        outcome[k] = (outcome[k] ?? 0) + 1;
      }
      if (has(outcome)) count++;
    }
    return count;
  };
}
