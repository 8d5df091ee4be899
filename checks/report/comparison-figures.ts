import { type Figure, type IntervalsFigure, isKnownFigure } from './figure.ts';
import { limitText, signedText, decimalsForDifference } from './format.ts';
import { improvementSign } from './improvement-sign.ts';
import { comparisonOf, type MeasuredComparison } from './measured.ts';
import type { CheckResult, Finding } from './report.ts';
import { worstFirst } from './worst-first.ts';

interface Compared {
  readonly finding: Finding;
  readonly comparison: MeasuredComparison;
}

/** Errors in the label's own unit cannot share an axis with shares; then the margin is the common unit. */
const IN_LABEL_UNITS: ReadonlySet<string> = new Set(['mae', 'rmse', 'median_absolute_error']);

/**
 * Candidate against champion as figures, read from the findings alone: one a metric where several rows speak of it (cohorts), else one of all
 * metrics. Estimates are improvements, so that right is better also where less is better.
 */
export function comparisonFigures(findings: readonly Finding[]): readonly IntervalsFigure[] {
  const compared = worstFirst(findings).flatMap((finding): Compared[] => {
    const comparison = comparisonOf(finding);
    return comparison === undefined || !isWithChampion(finding, comparison) ? [] : [{ finding, comparison }];
  });
  const byMetric = [...Map.groupBy(compared, ({ comparison }) => comparison.metric)];
  const cohorts = byMetric
    .filter(([, group]) => group.length > 1)
    .toSorted(([, a], [, b]) => chanceOf(a) - chanceOf(b));
  const singles = byMetric.filter(([, group]) => group.length === 1).flatMap(([, group]) => group);
  return [
    ...(singles.length > 0 ? [metricsFigure(singles)] : []),
    ...cohorts.map(([metric, group]) => cohortsFigure(metric, group)),
  ];
}

/** The metric first whose worst declared cohort is furthest from chance: the one that the check's title tells. */
const chanceOf = (group: readonly Compared[]): number =>
  Math.min(
    2,
    ...group
      .filter(({ finding }) => finding.verdict === 'fail')
      .map(({ finding: { measured } }) =>
        measured.intersection === true || typeof measured.pValue !== 'number' ? 1 : measured.pValue,
      ),
  );

/** `baseline/roc_auc` and every cohort; not the trivial model's `baseline/trivial/roc_auc`. */
const isWithChampion = ({ id }: Finding, { cohort }: MeasuredComparison): boolean =>
  cohort !== undefined || id.split('/').length === 2;

/** A report of an earlier version, or of a check that draws nothing itself, still shows its comparisons. */
export function figuresOf({ figures = [], findings }: CheckResult): readonly Figure[] {
  const known = figures.filter(isKnownFigure);
  return known.some(({ kind }) => kind === 'intervals') ? known : [...comparisonFigures(findings), ...known];
}

function metricsFigure(compared: readonly Compared[]): IntervalsFigure {
  const mixed = new Set(compared.map(({ comparison }) => IN_LABEL_UNITS.has(comparison.metric))).size > 1;
  const inMargins = mixed && compared.every(({ comparison }) => (comparison.margin ?? 0) > 0);
  const rows = compared.map((each) =>
    rowOf(each, each.comparison.metric, inMargins ? (each.comparison.margin ?? 1) : 1),
  );
  const turned = compared.some(({ comparison }) => improvementSign(comparison.metric) < 0);
  return {
    kind: 'intervals',
    id: 'metrics',
    title: 'Metrics against their margins',
    says: `${compared.map(sentenceOf).join('; ')}.`,
    axis: inMargins ? 'improvement, in margins' : turned ? 'improvement' : 'candidate minus champion',
    ...(inMargins ? { margin: 1 } : sharedMargin(compared)),
    note: `95 % intervals${turned ? '; drawn as improvement, right is better also where less is better' : ''}.`,
    rows,
  };
}

/** More rows than this are a wall: the pairs of columns that do not fail are left out first. */
const MOST_ROWS = 24;

