import type { BootstrapOptions } from './paired-bootstrap.ts';
import { seededRandom } from './seeded-random.ts';

/**
 * The statistic of each resample, drawn within strata: each keeps its number of units, as a comparison of few positives needs (an ordinary resample may
 * hold none). `strata[i]` is the stratum of unit i, dense from 0. Undefined values are left out.
 *
 * Reference: Davison & Hinkley (1997), section 3.2; as pROC's stratified resampling. Complexity: O(B·n).
 *
 * @example stratifiedResamples(Uint8Array.of(0, 0, 1), (times) => times[2], { resamples: 3, seed: 1 }) // Float64Array [1, 1, 1]
 */
export function stratifiedResamples(
  strata: ArrayLike<number>,
  statistic: (times: Uint32Array) => number | undefined,
  { resamples, seed }: Pick<BootstrapOptions, 'resamples' | 'seed'>,
): Float64Array {
  const members: number[][] = [];
  for (let unit = 0; unit < strata.length; unit++) (members[strata[unit] ?? 0] ??= []).push(unit);
  const random = seededRandom(seed);
  const times = new Uint32Array(strata.length);
  const values: number[] = [];
  for (let resample = 0; resample < resamples; resample++) {
    times.fill(0);
    for (const units of members)
      for (let i = 0; i < (units?.length ?? 0); i++) {
        const drawn = units[random.index(units.length)] ?? 0;
        times[drawn] = (times[drawn] ?? 0) + 1;
      }
    const value = statistic(times);
    if (value !== undefined) values.push(value);
  }
  return Float64Array.from(values);
}
