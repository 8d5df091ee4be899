import type { Answers, Labels } from '../../../checks/evidence/evidence.ts';
import type { MetricName } from '../../../checks/manifest/manifest.ts';
import { metricFacts, defaultMetrics } from '../../../checks/manifest/metric-defaults.ts';
import { metricValue } from '../../../checks/metrics/metric-value.ts';
import { marginOf, metrics } from '../../../checks/metrics/metrics.ts';
import { labelledRows } from '../../../checks/metrics/scored-rows.ts';

/** A metric with what was measured, and the rule that is proposed for it. */
export interface ProposedMetric {
  readonly name: MetricName;
  /** What the model reaches on the rows. */
  readonly value: number;
  /** Told in the manifest as what was claimed. */
  readonly claimed: number;
  /** Worse than this is refused whatever the baseline does. */
  readonly floor: number;
  readonly direction: 'higher' | 'lower';
  /** Only where the default is narrower than what the rows can decide. */
  readonly margin?: number;
  /** Standard error of the value; undefined where there are too few rows to tell. */
  readonly standardError?: number;
}

/**
 * The task's default metrics, each with a floor four margins below what was reached (slow decay, each step within its margin,
 * ends there) and, where the rows cannot decide the default margin, the smallest that they can.
 */
export function proposeMetrics(
  answers: Answers,
  labels: Labels,
): { readonly metrics: readonly ProposedMetric[]; readonly left: readonly string[] } {
  const proposed: ProposedMetric[] = [];
  const left: string[] = [];
  for (const name of defaultMetrics[answers.task]) {
    const measured = metricValue(name, answers, labels);
    if (measured.kind === 'value') proposed.push(propose(name, measured.value, standardErrorOf(name, answers, labels)));
    else left.push(measured.reason);
  }
  return { metrics: proposed, left };
}

/** Margins between what was reached and the floor. */
const floorMargins = 4;
const claimedDigits = 6;

function propose(name: MetricName, value: number, standardError: number | undefined): ProposedMetric {
  const { direction } = metrics[name];
  const byDefault = marginOf(name, undefined, value).margin;
  const decidable = standardError === undefined ? 0 : smallestMargin(standardError);
  const margin = decidable > byDefault ? roundedUp(decidable) : undefined;
  const distance = floorMargins * (margin ?? byDefault);
  const floor = direction === 'higher' ? value - distance : value + distance;
  return {
    name,
    value,
    claimed: Number(value.toPrecision(claimedDigits)),
    floor: rounded(floor, distance, direction),
    direction,
    ...(margin === undefined ? {} : { margin }),
    ...(standardError === undefined ? {} : { standardError }),
  };
}

/**
 * Two trainings of one specification differ less than one training's metric wavers from sample to sample, since both see
 * the same rows. Measured on the Adult set's two unseeded runs (7,000 rows): the paired standard error of their difference
 * is 0.35 (roc_auc) and 0.31 (log_loss) of the metric's own.
 */
const pairedShare = 0.35;
/** Half-width of a 95 % interval in standard errors, over 0.6: below that share of the margin two equal models pass at least 80 % of the time. */
const marginInStandardErrors = 1.959964 / 0.6;

function smallestMargin(standardError: number): number {
  return marginInStandardErrors * pairedShare * standardError;
}

/** Rows a group needs for a metric to mean something, and groups a standard error needs. */
const rowsInGroup = 20;
const fewestGroups = 5;
const mostGroups = 20;

/** By disjoint groups of rows: the spread of the groups' values over the root of their number. Undefined for too few rows. */
function standardErrorOf(name: MetricName, answers: Answers, labels: Labels): number | undefined {
  const rows = labelledRows(labels);
  const groups = Math.min(mostGroups, Math.floor(rows.length / rowsInGroup));
  if (groups < fewestGroups) return undefined;
  const values = Array.from({ length: groups }, (_, group) =>
    metricValue(
      name,
      answers,
      labels,
      rows.filter((_row, at) => at % groups === group),
    ),
  ).flatMap((measured) => (measured.kind === 'value' ? [measured.value] : []));
  if (values.length < fewestGroups) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return Math.sqrt(variance / values.length);
}

function roundedUp(margin: number): number {
  const unit = 10 ** (Math.floor(Math.log10(margin)) - 1);
  return Number((Math.ceil(margin / unit) * unit).toPrecision(2));
}

/** To a digit less than the distance to it has, on the side that lets the model itself pass. */
function rounded(floor: number, distance: number, direction: 'higher' | 'lower'): number {
  const unit = 10 ** Math.floor(Math.log10(distance));
  const steps = direction === 'higher' ? Math.floor(floor / unit) : Math.ceil(floor / unit);
  return Number((steps * unit).toPrecision(claimedDigits));
}

/** `0.005`, or `2 % of the baseline's value`. */
export function defaultMarginText(name: MetricName): string {
  const { kind, value } = metricFacts[name].margin;
  return kind === 'absolute' ? String(value) : `${value * 100} % of the baseline's value`;
}
