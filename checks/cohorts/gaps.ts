import type { Answers } from '../evidence/evidence.ts';
import type { LoadedManifest, MetricName } from '../manifest/manifest.ts';
import { metricWithError } from '../metrics/metric-with-error.ts';
import { metrics } from '../metrics/metrics.ts';
import { decisionOf } from '../metrics/per-row.ts';
import { pickedRows, type ScoredRows } from '../metrics/scored-rows.ts';
import { decimalsFor, intervalText, limitText, numberText } from '../report/format.ts';
import type { Finding } from '../report/report.ts';
import { normalQuantile } from '../stats/normal-quantile.ts';
import type { Cohort } from './cohort.ts';

/** A rate of fewer rows than this is not compared. */
const FEWEST_ROWS = 20;
const BLOCKING_ROWS = 100;
const ALPHA = 0.05;
const BELIEF_ALPHA = 0.2;

/** Rows that a rate is taken of, and those among them that it counts; decision and truth are 0 or 1. */
const rates = {
  true_positive_rate: { of: (truth: number) => truth === 1, counts: (decision: number) => decision === 1 },
  false_positive_rate: { of: (truth: number) => truth === 0, counts: (decision: number) => decision === 1 },
  true_negative_rate: { of: (truth: number) => truth === 0, counts: (decision: number) => decision === 0 },
  false_negative_rate: { of: (truth: number) => truth === 1, counts: (decision: number) => decision === 0 },
  selection_rate: { of: () => true, counts: (decision: number) => decision === 1 },
} as const;

interface Estimate {
  readonly cohort: Cohort;
  readonly value: number;
  readonly standardError: number;
  /** Rows that the value is taken of. */
  readonly n: number;
}

/**
 * The largest difference of a rate or metric between the cohorts of one column, for the candidate, against its limit. Fails when the
 * interval of the difference of the two extremes, held jointly over all pairs, lies beyond the limit; passes when the estimate does not.
 */
export function gapFindings(
  proposal: LoadedManifest,
  task: Answers['task'],
  rows: ScoredRows,
  placeOf: ReadonlyMap<number, number>,
  columns: readonly { readonly column: string; readonly cohorts: readonly Cohort[] }[],
  undecided: 'list' | 'block',
): readonly Finding[] {
  return Object.entries(proposal.manifest.evaluation.cohortGap).flatMap(([name, limit]) =>
    columns.map(({ column, cohorts }): Finding => {
      const base = {
        id: `cohorts/gap/${column}/${name}`,
        at: proposal.place(`/evaluation/cohortGap/${name}`),
      } as const;
      const estimates = cohorts.flatMap((cohort) => {
        const found = estimateOf(name, rows, cohort, placeOf);
        return found === undefined || found.n < FEWEST_ROWS ? [] : [{ ...found, cohort }];
      });
      if (estimates.length < 2) {
        const why =
          task === 'regression' && name in rates
            ? `a ${task} model has no ${name}`
            : `fewer than two cohorts of ${column} have ${FEWEST_ROWS} rows to take it of`;
        return {
          ...base,
          verdict: 'inconclusive',
          severity: undecided === 'block' ? 'blocking' : 'advisory',
          reason: `${name} by ${column}: ${why}; cannot say`,
          measured: { rate: name, limit },
        };
      }
      return { ...base, ...judgeGap(name, column, limit, estimates, undecided) };
    }),
  );
}

function judgeGap(
  name: string,
  column: string,
  limit: number,
  estimates: readonly Estimate[],
  undecided: 'list' | 'block',
): Omit<Finding, 'id' | 'at'> {
  const ordered = estimates.toSorted((a, b) => a.value - b.value);
  const [least, greatest] = [ordered.at(0), ordered.at(-1)];
  if (least === undefined || greatest === undefined) throw new Error('two estimates at least were asked for');
  const pairs = (estimates.length * (estimates.length - 1)) / 2;
  const gap = greatest.value - least.value;
  const error = Math.hypot(least.standardError, greatest.standardError);
  const at = (alpha: number) => -normalQuantile(alpha / pairs / 2) * error;
  const interval = { lower: gap - at(ALPHA), upper: gap + at(ALPHA) };
  const verdict = interval.lower > limit ? 'fail' : gap <= limit ? 'pass' : 'inconclusive';
  const believed = Math.min(least.n, greatest.n) >= BLOCKING_ROWS && gap - at(BELIEF_ALPHA) > 0;
  const decimals = decimalsFor(greatest.value);
  return {
    verdict,
    severity: verdict === 'inconclusive' && undecided === 'list' && !believed ? 'advisory' : 'blocking',
    reason: `${name} by ${column}: ${numberText(greatest.value, decimals)} for ${greatest.cohort.name}, ${numberText(least.value, decimals)} for ${least.cohort.name}: gap ${numberText(gap, decimals)}, 95 % interval jointly over ${pairs} pairs ${intervalText(interval, decimals)}, limit ${limitText(limit)}`,
    measured: {
      rate: name,
      gap,
      limit,
      interval: [interval.lower, interval.upper],
      jointly: pairs,
      values: Object.fromEntries(ordered.map(({ cohort, value, n }) => [cohort.name, { value, n }])),
    },
    ...(verdict === 'pass'
      ? {}
      : {
          next: `Bring ${name} of ${least.cohort.name} and ${greatest.cohort.name} nearer to each other, or evaluate on more of their rows.`,
        }),
  };
}

function estimateOf(
  name: string,
  rows: ScoredRows,
  cohort: Cohort,
  placeOf: ReadonlyMap<number, number>,
): Omit<Estimate, 'cohort'> | undefined {
  const picked = pickedRows(
    rows,
    Uint32Array.from(cohort.rows, (row) => placeOf.get(row) ?? 0),
  );
  const metric = Object.keys(metrics).find((known): known is MetricName => known === name);
  if (metric !== undefined) {
    const found = metricWithError(metric, picked);
    return found === undefined ? undefined : { value: found.value, standardError: found.standardError, n: picked.rows };
  }
  const rate = Object.entries(rates).find(([known]) => known === name)?.[1];
  if (rate === undefined || picked.task !== 'binary') return undefined;
  let [n, counted] = [0, 0];
  for (let row = 0; row < picked.rows; row++) {
    if (!rate.of(picked.truth[row] ?? 0)) continue;
    n++;
    if (rate.counts(decisionOf(picked, row))) counted++;
  }
  // Agresti and Coull's two added successes and failures: a rate of 0 or 1 is not known without error.
  const share = (counted + 2) / (n + 4);
  return n === 0 ? undefined : { value: counted / n, standardError: Math.sqrt((share * (1 - share)) / (n + 4)), n };
}
