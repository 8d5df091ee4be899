import { improvementSign } from '../../checks/report/improvement-sign.ts';
import { comparisonOf as measuredComparisonOf } from '../../checks/report/measured.ts';
import type { CheckResult, Finding, Measured, MeasuredValue, Report } from '../../checks/report/report.ts';
import type { ForestMark, ForestRow } from '../drawings/forest.ts';
import { countOf } from './numbers.ts';

/**
 * A comparison is a finding that holds candidate against champion in one metric, overall (`baseline/roc_auc`) or in one
 * cohort (`cohorts/sex=Female/roc_auc`), read back from the report's JSON alone.
 */
export interface Comparison {
  readonly finding: Finding;
  readonly metric: string;
  /** Undefined: everyone. */
  readonly cohort?: string;
  readonly candidate: number;
  readonly baseline: number;
  /** As measured: candidate minus champion. */
  readonly difference: number;
  /** The same turned so that more is better. */
  readonly improvement: number;
  readonly low: number;
  readonly high: number;
  /** The comparison's own 95 % interval as improvement, where `low` and `high` hold jointly over several. */
  readonly own?: Ends;
  /** Of the difference as measured; jointly over the cohorts where there are several. */
  readonly interval: Ends;
  readonly margin?: number;
  readonly rows?: number;
  /** Rows outside of the most frequent class; undefined where there are no classes. */
  readonly rarer?: number;
  /** Told, never decides. */
  readonly pValue?: number;
  /** Of two cohorts of different columns. */
  readonly intersection: boolean;
  /** Over how many comparisons the interval holds jointly; 1 when it stands alone. */
  readonly jointly?: number;
  /** What it is compared with, where that is not the champion's version: `always guessing the same`. */
  readonly against?: string;
  readonly verdict: ComparisonVerdict;
}

export type ComparisonVerdict = 'worse' | 'cannot say' | 'waived' | 'not worse' | 'better';

/** Worst first, then what cannot be said, then what is right. */
const VERDICT_ORDER: readonly ComparisonVerdict[] = ['worse', 'cannot say', 'waived', 'not worse', 'better'];

export const lessIsBetter = (metric: string): boolean => improvementSign(metric) < 0;

/** Lower and upper end of an interval. */
export type Ends = readonly [number, number];

const turnedEnds = ([lower, upper]: Ends, turned: boolean): Ends => (turned ? [-upper, -lower] : [lower, upper]);

function endsIn(value: MeasuredValue | undefined): Ends | undefined {
  if (!Array.isArray(value)) return undefined;
  const [lower, upper]: readonly MeasuredValue[] = value;
  return typeof lower === 'number' && typeof upper === 'number' ? [lower, upper] : undefined;
}

const numberIn = (measured: Measured, ...names: readonly string[]): number | undefined => {
  for (const name of names) {
    const value = measured[name];
    if (typeof value === 'number' && Number.isFinite(value)) return value;
  }
  return undefined;
};

/** Undefined for a finding that compares nothing (a floor, a claim, a cohort without labels). */
export function comparisonOf(finding: Finding): Comparison | undefined {
  const found = measuredComparisonOf(finding);
  if (found === undefined) return undefined;
  const { metric, candidate, baseline, difference, cohort, margin, n } = found;
  const turned = lessIsBetter(metric);
  const own: Ends = [found.interval.lower, found.interval.upper];
  const joint = endsIn(finding.measured['jointInterval']);
  const interval = joint ?? own;
  const [low, high] = turnedEnds(interval, turned);
  const rarer = numberIn(finding.measured, 'rarer');
  const jointly = numberIn(finding.measured, 'jointly');
  const pValue = numberIn(finding.measured, 'pValue');
  const { against, intersection } = finding.measured;
  return {
    finding,
    metric,
    candidate,
    baseline,
    difference,
    improvement: turned ? -difference : difference,
    low,
    high,
    interval,
    ...(joint === undefined ? {} : { own: turnedEnds(own, turned) }),
    intersection: intersection === true,
    verdict: verdictOf(finding, cohort !== undefined, low),
    ...(cohort === undefined ? {} : { cohort: isFoundBySearch(finding) ? `${cohort}, found by search` : cohort }),
    ...(margin === undefined ? {} : { margin }),
    ...(Number.isFinite(n) ? { rows: n } : {}),
    ...(pValue === undefined ? {} : { pValue }),
    ...(rarer === undefined || rarer === n ? {} : { rarer }),
    ...(jointly === undefined ? {} : { jointly }),
    ...(typeof against === 'string' ? { against } : {}),
  };
}

