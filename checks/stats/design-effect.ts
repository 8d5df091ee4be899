/**
 * How many dependent observations are worth one independent one, for a share that was counted in rounds: observations of one round resemble each
 * other (a machine is busy for a while, and then is not).
 *
 * Definition: the variance of the share by the spread of the rounds, R/(R − 1) · Σ mᵣ² (pᵣ − p)² / n², over the binomial one, p(1 − p)/n; at least
 * 1, since chance alone may make rounds too equal. 1 where the share is 0 or 1, or there is one round. Reference: Kish (1965), Survey Sampling,
 * 5.4 and 8.2. Complexity: O(n).
 *
 * @example designEffect([true, true, true, false, false, false], [3, 6]) // 6: each half is of one mind
 */
export function designEffect(hits: ArrayLike<boolean>, roundEnds: ArrayLike<number>): number {
  const rounds = roundEnds.length;
  const size = rounds === 0 ? 0 : (roundEnds[rounds - 1] ?? 0);
  if (rounds < 2 || size === 0) return 1;
  const counts = countsOf(hits, roundEnds);
  const share = counts.reduce((sum, count) => sum + count, 0) / size;
  if (share === 0 || share === 1) return 1;
  let squares = 0;
  for (let round = 0; round < rounds; round++) {
    const length = (roundEnds[round] ?? 0) - (round === 0 ? 0 : (roundEnds[round - 1] ?? 0));
    squares += ((counts[round] ?? 0) - share * length) ** 2;
  }
  const clustered = (rounds / (rounds - 1)) * (squares / size ** 2);
  return Math.max(1, clustered / ((share * (1 - share)) / size));
}

function countsOf(hits: ArrayLike<boolean>, roundEnds: ArrayLike<number>): readonly number[] {
  let at = 0;
  return Array.from(roundEnds, (end) => {
    let count = 0;
    for (; at < end; at++) if (hits[at] === true) count += 1;
    return count;
  });
}
