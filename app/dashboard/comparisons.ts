import { metrics } from '../../checks/metrics/metrics.ts';
import type { CheckResult, Finding, Measured, MeasuredValue, Report } from '../../checks/report/report.ts';
import type { ForestMark, ForestRow } from './drawings/forest.ts';
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
  readonly candidate?: number;
  readonly baseline?: number;
  /** As measured: candidate minus champion. */
  readonly difference: number;
  /** The same turned so that more is better. */
  readonly improvement: number;
  readonly low?: number;
  readonly high?: number;
  /** Of the difference as measured. */
  readonly interval?: readonly [number, number];
  readonly margin?: number;
  readonly rows?: number;
  readonly positives?: number;
  /** Over how many comparisons the interval holds jointly; 1 when it stands alone. */
  readonly jointly?: number;
  readonly verdict: ComparisonVerdict;
}

export type ComparisonVerdict = 'worse' | 'cannot say' | 'waived' | 'not worse' | 'better';

/** Worst first, then what cannot be said, then what is right. */
const VERDICT_ORDER: readonly ComparisonVerdict[] = ['worse', 'cannot say', 'waived', 'not worse', 'better'];

const DIRECTIONS: Readonly<Record<string, { readonly direction: 'higher' | 'lower' } | undefined>> = metrics;

/** A metric that this version does not know counts as one where more is better. */
export const lessIsBetter = (metric: string): boolean =>
  Object.hasOwn(DIRECTIONS, metric) && DIRECTIONS[metric]?.direction === 'lower';

const numberIn = (measured: Measured, ...names: readonly string[]): number | undefined => {
  for (const name of names) {
    const value = measured[name];
    if (typeof value === 'number' && Number.isFinite(value)) return value;
  }
  return undefined;
};

const wordIn = (measured: Measured, name: string): string | undefined => {
  const value = measured[name];
  return typeof value === 'string' ? value : undefined;
};

const isPair = (value: MeasuredValue | undefined): value is readonly [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every((end) => typeof end === 'number' && Number.isFinite(end));

/** Undefined for a finding that compares nothing (a floor, a claim, a cohort without labels). */
export function comparisonOf(finding: Finding): Comparison | undefined {
  const { measured } = finding;
  const metric = wordIn(measured, 'metric');
  const difference = numberIn(measured, 'difference');
  if (metric === undefined || difference === undefined) return undefined;
  const cohort = wordIn(measured, 'cohort');
  const candidate = numberIn(measured, 'candidate');
  const baseline = numberIn(measured, 'baseline', 'champion');
  const interval = isPair(measured['interval']) ? measured['interval'] : undefined;
  const ends = interval === undefined ? undefined : improvementEnds(interval, lessIsBetter(metric));
  const margin = numberIn(measured, 'margin', 'cohortMargin');
  const rows = numberIn(measured, 'n', 'rows');
  const positives = numberIn(measured, 'positives');
  const jointly = numberIn(measured, 'jointly', 'cohorts', 'comparisons');
  return {
    finding,
    metric,
    ...(cohort === undefined ? {} : { cohort }),
    ...(candidate === undefined ? {} : { candidate }),
    ...(baseline === undefined ? {} : { baseline }),
    difference,
    improvement: lessIsBetter(metric) ? -difference : difference,
    ...(ends === undefined || interval === undefined ? {} : { low: ends[0], high: ends[1], interval }),
    ...(margin === undefined ? {} : { margin }),
    ...(rows === undefined ? {} : { rows }),
    ...(positives === undefined ? {} : { positives }),
    ...(jointly === undefined ? {} : { jointly }),
    verdict: verdictOf(finding, cohort !== undefined, ends?.[0]),
  };
}

const improvementEnds = ([low, high]: readonly [number, number], turned: boolean): readonly [number, number] =>
  turned ? [-high, -low] : [low, high];

function verdictOf(finding: Finding, isCohort: boolean, low: number | undefined): ComparisonVerdict {
  switch (finding.verdict) {
    case 'fail':
      return 'worse';
    case 'waived':
      return 'waived';
    case 'pass':
      return !isCohort && low !== undefined && low > 0 ? 'better' : 'not worse';
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

/** `sex=Female` as people write it: `sex = Female`. */
export const cohortWords = (cohort: string): string => cohort.replaceAll(/\s*=\s*/g, ' = ');

/** As a row of a forest; in multiples of the margin where metrics of different units share an axis. */
export function forestRowOf(
  comparison: Comparison,
  { inMargins = false, label }: { readonly inMargins?: boolean; readonly label?: string } = {},
): ForestRow {
  const unit = inMargins ? (comparison.margin ?? 1) : 1;
  const { low, high, margin, rows } = comparison;
  return {
    label: label ?? (comparison.cohort === undefined ? comparison.metric : cohortWords(comparison.cohort)),
    ...(rows === undefined ? {} : { note: `${countOf(rows)} rows` }),
    estimate: comparison.improvement / unit,
    ...(low === undefined || high === undefined ? {} : { low: low / unit, high: high / unit }),
    ...(margin === undefined ? {} : { margin: margin / unit }),
    mark: MARKS[comparison.verdict],
  };
}

/** Errors in the label's own unit cannot share an axis with shares; then the margin is the common unit. */
const IN_LABEL_UNITS: ReadonlySet<string> = new Set(['mae', 'rmse']);

export const needMargins = (comparisons: readonly Comparison[]): boolean =>
  comparisons.some(({ metric }) => IN_LABEL_UNITS.has(metric)) && comparisons.every(({ margin }) => (margin ?? 0) > 0);
