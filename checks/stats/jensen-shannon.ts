/**
 * Jensen–Shannon distance, base 2: 0 for equal shares, 1 for shares that never meet. The distance, not its square (the
 * divergence); other tools use other scales for the same name.
 *
 * Definition: √(½ KL(p‖m) + ½ KL(q‖m)), m the mean of the two. Reference: Lin (1991); scipy's jensenshannon(p, q, base=2).
 * Complexity: O(k).
 *
 * @example jensenShannon([1, 0], [0, 1]) // 1
 */
export function jensenShannon(first: ArrayLike<number>, second: ArrayLike<number>): number {
  const [n, m] = [sumOf(first), sumOf(second)];
  if (n === 0 || m === 0) return NaN;
  let divergence = 0;
  for (let i = 0; i < first.length; i++) {
    const p = (first[i] ?? 0) / n;
    const q = (second[i] ?? 0) / m;
    const middle = (p + q) / 2;
    divergence += (entropyTerm(p, middle) + entropyTerm(q, middle)) / 2;
  }
  return Math.sqrt(Math.max(0, divergence));
}

function entropyTerm(p: number, middle: number): number {
  return p === 0 ? 0 : p * Math.log2(p / middle);
}

function sumOf(counts: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) sum += counts[i] ?? 0;
  return sum;
}
