/**
 * Total variation distance of two samples' counts in the same bins: the share of rows that would have to change their bin.
 *
 * Definition: ½ Σ |p − q|; 0 to 1. NaN for an empty sample. Complexity: O(k).
 *
 * @example totalVariation([50, 50], [60, 40]) // 0.1
 */
export function totalVariation(first: ArrayLike<number>, second: ArrayLike<number>): number {
  const [n, m] = [sumOf(first), sumOf(second)];
  if (n === 0 || m === 0) return NaN;
  let sum = 0;
  for (let k = 0; k < first.length; k++) sum += Math.abs((first[k] ?? 0) * m - (second[k] ?? 0) * n);
  return sum / (2 * n * m);
}

function sumOf(counts: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < counts.length; k++) sum += counts[k] ?? 0;
  return sum;
}
