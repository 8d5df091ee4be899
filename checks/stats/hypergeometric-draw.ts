import type { SeededRandom } from './seeded-random.ts';

/** So few are drawn one by one sooner than by inverting the distribution. */
const FEW = 4;

/**
 * A random number of marked items among `drawn` that are taken without replacement from `total` items, `marked` of them marked.
 * `logFactorials[k]` is ln k!, up to `total`.
 *
 * Definition: by inversion from the mode outwards, each probability from its neighbour's by their ratio; up to four items one by one. Reference:
 * Kachitvichyanukul & Schmeiser (1985), Journal of Statistical Computation and Simulation 22(2), algorithm HIN. Complexity: O(standard deviation).
 *
 * @example hypergeometricDraw(10, 5, 10, seededRandom(1), logFactorialsTo(10)) // 5: all items are drawn
 */
export function hypergeometricDraw(
  total: number,
  marked: number,
  drawn: number,
  random: SeededRandom,
  logFactorials: Float64Array,
): number {
  if (drawn <= FEW) return oneByOne(total, marked, drawn, random);
  const plain = total - marked;
  const least = Math.max(0, drawn - plain);
  const most = Math.min(marked, drawn);
  const mode = Math.floor(((drawn + 1) * (marked + 1)) / (total + 2));
  const log = (k: number) => logFactorials[k] ?? NaN;
  const peak = Math.exp(
    log(marked) -
      log(mode) -
      log(marked - mode) +
      log(plain) -
      log(drawn - mode) -
      log(plain - drawn + mode) -
      log(total) +
      log(drawn) +
      log(total - drawn),
  );
  let rest = random.uniform() - peak;
  let [up, above, down, below] = [mode, peak, mode, peak];
  while (rest >= 0 && (up < most || down > least)) {
    if (up < most) {
      above *= ((marked - up) * (drawn - up)) / ((up + 1) * (plain - drawn + up + 1));
      up++;
      rest -= above;
      if (rest < 0) return up;
    }
    if (down > least) {
      below *= (down * (plain - drawn + down)) / ((marked - down + 1) * (drawn - down + 1));
      down--;
      rest -= below;
      if (rest < 0) return down;
    }
  }
  // Rounding may leave a remainder below 1e-12 when all probabilities are spent.
  return mode;
}

function oneByOne(total: number, marked: number, drawn: number, random: SeededRandom): number {
  let found = 0;
  for (let i = 0; i < drawn; i++) if (random.index(total - i) < marked - found) found++;
  return found;
}

/** ln 0! to ln k!, by adding up. Complexity: O(k). */
export function logFactorialsTo(k: number): Float64Array {
  const logs = new Float64Array(k + 1);
  for (let i = 2; i <= k; i++) logs[i] = (logs[i - 1] ?? 0) + Math.log(i);
  return logs;
}