function cohortsFigure(metric: string, compared: readonly Compared[]): IntervalsFigure {
  const shown =
    compared.length <= MOST_ROWS
      ? compared
      : compared.filter(({ finding }) => finding.verdict === 'fail' || finding.measured.intersection !== true);
  const left = compared.length - shown.length;
  const worse = compared.filter(({ finding }) => finding.verdict === 'fail').length;
  const [worst] = compared;
  const less = improvementSign(metric) < 0;
  const jointly = compared.find(
    ({ finding }) => typeof finding.measured.jointly === 'number' && !finding.id.includes('/slice/'),
  )?.finding.measured.jointly;
  return {
    kind: 'intervals',
    id: metric,
    title: `${metric} by cohort`,
    says: `${metric}, candidate against champion, for ${compared.length} cohorts, ${worse} of them worse.${worst === undefined ? '' : ` ${sentenceOf(worst)}${worst.comparison.margin === undefined ? '' : `; the margin is ${limitText(worst.comparison.margin)}`}.`}`,
    axis: less ? `${metric}, improvement` : `${metric}, candidate minus champion`,
    ...sharedMargin(compared),
    note: `${typeof jointly === 'number' ? `Thin: 95 % jointly over ${jointly}; thick: 95 % of the cohort alone` : '95 % intervals'}${left === 0 ? '' : `; ${left} pairs of columns that do not fail are left out`}.`,
    rows: shown
      .map((each) => rowOf(each, labelOf(each), 1))
      .toSorted((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict) || a.estimate - b.estimate),
  };
}

const ORDER: readonly IntervalsFigure['rows'][number]['verdict'][] = ['fail', 'inconclusive', 'not-applicable', 'pass'];

const labelOf = ({ finding, comparison }: Compared): string =>
  `${comparison.cohort ?? 'everyone'}${finding.id.includes('/slice/') ? ', by search' : ''}`;

function sharedMargin(compared: readonly Compared[]): { readonly margin?: number } {
  const margins = new Set(compared.map(({ comparison }) => comparison.margin));
  const [margin] = margins;
  return margins.size === 1 && margin !== undefined ? { margin } : {};
}

function rowOf({ finding, comparison }: Compared, label: string, unit: number): IntervalsFigure['rows'][number] {
  const { metric, difference, interval, margin, n } = comparison;
  const sign = improvementSign(metric);
  const turned = ({ lower, upper }: { readonly lower: number; readonly upper: number }): readonly [number, number] =>
    sign > 0 ? [lower / unit, upper / unit] : [-upper / unit, -lower / unit];
  const { jointInterval, interval: own } = finding.measured;
  const joint = pairOf(jointInterval);
  const alone = pairOf(own);
  return {
    label: label.replaceAll(/\s*=\s*/g, ' = '),
    estimate: (sign * difference) / unit,
    interval: turned(joint ?? interval),
    ...(joint === undefined || alone === undefined ? {} : { own: turned(alone) }),
    ...(margin === undefined ? {} : { margin: margin / unit }),
    verdict: drawnVerdict(finding),
    ...(Number.isFinite(n) ? { count: n } : {}),
  };
}

function pairOf(value: unknown): { readonly lower: number; readonly upper: number } | undefined {
  if (!Array.isArray(value)) return undefined;
  const [lower, upper]: readonly unknown[] = value;
  return typeof lower === 'number' && typeof upper === 'number' ? { lower, upper } : undefined;
}

/** What was excused is drawn as what nobody decided: neither right nor wrong. */
function drawnVerdict({ verdict }: Finding): IntervalsFigure['rows'][number]['verdict'] {
  if (verdict === 'waived' || verdict === 'error') return 'inconclusive';
  return verdict;
}

function sentenceOf({ comparison }: Compared): string {
  const { metric, cohort, difference, interval, baseline } = comparison;
  const decimals = decimalsForDifference(baseline, difference);
  const told = (value: number): string => signedText(value, decimals);
  return `${cohort ?? metric} ${told(difference)}, interval ${told(interval.lower)} to ${told(interval.upper)}`;
}
