import type { MetricName } from '../manifest/manifest.ts';
import { deLong } from '../stats/delong.ts';
import type { Interval } from '../stats/interval.ts';
import { linearisedError } from '../stats/linearised-error.ts';
import { momentsOf } from '../stats/moments.ts';
import { normalCdf } from '../stats/normal-cdf.ts';
import { normalQuantile } from '../stats/normal-quantile.ts';
import { bootstrapMean, pairedBootstrap, resamplesOf } from '../stats/paired-bootstrap.ts';
import { quantileSorted } from '../stats/quantile.ts';
import { studentTQuantile } from '../stats/student-t-quantile.ts';
import { studentTUpper } from '../stats/student-t-upper.ts';
import type { Compared, ComparisonOptions } from './compare-metric.ts';
import { influencesOf } from './influences.ts';
import type { MetricComputation, Sums } from './metric.ts';
import { metrics } from './metrics.ts';
import type { ScoredRows } from './scored-rows.ts';
import type { WeightedValue } from './weighted-orders.ts';

export const RESAMPLES = 2000;

/**
 * Above this many units the percentile bootstrap and its normal limit agree to far less than any margin, and 2,000 resamples
 * would take minutes.
 */
const BOOTSTRAP_UNITS = 50_000;

/** How far a difference may be chance. */
type Spread = Pick<Compared, 'interval' | 'intervalAt' | 'standardError' | 'pValue' | 'method'>;
export type MaybeSpread =
  | { readonly kind: 'spread'; readonly value: Spread }
  | { readonly kind: 'undefined'; readonly reason: string };

/** The spread of the difference by the metric's own way: DeLong, bootstrap, linearised, resamples. */
export function spreadOf(
  name: MetricName,
  candidate: ScoredRows,
  baseline: ScoredRows,
  difference: number,
  options: ComparisonOptions,
): MaybeSpread {
  const metric: MetricComputation = metrics[name];
  switch (metric.kind) {
    case 'ranks':
      return spreadOfAuc(candidate, baseline, options);
    case 'mean': {
      const [a, b] = [metric.perRow(candidate), metric.perRow(baseline)];
      const differences = a.map((value, row) => value - (b[row] ?? 0));
      const influences = differences.map((value) => value - difference);
      return spreadOfInfluences(influences, difference, options, () =>
        bootstrapMean(differences, options.groups, { resamples: RESAMPLES, seed: options.seed, alpha: options.alpha }),
      );
    }
    case 'sums': {
      const pair = [metric.over(candidate), metric.over(baseline)] as const;
      const [a, b] = pair.map((sums) => influencesOf(sums, candidate.rows));
      const influences = Float64Array.from({ length: candidate.rows }, (_, row) => (a?.[row] ?? 0) - (b?.[row] ?? 0));
      return spreadOfInfluences(influences, difference, options, () => bootstrapSums(pair, candidate.rows, options));
    }
    case 'resampled':
      return spreadOfResamples([metric.over(candidate), metric.over(baseline)], candidate.rows, difference, options);
  }
}

/** Percentiles of the resampled difference; the standard error is that of the resamples. */
function spreadOfResamples(
  [candidate, baseline]: readonly [WeightedValue, WeightedValue],
  rows: number,
  difference: number,
  options: ComparisonOptions,
): MaybeSpread {
  const paired = (times?: ArrayLike<number>): number | undefined => {
    const a = candidate(times);
    const b = baseline(times);
    return a === undefined || b === undefined ? undefined : a - b;
  };
  const values = resampledValues(paired, rows, options.groups, options.seed)?.toSorted();
  if (values === undefined)
    return { kind: 'undefined', reason: 'too few rows decide the metric: it is undefined in many resamples' };
  const standardError = Math.sqrt(momentsOf(values).variance);
  const intervalAt = (alpha: number) => around(difference, -normalQuantile(alpha / 2) * standardError);
  const { alpha } = options;
  return {
    kind: 'spread',
    value: {
      interval: { lower: quantileSorted(values, alpha / 2), upper: quantileSorted(values, 1 - alpha / 2) },
      intervalAt,
      standardError,
      pValue: standardError === 0 ? (difference === 0 ? 1 : 0) : 2 * normalCdf(-Math.abs(difference) / standardError),
      method: `paired bootstrap, ${RESAMPLES} resamples${options.groups === undefined ? '' : ', rows of one key together'}`,
    },
  };
}

