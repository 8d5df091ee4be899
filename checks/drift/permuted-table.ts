import { seededRandom, type SeededRandom } from '../stats/seeded-random.ts';

/** How far two samples' counts in the same bins are apart; greater is further. */
export type TableDistance = (first: readonly number[], second: readonly number[]) => number;

const PERMUTATIONS = 999;
/** Drawn where none of the first came near: the least p-value must not drown in a family of tests. */
const MOST_PERMUTATIONS = 9999;
/** Statistics that are equal but for rounding count as equal. */
const SAME = 1e-9;

/**
 * Permutation p-value of any distance of two samples' counts: rows change sides, their bins stay. (1 + count)/(1 + 999), or of up to 9,999 where
 * none of the first 999 came near. A table is drawn whole, bin by bin, from the hypergeometric law of its margins: the cost depends on
 * the bins, not on the rows.
 */
export function permutedTable(
  first: readonly number[],
  second: readonly number[],
  distance: TableDistance,
  seed: number,
): number {
  const totals = first.map((count, bin) => count + (second[bin] ?? 0));
  const rows = totals.reduce((sum, count) => sum + count, 0);
  const n = first.reduce((sum, count) => sum + count, 0);
  const observed = distance(first, second) * (1 - SAME);
  const random = seededRandom(seed);
  let atLeast = 0;
  let drawn = 0;
  while (drawn < PERMUTATIONS || (atLeast === 0 && drawn < MOST_PERMUTATIONS)) {
    let [left, places] = [rows, n];
    const side = totals.map((total) => {
      const taken = hypergeometric(total, left - total, places, random);
      left -= total;
      places -= taken;
      return taken;
    });
    const other = totals.map((total, bin) => total - (side[bin] ?? 0));
    if (distance(side, other) >= observed) atLeast++;
    drawn++;
  }
  return (1 + atLeast) / (1 + drawn);
}

/** Beyond this variance the normal law is off by less than the rounding to whole rows. */
const NORMAL_VARIANCE = 400;

/** How many of `draws` rows, taken without replacement, are among the `good` ones. */
function hypergeometric(good: number, bad: number, draws: number, random: SeededRandom): number {
  const total = good + bad;
  const [least, most] = [Math.max(0, draws - bad), Math.min(good, draws)];
  if (least === most) return least;
  const mean = (draws * good) / total;
  const variance = (mean * (bad / total) * (total - draws)) / (total - 1);
  if (variance > NORMAL_VARIANCE)
    return Math.min(most, Math.max(least, Math.round(mean + Math.sqrt(variance) * random.normal())));
  return fromMode(good, bad, draws, least, most, random.uniform());
}

/** By inversion, from the most probable number outwards, so that few are looked at. */
function fromMode(good: number, bad: number, draws: number, least: number, most: number, uniform: number): number {
  const mode = Math.min(most, Math.max(least, Math.floor(((draws + 1) * (good + 1)) / (good + bad + 2))));
  const atMode = Math.exp(logChoose(good, mode) + logChoose(bad, draws - mode) - logChoose(good + bad, draws));
  let [up, down, above, below] = [mode, mode, atMode, atMode];
  let left = uniform - atMode;
  while (left > 0 && (up < most || down > least)) {
    if (up < most) {
      above *= ((good - up) * (draws - up)) / ((up + 1) * (bad - draws + up + 1));
      up++;
      left -= above;
      if (left <= 0) return up;
    }
    if (down > least) {
      below *= (down * (bad - draws + down)) / ((good - down + 1) * (draws - down + 1));
      down--;
      left -= below;
      if (left <= 0) return down;
    }
  }
  return mode;
}

function logChoose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

const LOG_FACTORIALS = new Float64Array(256);
for (let k = 2; k < LOG_FACTORIALS.length; k++) LOG_FACTORIALS[k] = (LOG_FACTORIALS[k - 1] ?? 0) + Math.log(k);

/** Stirling's series: from 256 on, exact to a double's last digits. */
function logFactorial(k: number): number {
  if (k < LOG_FACTORIALS.length) return LOG_FACTORIALS[k] ?? 0;
  return (k + 0.5) * Math.log(k) - k + Math.log(2 * Math.PI) / 2 + 1 / (12 * k) - 1 / (360 * k ** 3);
}
