import { sampleSkewness } from 'simple-statistics';
import { pass } from '../finding.ts';
import { pickedRows, type ScoredRows } from '../metrics/scored-rows.ts';
import { countText, percentText, plural } from '../report/format.ts';
import type { Finding } from '../report/report.ts';
import { momentsOf } from '../stats/moments.ts';
import type { Cohort } from './cohort.ts';

/** How densely a column's cohorts are seen, and how their labels and scores lie: told, since it explains a gap and is none. */
export function densityFinding(
  column: string,
  cohorts: readonly Cohort[],
  candidate: ScoredRows,
  placeOf: ReadonlyMap<number, number>,
): Finding {
  const told = cohorts.map((cohort) => {
    const rows = pickedRows(
      candidate,
      Uint32Array.from(cohort.rows, (row) => placeOf.get(row) ?? 0),
    );
    return {
      cohort: cohort.name,
      rows: rows.rows,
      share: rows.rows / candidate.rows,
      ...(rows.task === 'multiclass' ? {} : { label: momentsOf(rows.truth).mean, ...shapeOf(rows.scores) }),
    };
  });
  const [smallest] = told.toSorted((a, b) => a.rows - b.rows);
  const [least, most] = extremes(told.flatMap(({ label, rows }) => (label === undefined || rows === 0 ? [] : [label])));
  const labels =
    least === undefined || most === undefined
      ? ''
      : candidate.task === 'binary'
        ? `; between ${percentText(least)} and ${percentText(most)} of their labels are positive`
        : `; their labels' means lie between ${least.toPrecision(3)} and ${most.toPrecision(3)}`;
  const reason =
    smallest === undefined
      ? `${column}: no rows`
      : `${column}: ${plural(cohorts.length, 'cohort')}, the smallest ${smallest.cohort} with ${countText(smallest.rows)} of ${plural(candidate.rows, 'row')} (${percentText(smallest.share)})${labels}`;
  return pass(`cohorts/density/${column}`, reason, { cohorts: told }, { advisory: true });
}

/** Mean, standard deviation and skewness (Fisher & Pearson's, adjusted for the sample) of the candidate's scores. */
function shapeOf(scores: Float64Array) {
  const { mean, variance } = momentsOf(scores);
  const skewness = scores.length > 2 && variance > 0 ? sampleSkewness([...scores]) : null;
  return { score: mean, scoreDeviation: Math.sqrt(variance), scoreSkewness: skewness };
}

function extremes(values: readonly number[]): readonly [number?, number?] {
  return values.length === 0 ? [] : [Math.min(...values), Math.max(...values)];
}
