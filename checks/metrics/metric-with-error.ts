import type { MetricName } from '../manifest/manifest.ts';
import { deLong } from '../stats/delong.ts';
import { linearisedError } from '../stats/linearised-error.ts';
import { momentsOf } from '../stats/moments.ts';
import { influencesOf } from './influences.ts';
import type { MetricComputation } from './metric.ts';
import { resampledValues } from './metric-spread.ts';
import { metricOfRows } from './metric-value.ts';
import { metrics } from './metrics.ts';
import type { ScoredRows } from './scored-rows.ts';

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
