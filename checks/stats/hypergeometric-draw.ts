import type { SeededRandom } from './seeded-random.ts';

/** So few are drawn one by one sooner than by inverting the distribution. */
const FEW = 4;
/** Beyond this variance the normal law is off by less than the rounding to whole items. */
const NORMAL_VARIANCE = 400;

/**
 * A random number of marked items among `drawn` that are taken without replacement from `total` items, `marked` of them marked.
 *
 * Definition: by inversion from the mode outwards, each probability from its neighbour's by their ratio; up to four items one by one; beyond a
 * variance of 400 a rounded normal number. Reference: Kachitvichyanukul & Schmeiser (1985), Journal of Statistical Computation and Simulation
 * 22(2), algorithm HIN. Complexity: O(standard deviation), at most O(20).
 *
 * @example hypergeometricDraw(10, 5, 10, seededRandom(1)) // 5: all items are drawn
 */
export function hypergeometricDraw(total: number, marked: number, drawn: number, random: SeededRandom): number {
  if (drawn <= FEW) return oneByOne(total, marked, drawn, random);
  const plain = total - marked;
  const least = Math.max(0, drawn - plain);
  const most = Math.min(marked, drawn);
  if (least === most) return least;
  const mean = (drawn * marked) / total;
  const variance = (mean * (plain / total) * (total - drawn)) / (total - 1);
  if (variance > NORMAL_VARIANCE) {
    return Math.min(most, Math.max(least, Math.round(mean + Math.sqrt(variance) * random.normal())));
  }
  const mode = Math.floor(((drawn + 1) * (marked + 1)) / (total + 2));
  const peak = Math.exp(
    logFactorial(marked) -
      logFactorial(mode) -
      logFactorial(marked - mode) +
      logFactorial(plain) -
      logFactorial(drawn - mode) -
      logFactorial(plain - drawn + mode) -
      logFactorial(total) +
      logFactorial(drawn) +
      logFactorial(total - drawn),
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

/** ln k!, looked up as far as a permuted column goes. */
const LOG_FACTORIALS = new Float64Array(4096);
for (let k = 2; k < LOG_FACTORIALS.length; k++) LOG_FACTORIALS[k] = (LOG_FACTORIALS[k - 1] ?? 0) + Math.log(k);

/** Beyond the table by Stirling's series, exact to a double's last digits there. */
function logFactorial(k: number): number {
  if (k < LOG_FACTORIALS.length) return LOG_FACTORIALS[k] ?? 0;
  return (k + 0.5) * Math.log(k) - k + Math.log(2 * Math.PI) / 2 + 1 / (12 * k);
}
