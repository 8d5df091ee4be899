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
import type { MetricComputation, Sums } from './metric.ts';
import { metricOfRows } from './metric-value.ts';
import { metrics } from './metrics.ts';
import type { ScoredRows } from './scored-rows.ts';
import type { WeightedValue } from './weighted-orders.ts';

/** Two models' values of one metric on the same rows. `difference` is candidate minus baseline, whichever direction is better. */
export type Comparison =
  | ({ readonly kind: 'compared' } & Compared)
  | { readonly kind: 'undefined'; readonly reason: string; readonly n: number };

export interface Compared {
  readonly metric: MetricName;
  readonly candidate: number;
  readonly baseline: number;
  readonly difference: number;
  /** At 1 − α, of the difference. */
  readonly interval: Interval;
  /** Interval of the difference at any other α, from the standard error: for intervals that hold jointly. */
  intervalAt(alpha: number): Interval;
  readonly standardError: number;
  /** Two-sided, against no difference. Told, never decides. */
  readonly pValue: number;
  readonly n: number;
  readonly method: string;
}

export interface ComparisonOptions {
  readonly alpha: number;
  /** Dense group number of each row: rows of one key are resampled together. */
  readonly groups?: Int32Array;
  readonly seed: number;
}

export const RESAMPLES = 2000;

/**
 * Above this many units the percentile bootstrap and its normal limit agree to far less than any margin, and 2,000 resamples
 * would take minutes.
 */
const BOOTSTRAP_UNITS = 50_000;

/** Compares two models' answers that were joined with the same labels, row by row. */
export function compareMetric(
  name: MetricName,
  candidate: ScoredRows,
  baseline: ScoredRows,
  options: ComparisonOptions,
): Comparison {
  const n = candidate.rows;
  const first = metricOfRows(name, candidate);
  const second = metricOfRows(name, baseline);
  if (first.kind === 'undefined') return { kind: 'undefined', reason: `candidate: ${first.reason}`, n };
  if (second.kind === 'undefined') return { kind: 'undefined', reason: `baseline: ${second.reason}`, n };
  const compared = { kind: 'compared', metric: name, candidate: first.value, baseline: second.value, n } as const;
  const difference = first.value - second.value;
  const spread = spreadOf(name, candidate, baseline, difference, options);
  if (spread.kind === 'undefined') return { ...spread, n };
  return { ...compared, difference, ...spread.value };
}

/**
 * One model's value of a metric with its standard error, for comparing different rows: DeLong for areas, linearised for the rest.
 * Undefined where the metric or its error is.
 */
export function metricWithError(
  name: MetricName,
  rows: ScoredRows,
  groups?: Int32Array,
): { readonly value: number; readonly standardError: number } | undefined {
  const metric: MetricComputation = metrics[name];
  const found = metricOfRows(name, rows);
  if (found.kind === 'undefined') return undefined;
  const { value } = found;
  switch (metric.kind) {
    case 'ranks': {
      // Against a constant score, whose area is ½ without error, DeLong's difference has the area's own error.
      const paired = deLong(rows.scores, new Float64Array(rows.rows), rows.truth, groups);
      return paired === undefined ? undefined : { value, standardError: paired.standardError };
    }
    case 'mean':
      return {
        value,
        ...linearisedError(
          metric.perRow(rows).map((each) => each - value),
          groups,
        ),
      };
    case 'sums':
      return { value, ...linearisedError(influencesOf(metric.over(rows), rows.rows), groups) };
    case 'resampled': {
      const values = resampledValues(metric.over(rows), rows.rows, groups, SEED_OF_ONE);
      return values === undefined ? undefined : { value, standardError: Math.sqrt(momentsOf(values).variance) };
    }
  }
}
/** One model's error is told beside others'; it is always drawn alike. */
const SEED_OF_ONE = 1;

type Spread = Pick<Compared, 'interval' | 'intervalAt' | 'standardError' | 'pValue' | 'method'>;
type MaybeSpread =
  | { readonly kind: 'spread'; readonly value: Spread }
  | { readonly kind: 'undefined'; readonly reason: string };

function spreadOf(
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
function resampledValues(
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

/** Share of a sum's mean by which it is moved to see how the statistic answers: small, and far above rounding. */
const NUDGE = 1e-6;

/** Each row's influence on the statistic: its gradient in the sums' means, times the row's own contribution. */
function influencesOf(sums: Sums, rows: number): Float64Array {
  const totals = new Float64Array(sums.width);
  for (let row = 0; row < rows; row++) sums.add(row, 1, totals);
  const gradient = totals.map((total, at) => {
    const step = NUDGE * Math.max(1, Math.abs(total));
    const moved = (by: number) => sums.value(totals.map((each, i) => (i === at ? each + by : each))) ?? NaN;
    const slope = (moved(step) - moved(-step)) / (2 * step);
    return Number.isFinite(slope) ? slope : (moved(step) - moved(0)) / step;
  });
  const own = new Float64Array(sums.width);
  const influences = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    own.fill(0);
    sums.add(row, 1, own);
    // A row's share in n times the statistic's change; their mean is 0 for statistics of the sums' ratios.
    let influence = 0;
    for (let i = 0; i < own.length; i++)
      influence += (own[i] ?? 0) * (Number.isFinite(gradient[i]) ? (gradient[i] ?? 0) : 0);
    influences[row] = influence * rows;
  }
  const mean = influences.reduce((sum, each) => sum + each, 0) / rows;
  return influences.map((each) => each - mean);
}
