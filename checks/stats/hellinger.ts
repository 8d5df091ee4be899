/**
 * Hellinger distance of two samples' counts in the same bins: 0 for equal shares, 1 for shares that never meet.
 *
 * Definition: √(½ Σ (√p − √q)²), which is √(1 − Σ √(pq)) without its loss of digits. NaN for an empty sample. Reference: Hellinger (1909); Le Cam
 * (1986). Complexity: O(k).
 *
 * @example hellinger([1, 1], [1, 0]) // 0.541196100146197
 */
export function hellinger(first: ArrayLike<number>, second: ArrayLike<number>): number {
  const [n, m] = [sumOf(first), sumOf(second)];
  if (n === 0 || m === 0) return NaN;
  let sum = 0;
  for (let k = 0; k < first.length; k++) sum += (Math.sqrt((first[k] ?? 0) / n) - Math.sqrt((second[k] ?? 0) / m)) ** 2;
  return Math.min(1, Math.sqrt(sum / 2));
}

function sumOf(counts: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < counts.length; k++) sum += counts[k] ?? 0;
  return sum;
}