/** A statistic of every resample of rows, or of groups of rows; undefined where it is so in more than a few. */
export function resampledValues(
  value: WeightedValue,
  rows: number,
  groups: Int32Array | undefined,
  seed: number,
): Float64Array | undefined {
  if (groups === undefined) return resamplesOf(rows, value, { resamples: RESAMPLES, seed });
  const size = groups.reduce((most, group) => Math.max(most, group + 1), 0);
  const ofRows = new Uint32Array(rows);
  return resamplesOf(
    size,
    (times) => {
      for (let row = 0; row < rows; row++) ofRows[row] = times[groups[row] ?? 0] ?? 0;
      return value(ofRows);
    },
    { resamples: RESAMPLES, seed },
  );
}

function spreadOfAuc(candidate: ScoredRows, baseline: ScoredRows, options: ComparisonOptions): MaybeSpread {
  const paired = deLong(candidate.scores, baseline.scores, candidate.truth, options.groups);
  if (paired === undefined) return { kind: 'undefined', reason: 'a paired comparison needs two rows of either class' };
  const intervalAt = (alpha: number) => around(paired.difference, -normalQuantile(alpha / 2) * paired.standardError);
  return {
    kind: 'spread',
    value: {
      interval: intervalAt(options.alpha),
      intervalAt,
      standardError: paired.standardError,
      pValue: paired.pValue,
      method: options.groups === undefined ? 'paired DeLong' : 'paired DeLong, rows of one key together',
    },
  };
}

function spreadOfInfluences(
  influences: Float64Array,
  difference: number,
  options: ComparisonOptions,
  bootstrap: () => Interval | undefined,
): MaybeSpread {
  const { standardError, units } = linearisedError(influences, options.groups);
  if (units < 2) return { kind: 'undefined', reason: 'a paired comparison needs two rows of different keys' };
  const intervalAt = (alpha: number) =>
    around(difference, standardError === 0 ? 0 : studentTQuantile(1 - alpha / 2, units - 1) * standardError);
  const together = options.groups === undefined ? '' : ', rows of one key together';
  const large = units > BOOTSTRAP_UNITS;
  const interval = large ? intervalAt(options.alpha) : bootstrap();
  if (interval === undefined) {
    return { kind: 'undefined', reason: 'too few rows decide the metric: it is undefined in many resamples' };
  }
  const t = Math.abs(difference) / standardError;
  const pValue = standardError === 0 ? (difference === 0 ? 1 : 0) : 2 * studentTUpper(t, units - 1);
  return {
    kind: 'spread',
    value: {
      interval,
      intervalAt,
      standardError,
      pValue,
      method: large ? `paired, linearised${together}` : `paired bootstrap, ${RESAMPLES} resamples${together}`,
    },
  };
}

function around(centre: number, half: number): Interval {
  return { lower: centre - half, upper: centre + half };
}

function bootstrapSums(
  [candidate, baseline]: readonly [Sums, Sums],
  rows: number,
  options: ComparisonOptions,
): Interval | undefined {
  const { groups } = options;
  const size = groups === undefined ? rows : groups.reduce((most, group) => Math.max(most, group + 1), 0);
  const totals = [new Float64Array(candidate.width), new Float64Array(baseline.width)] as const;
  return pairedBootstrap(
    size,
    (times) => {
      totals[0].fill(0);
      totals[1].fill(0);
      for (let row = 0; row < rows; row++) {
        const weight = times[groups?.[row] ?? row] ?? 0;
        if (weight === 0) continue;
        candidate.add(row, weight, totals[0]);
        baseline.add(row, weight, totals[1]);
      }
      const a = candidate.value(totals[0]);
      const b = baseline.value(totals[1]);
      return a === undefined || b === undefined ? undefined : a - b;
    },
    { resamples: RESAMPLES, seed: options.seed, alpha: options.alpha },
  );
}
