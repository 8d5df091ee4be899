import { improvementInterval, measuredOf, nonInferiority, rowsThatWouldDecide } from '../baseline/non-inferiority.ts';
import { comparisonSentence } from '../baseline/metric-sentences.ts';
import type { Compared } from '../metrics/compare-metric.ts';
import { improvementOf } from '../metrics/metrics.ts';
import type { ScoredRows } from '../metrics/scored-rows.ts';
import { countText, plural } from '../report/format.ts';
import type { Finding } from '../report/report.ts';
import type { Cohort } from './cohort.ts';

/** A cohort of fewer rows, or with fewer of its rarer class, has no interval worth the name: nobody can say. */
export const FEWEST_ROWS = 10;
export const FEWEST_OF_CLASS = 5;
/** An undecided cohort blocks only when it is of a size that could have decided … */
const BLOCKING_ROWS = 100;
const BLOCKING_OF_CLASS = 20;
/** … and there is already reason to believe that it is worse. */
const BELIEF_ALPHA = 0.2;
const ALPHA = 0.05;

export interface CohortJudgement {
  readonly cohort: Cohort;
  readonly compared: Compared;
  /** How many comparisons the intervals hold for jointly (Bonferroni), and what they are called. */
  readonly family: number;
  readonly familyName?: string;
  readonly margin: number;
  /** Rows outside of the most frequent class; the rows themselves for numbers. */
  readonly rarer: number;
  readonly undecided: 'list' | 'block';
}

/**
 * Fails when the interval that holds jointly over the cohorts lies wholly beyond the margin; passes when the cohort's own 95 %
 * interval lies inside; else nobody can say, which blocks only as checks.md tells. An intersection blocks only by failing.
 */
export function judgeCohort(
  judgement: CohortJudgement,
): Pick<Finding, 'verdict' | 'severity' | 'reason' | 'measured' | 'next'> {
  const { cohort, compared, family, margin, familyName = 'cohort' } = judgement;
  const joint = compared.intervalAt(ALPHA / family);
  const own = nonInferiority(compared, margin);
  const surelyWorse = improvementInterval(compared, joint).upper < -margin;
  const verdict = surelyWorse ? 'fail' : own.verdict === 'pass' ? 'pass' : 'inconclusive';
  const improvement = improvementOf(compared.metric, compared.candidate, compared.baseline);
  const judged = {
    ...own,
    verdict,
    ...(verdict === 'inconclusive'
      ? {
          rowsThatWouldDecide: rowsThatWouldDecide(
            improvement,
            // A pass rests on the cohort's own interval, a failure on the joint one: the estimate says which is to be expected.
            improvementInterval(compared, improvement > -margin ? compared.interval : joint),
            margin,
            compared.n,
          ),
        }
      : {}),
  } as const;
  const told = verdict === 'pass' ? compared.interval : joint;
  const intervalName =
    verdict === 'pass' ? '95 % interval' : `95 % interval jointly over ${plural(family, familyName)}`;
  return {
    verdict,
    severity: verdict === 'inconclusive' && !isBlocking(judgement, improvement) ? 'advisory' : 'blocking',
    reason: `${cohort.name}: ${comparisonSentence(compared, judged, told, intervalName)}${verdict === 'inconclusive' ? '; cannot say' : ''}`,
    measured: {
      ...measuredOf(compared, judged),
      jointInterval: [joint.lower, joint.upper],
      jointly: family,
      cohort: cohort.name,
      rarer: judgement.rarer,
      intersection: cohort.intersection,
    },
    ...nextOf(judged, compared.n, cohort),
  };
}

function isBlocking(
  { cohort, compared, family, margin, rarer, undecided }: CohortJudgement,
  improvement: number,
): boolean {
  if (cohort.intersection) return false;
  if (undecided === 'block') return true;
  const believed = improvementInterval(compared, compared.intervalAt(BELIEF_ALPHA / family)).upper < 0;
  return compared.n >= BLOCKING_ROWS && rarer >= BLOCKING_OF_CLASS && improvement < -margin && believed;
}

function nextOf(
  {
    verdict,
    rowsThatWouldDecide: rows,
  }: { readonly verdict: Finding['verdict']; readonly rowsThatWouldDecide?: number | null },
  n: number,
  { name }: Cohort,
): Pick<Finding, 'next'> {
  if (verdict === 'fail')
    return { next: `Look at the labels and rows of ${name} in the training data; a better average is no excuse.` };
  if (verdict !== 'inconclusive') return {};
  return {
    next:
      typeof rows === 'number'
        ? `Evaluate on about ${countText(rows)} rows of ${name}; these are ${countText(n)}.`
        : `Evaluate on more rows of ${name}.`,
  };
}

/** Rows outside of the most frequent class: in a binary task, the rarer class. For numbers, all rows. */
export function rarerOf(rows: ScoredRows): number {
  if (rows.task === 'regression') return rows.rows;
  const counts = new Map<number, number>();
  for (const code of rows.truth) counts.set(code, (counts.get(code) ?? 0) + 1);
  return rows.rows - Math.max(0, ...counts.values());
}
