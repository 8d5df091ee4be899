import { pass } from '../finding.ts';
import { countText, decimalsFor, numberText, percentText } from '../report/format.ts';
import type { Finding } from '../report/report.ts';
import { momentsOf } from '../stats/moments.ts';
import { quantileSorted } from '../stats/quantile.ts';
import type { Replayed } from './compare-replay.ts';

const LEVELS = [0.5, 0.9, 0.99] as const;

/** By how much answers move, beside the champion's own noise; told, never judged. */
export function scoreFinding(replayed: Replayed, champion: string, championScores: Float64Array): Finding {
  const { task, moved, noise, rows } = replayed;
  const known = moved.filter((value) => !Number.isNaN(value));
  const id = 'replay/scores';
  if (known.length === 0) return pass(id, 'scores of other classes cannot be compared', { n: 0 }, { advisory: true });
  const sizes = known.map(Math.abs).sort();
  const noiseSizes = noise
    .filter((value) => !Number.isNaN(value))
    .map(Math.abs)
    .sort();
  const largestNoise = noiseSizes.at(-1) ?? 0;
  const [p50 = 0, p90 = 0, p99 = 0] = LEVELS.map((level) => quantileSorted(sizes, level));
  const largest = sizes.at(-1) ?? 0;
  const beyond = sizes.filter((size) => size > largestNoise).length;
  const spread =
    task === 'regression'
      ? Math.sqrt(momentsOf(Float64Array.from(rows, (row) => championScores[row] ?? NaN)).variance)
      : undefined;
  const decimals = decimalsFor(largest);
  const relative =
    spread === undefined || spread === 0
      ? ''
      : ` (${percentText(p50 / spread)} and ${percentText(p99 / spread)} of the standard deviation of ${champion}'s answers)`;
  const unit = task === 'multiclass' ? 'probability that moves between classes' : 'score moves by';
  return pass(
    id,
    `${unit} ${numberText(p50, decimals)} in the median and ${numberText(p99, decimals)} at p99${relative}, at most ${numberText(largest, decimals)}; ${countText(beyond)} of ${countText(known.length)} by more than ${champion} moves when asked twice (${largestNoise === 0 ? 'not at all' : `at most ${largestNoise.toPrecision(2)}`})`,
    {
      median: p50,
      p90,
      p99,
      largest,
      ...(task === 'multiclass' ? {} : { mean: known.reduce((sum, value) => sum + value, 0) / known.length }),
      ...(spread === undefined ? {} : { championDeviation: spread }),
      noiseMedian: noiseSizes.length === 0 ? 0 : quantileSorted(noiseSizes, 0.5),
      noiseLargest: largestNoise,
      beyondNoise: beyond,
      n: known.length,
    },
    { advisory: true },
  );
}
