import { limitText } from '../../checks/report/format.ts';
import { driftOf } from '../../checks/report/measured.ts';
import type { Finding, Report } from '../../checks/report/report.ts';
import { baselineForest } from './baseline-forest.ts';
import {
  byMetric,
  checkNamed,
  cohortColumns,
  type Comparison,
  comparisonsOf,
  forestRowOf,
  lessIsBetter,
  withChampion,
} from './comparisons.ts';
import { type EffectRow, effects } from '../drawings/effects.ts';
import { type ForestAxis, type ForestRow, forest, forestAxisOf, rowSentence } from '../drawings/forest.ts';
import type { Drawing } from '../drawings/svg.ts';
import type { ProposalVerdict } from './verdict.ts';

/** The one drawing beside the verdict: the numbers that decided, next to those that they must be seen against. */
export interface DecisiveDrawing {
  readonly title: string;
  readonly wide: Drawing;
  readonly narrow: Drawing;
  /** Which intervals these are. */
  readonly note: string;
}

const WIDE_PX = 560;
const NARROW_PX = 358;
const MOST_ROWS = 6;

/** Undefined where a sentence says more than a drawing would (a digest that differs, a golden that came out wrong). */
export function decisiveDrawing(report: Report, verdict: ProposalVerdict): DecisiveDrawing | undefined {
  const check = verdict.decidedBy?.name;
  if (check === 'cohorts' && verdict.decisive !== undefined) return cohortDrawing(report, verdict.decisive);
  if (check === 'drift') return driftDrawing(report);
  if (check === undefined || check === 'baseline') return baselineDrawing(report);
  return undefined;
}

/** Everyone, the cohort that decided, and its siblings: the other values of the same column. */
function cohortDrawing(report: Report, decisive: Comparison): DecisiveDrawing {
  const { metric } = decisive;
  const overall = byMetric(withChampion(checkNamed(report, 'baseline'))).get(metric)?.[0];
  const all = byMetric(comparisonsOf(checkNamed(report, 'cohorts'))).get(metric) ?? [];
  const siblings = all
    .filter((other) => other.finding.id !== decisive.finding.id && cohortColumns(other) === cohortColumns(decisive))
    .toSorted((a, b) => b.improvement - a.improvement)
    .slice(0, MOST_ROWS - 2);
  const rows = [
    ...(overall === undefined ? [] : [forestRowOf(overall, { label: 'everyone' })]),
    ...siblings.map((sibling) => forestRowOf(sibling)),
    forestRowOf(decisive),
  ].map((row) => (decisive.margin === undefined ? row : { ...row, margin: decisive.margin }));
  const title =
    overall !== undefined && overall.improvement > 0 ? 'Better on average, worse for one group' : `${metric} by cohort`;
  const note =
    decisive.jointly === undefined ? 'Bars: 95 %' : `Bars: 95 %, thick; cohorts jointly over ${decisive.jointly}, thin`;
  const axis = forestAxisOf(rows, `${metric}, candidate minus champion`, { turned: lessIsBetter(metric) });
  return drawn(rows, axis, { title, note });
}

function baselineDrawing(report: Report): DecisiveDrawing | undefined {
  const comparisons = withChampion(checkNamed(report, 'baseline')).slice(0, MOST_ROWS);
  if (comparisons.length === 0) return undefined;
  const { rows, axis, reading } = baselineForest(comparisons);
  const title = report.baseline.version === undefined ? 'Against the baseline' : `Against ${report.baseline.version}`;
  return drawn(rows, axis, { title, note: `Bars: 95 % intervals. ${reading}` });
}

function drawn(
  rows: readonly ForestRow[],
  axis: ForestAxis,
  { title, note }: Pick<DecisiveDrawing, 'title' | 'note'>,
): DecisiveDrawing {
  const margin = axis.margin === undefined ? '' : `; margin ${limitText(axis.margin)}`;
  const label = `${axis.unit}: ${rows.map((row) => rowSentence(row, axis)).join('; ')}${margin}.`;
  return { title, note, wide: forest(rows, axis, WIDE_PX, label), narrow: forest(rows, axis, NARROW_PX, label) };
}

interface Effect extends EffectRow {
  readonly measure: string;
  readonly limit: number;
}

/** Columns by how far they moved; the measure that decided is the one drawn. */
function driftDrawing(report: Report): DecisiveDrawing | undefined {
  const found = (checkNamed(report, 'drift')?.findings ?? []).map(effectOf).filter((effect) => effect !== undefined);
  const worst = found.find(({ drifted }) => drifted) ?? found[0];
  if (worst === undefined) return undefined;
  const rows = found
    .filter(({ measure, limit }) => measure === worst.measure && limit === worst.limit)
    .toSorted((a, b) => b.value - a.value)
    .slice(0, MOST_ROWS);
  const label = `${worst.measure} by column, limit ${worst.limit}: ${rows.map(({ label: column, value }) => `${column} ${value.toFixed(2)}`).join(', ')}.`;
  const draw = (width: number): Drawing => effects(rows, { width, limit: worst.limit, measure: worst.measure, label });
  return {
    title: 'How far the evaluation data are from production',
    wide: draw(WIDE_PX),
    narrow: draw(NARROW_PX),
    note: 'Drifted: beyond the limit and beyond chance',
  };
}

function effectOf(finding: Finding): Effect | undefined {
  const found = driftOf(finding);
  if (found?.effect === undefined) return undefined;
  return { label: found.subject, ...found.effect, drifted: finding.verdict === 'fail' };
}
