import { pearsonStatistic } from './chi-squared-contingency.ts';

/**
 * How strongly which sample a row is from goes with its category: an effect size beside χ²'s p-value, from 0 (not at all) to 1, without
 * the bias that makes the plain V of small samples look large. `first[k]` and `second[k]` count category k.
 *
 * Definition: √(φ̃²/min(k̃ − 1, r̃ − 1)), φ̃² = max(0, χ²/N − (k − 1)(r − 1)/(N − 1)), k̃ = k − (k − 1)²/(N − 1), r̃ likewise with r = 2 samples; categories
 * empty in both are no categories. NaN for an empty sample, 0 for a single category. Reference: Bergsma (2013), Journal of the Korean
 * Statistical Society 42(3). Complexity: O(k).
 *
 * @example cramersV([200, 800], [400, 600]) // 0.2171… (the plain V is 0.2182…)
 */
export function cramersV(first: ArrayLike<number>, second: ArrayLike<number>): number {
  let [n, m, categories] = [0, 0, 0];
  for (let k = 0; k < first.length; k++) {
    const [count, other] = [first[k] ?? 0, second[k] ?? 0];
    n += count;
    m += other;
    if (count + other > 0) categories++;
  }
  if (n === 0 || m === 0) return NaN;
  if (categories < 2) return 0;
  const total = n + m;
  const phi = Math.max(0, pearsonStatistic(first, second) / total - (categories - 1) / (total - 1));
  const columns = categories - (categories - 1) ** 2 / (total - 1);
  const rows = 2 - 1 / (total - 1);
  const room = Math.min(columns, rows) - 1;
  return room <= 0 ? 0 : Math.min(1, Math.sqrt(phi / room));
}
