/**
 * Shapley values of a game of n players from the worth of every coalition: `worth[mask]`, where bit k of `mask` says whether player k takes part.
 *
 * Definition: φₖ = Σ over coalitions S without k of |S|!(n − |S| − 1)!/n! · (worth(S ∪ k) − worth(S)). Reference: Shapley (1953), A value for n-person
 * games. Complexity: O(n·2ⁿ).
 *
 * @example exactShapley(Float64Array.of(0, 10, 20, 50), 2) // Float64Array [20, 30]
 */
export function exactShapley(worth: Float64Array, players: number): Float64Array {
  const weights = weightsOf(players);
  const values = new Float64Array(players);
  for (let mask = 0; mask < 2 ** players; mask++) {
    const own = worth[mask] ?? NaN;
    const size = bitsOf(mask);
    for (let k = 0; k < players; k++) {
      const takesPart = (mask >> k) & 1;
      // A worth counts for its members by the weight of the coalition without them, against everybody else by its own.
      const weight = takesPart === 1 ? (weights[size - 1] ?? 0) : -(weights[size] ?? 0);
      values[k] = (values[k] ?? 0) + weight * own;
    }
  }
  return values;
}

/** s!(n − s − 1)!/n! for s from 0 to n − 1. */
function weightsOf(players: number): Float64Array {
  const weights = new Float64Array(players);
  let weight = 1 / players;
  for (let size = 0; size < players; size++) {
    weights[size] = weight;
    weight *= (size + 1) / (players - size - 1);
  }
  return weights;
}

function bitsOf(mask: number): number {
  let bits = 0;
  for (let rest = mask; rest !== 0; rest >>= 1) bits += rest & 1;
  return bits;
}
