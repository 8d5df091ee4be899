/**
 * Exact probability, without ties, that Mann–Whitney's U of n and m observations is at least u.
 *
 * Definition: the number of ways to choose n of n + m ranks with such a U, over all; counted as partitions into at most n parts of
 * at most m, whose generating function is ∏ᵢ (1 − q^(m+i))/(1 − q^i). U is symmetric, so the smaller tail is summed, and nothing cancels.
 * Reference: Mann & Whitney (1947), Annals of Mathematical Statistics 18(1). Complexity: O(n²·m).
 *
 * @example mannWhitneyExactUpper(3, 4, 12) // 0.02857142857142857
 */
export function mannWhitneyExactUpper(n: number, m: number, u: number): number {
  const greatest = n * m;
  const [few, many] = [Math.min(n, m), Math.max(n, m)];
  const least = Math.ceil(u);
  if (least <= 0) return 1;
  if (least > greatest) return 0;
  const shares = partitionShares(few, many);
  const upper = least > greatest / 2;
  // U and nm − U have one law: P(U ≥ u) = P(U ≤ nm − u).
  const sum = (to: number) => shares.slice(0, to + 1).reduce((total, share) => total + share, 0);
  return upper ? sum(greatest - least) : 1 - sum(least - 1);
}

/**
 * Probability of each U from 0 to nm. Row by row over the number of parts: of the first-sample values one more is placed, so that
 * P(i, j) = i/(i + j) · shift + j/(i + j) · rest; every term is positive.
 */
function partitionShares(few: number, many: number): Float64Array {
  let row: Float64Array[] = Array.from({ length: few + 1 }, () => Float64Array.of(1));
  for (let j = 1; j <= many; j++) {
    const next: Float64Array[] = [Float64Array.of(1)];
    for (let i = 1; i <= few; i++) {
      const shares = new Float64Array(i * j + 1);
      const [without, withLast] = [row[i] ?? shares, next[i - 1] ?? shares];
      // The greatest of all belongs to the first sample (it beats all j) or to the second.
      for (let u = 0; u < withLast.length; u++) shares[u + j] = ((withLast[u] ?? 0) * i) / (i + j);
      for (let u = 0; u < without.length; u++) shares[u] = (shares[u] ?? 0) + ((without[u] ?? 0) * j) / (i + j);
      next.push(shares);
    }
    row = next;
  }
  return row[few] ?? Float64Array.of(1);
}