/** A slice may hold the very rows that a declared cohort does; it was tested on others than it was found on. */
export const isFoundBySearch = ({ id }: Finding): boolean => id.startsWith('cohorts/slice/');

function verdictOf(finding: Finding, isCohort: boolean, low: number): ComparisonVerdict {
  switch (finding.verdict) {
    case 'fail':
      return 'worse';
    case 'waived':
      return 'waived';
    case 'pass':
      return !isCohort && low > 0 ? 'better' : 'not worse';
    case 'inconclusive':
    case 'not-applicable':
    case 'error':
      return 'cannot say';
  }
}

/**
 * The comparisons of one check, worst first; inside a verdict cohorts by their loss, metrics as the report has them, since
 * the proposer wrote the one that matters first.
 */
export function comparisonsOf(check: CheckResult | undefined): readonly Comparison[] {
  const all = (check?.findings ?? []).map(comparisonOf).filter((found) => found !== undefined);
  return all.toSorted(
    (a, b) =>
      VERDICT_ORDER.indexOf(a.verdict) - VERDICT_ORDER.indexOf(b.verdict) ||
      severityOf(a) - severityOf(b) ||
      (a.cohort === undefined || b.cohort === undefined ? 0 : a.improvement - b.improvement),
  );
}

const severityOf = ({ finding }: Comparison): number => (finding.severity === 'blocking' ? 0 : 1);

/** The comparisons with the champion alone: `baseline/roc_auc`, not `baseline/trivial/roc_auc`. */
export const withChampion = (check: CheckResult | undefined): readonly Comparison[] =>
  comparisonsOf(check).filter(({ finding, cohort }) => cohort === undefined && /^[^/]+\/[^/]+$/.test(finding.id));

/** The other yardsticks of the check, each with its comparisons: a trivial model, the default branch's rows. */
export function withOthers(check: CheckResult | undefined): ReadonlyMap<string, readonly Comparison[]> {
  const own = new Set(withChampion(check).map(({ finding }) => finding.id));
  const others = comparisonsOf(check).filter(({ finding, cohort }) => cohort === undefined && !own.has(finding.id));
  return Map.groupBy(others, ({ finding }) => finding.id.split('/').slice(0, -1).join('/'));
}

/** By metric, the metric with the worst comparison first. */
export function byMetric(comparisons: readonly Comparison[]): ReadonlyMap<string, readonly Comparison[]> {
  return Map.groupBy(comparisons, ({ metric }) => metric);
}

export const checkNamed = (report: Report, name: string): CheckResult | undefined =>
  report.checks.find((check) => check.name === name);

const MARKS: Readonly<Record<ComparisonVerdict, ForestMark>> = {
  worse: 'bad',
  'cannot say': 'hollow',
  waived: 'hollow',
  'not worse': 'ink',
  better: 'ink',
};

/** The columns that a cohort is told by, from its key in the id: `cohorts/sex=Female&age=45-64/roc_auc` -> `age sex`. */
export const cohortColumns = ({ finding }: Comparison): string =>
  (finding.id.split('/')[1] ?? '')
    .split('&')
    .map((part) => part.split('=')[0] ?? '')
    .toSorted()
    .join(' ');

/** `sex=Female` as people write it: `sex = Female`. */
export const cohortWords = (cohort: string): string => cohort.replaceAll(/\s*=\s*/g, ' = ');

/** As a row of a forest; in multiples of the margin where metrics of different units share an axis. */
export function forestRowOf(
  comparison: Comparison,
  { inMargins = false, label }: { readonly inMargins?: boolean; readonly label?: string } = {},
): ForestRow {
  const unit = inMargins ? (comparison.margin ?? 1) : 1;
  const { low, high, margin, rows, own } = comparison;
  return {
    label: label ?? (comparison.cohort === undefined ? comparison.metric : cohortWords(comparison.cohort)),
    ...(rows === undefined ? {} : { note: `${countOf(rows)} rows` }),
    estimate: comparison.improvement / unit,
    low: low / unit,
    high: high / unit,
    ...(own === undefined ? {} : { own: [own[0] / unit, own[1] / unit] as const }),
    ...(margin === undefined ? {} : { margin: margin / unit }),
    mark: MARKS[comparison.verdict],
  };
}
