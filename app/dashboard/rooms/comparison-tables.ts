import { figuresOf } from '../../../checks/report/comparison-figures.ts';
import type { Figure } from '../../../checks/report/figure.ts';
import type { CheckResult, Report } from '../../../checks/report/report.ts';
import { baselineForest } from '../baseline-forest.ts';
import {
  byMetric,
  checkNamed,
  type Comparison,
  cohortWords,
  comparisonsOf,
  forestRowOf,
  isFoundBySearch,
  lessIsBetter,
  withChampion,
  withOthers,
} from '../comparisons.ts';
import { type ForestAxis, forestAxisOf, forestHead, forestStrip } from '../../drawings/forest.ts';
import { inline } from '../inline.ts';
import { icon, stateTag } from '../icons.ts';
import { html, type Markup, nothing } from '../markup.ts';
import { countOf, decimalsOf, intervalOf, numberOf, signedOf, wordOf } from '../numbers.ts';
import { notes, section } from '../page.ts';
import { baselineWords, checkStanding, verdictOfReport } from '../verdict.ts';
import { figureGrid } from './figures.ts';
import { method, otherFindings, type PlaceOf } from './findings.ts';
import type { ReportSetting } from './report-setting.ts';

const STRIP_WIDE_PX = 330;
const STRIP_NARROW_PX = 152;

/** So many rows are drawn; the others, the least alarming, are listed without a drawing. */
const MOST_DRAWN = 60;
/** Beyond so many rows, pairs of columns of which none is worse are listed without a drawing too: declared cohorts would drown among them. */
const FEW_ENOUGH = 24;

const isQuietPair = ({ intersection, verdict }: Comparison): boolean =>
  intersection && verdict !== 'worse' && verdict !== 'waived';

/** Every cohort as a row of the table that is the chart's skeleton; one table a metric, the worst metric first. */
export function cohortsSection(report: Report, { id, placeOf }: ReportSetting): Markup {
  const check = checkNamed(report, 'cohorts');
  const comparisons = comparisonsOf(check);
  if (check === undefined || comparisons.length === 0) return nothing;
  const standing = checkStanding(check);
  const mark = standing.tone === 'bad' ? html`${icon(standing.shape, standing.tone)} ` : nothing;
  const rows = withChampion(checkNamed(report, 'baseline'))[0]?.rows;
  return section(
    {
      id: `${id}cohorts`,
      title: html`${mark}Cohorts`,
      says: tally(comparisons),
      end: rows === undefined ? '' : `${countOf(rows)} rows`,
    },
    html`${decisiveFirst(report, comparisons).map(([metric, some], index) => cohortTable(metric, some, index === 0))}
${figureGrid(undrawnFigures(check))}
${otherFindings(check, placeOf)}${marginPlace(comparisons, placeOf)}${method(check)}`,
  );
}

/** The metric that the page's first line tells comes first. */
function decisiveFirst(
  report: Report,
  comparisons: readonly Comparison[],
): readonly (readonly [string, readonly Comparison[]])[] {
  const told = verdictOfReport(report).decisive?.metric;
  return [...byMetric(comparisons)].toSorted(([a], [b]) => Number(b === told) - Number(a === told));
}

/** The rows of the table are the intervals already. */
const undrawnFigures = (check: CheckResult): readonly Figure[] =>
  figuresOf(check).filter(({ kind }) => kind !== 'intervals');

function tally(comparisons: readonly Comparison[]): string {
  const count = (...verdicts: readonly Comparison['verdict'][]): number =>
    comparisons.filter(({ verdict }) => verdicts.includes(verdict)).length;
  return [
    [count('worse'), 'worse'],
    [count('cannot say'), 'too small to say'],
    [count('waived'), 'waived'],
    [count('not worse', 'better'), 'not worse'],
  ]
    .filter(([number]) => number !== 0)
    .map(([number, words]) => `${number} ${words}`)
    .join(', ');
}

const COMPARISON_MARKS = {
  worse: stateTag('octagon', 'bad', 'worse'),
  'cannot say': stateTag('halfDisc', 'faint', 'cannot say'),
  waived: stateTag('dashedRing', 'ink', 'waived'),
  'not worse': stateTag('tick', 'faint', 'not worse'),
  better: stateTag('tick', 'faint', 'better'),
} as const satisfies Record<Comparison['verdict'], Markup>;

const COMPARISON_ICONS = {
  worse: icon('octagon', 'bad'),
  'cannot say': icon('halfDisc', 'faint'),
  waived: icon('dashedRing', 'ink'),
  'not worse': icon('tick', 'faint'),
  better: icon('tick', 'faint'),
} as const satisfies Record<Comparison['verdict'], Markup>;

/** Of the declared cohorts; slices that were found by search are a family of their own. */
const joinedOver = (comparisons: readonly Comparison[]): number | undefined =>
  comparisons.find(({ own, finding }) => own !== undefined && !isFoundBySearch(finding))?.jointly;

/** `95 %, jointly over 19` or `95 % interval`. */
const intervalTitle = (comparisons: readonly Comparison[]): string => {
  const jointly = joinedOver(comparisons);
  return jointly === undefined || jointly < 2 ? '95 % interval' : `95 %, jointly over ${jointly}`;
};

function cohortTable(metric: string, all: readonly Comparison[], open: boolean): Markup {
  const many = all.length > FEW_ENOUGH;
  const comparisons = all.filter((each) => !many || !isQuietPair(each)).slice(0, MOST_DRAWN);
  const undrawn = all.filter((each) => !comparisons.includes(each));
  const rows = comparisons.map((comparison) => forestRowOf(comparison));
  const axis = forestAxisOf(rows, `${metric}, candidate minus champion`, { turned: lessIsBetter(metric) });
  const decimals = decimalsOf(Math.max(...comparisons.map(({ candidate }) => Math.abs(candidate))));
  const classes = comparisons.some((comparison) => comparison.rarer !== undefined);
  const strip = (index: number, width: number, height: number): Markup => {
    const row = rows[index];
    return row === undefined ? nothing : inline(forestStrip(row, axis, width, height));
  };
  const wide = html`<table class="strip" data-sortable><thead><tr><th scope="col">verdict</th><th scope="col">cohort</th><th scope="col" class="num">rows</th>${classes ? html`<th scope="col" class="num">rarer<br>classes</th>` : nothing}<th scope="col" class="num">champion<br>${metric}</th><th scope="col" class="num">candidate<br>${metric}</th><th class="s">${inline(forestHead(axis, STRIP_WIDE_PX))}</th><th scope="col" class="num">difference</th><th scope="col" class="num">${intervalTitle(comparisons)}</th></tr></thead><tbody>${comparisons.map(
    (comparison, index) =>
      html`<tr><td>${COMPARISON_MARKS[comparison.verdict]}</td><th scope="row">${cohortWords(comparison.cohort ?? 'everyone')}</th><td class="num">${comparison.rows === undefined ? '–' : countOf(comparison.rows)}</td>${classes ? html`<td class="num">${comparison.rarer === undefined ? '–' : countOf(comparison.rarer)}</td>` : nothing}<td class="num">${numberOf(comparison.baseline, decimals)}</td><td class="num">${numberOf(comparison.candidate, decimals)}</td><td class="s">${strip(index, STRIP_WIDE_PX, 33)}</td><td class="num strong">${signedOf(comparison.difference, decimals)}</td><td class="num muted nowrap">${intervalOf(comparison.interval, decimals)}</td></tr>`,
  )}</tbody></table>`;
  const narrow = html`<table class="strip tight"><thead><tr><th scope="col">cohort</th><th class="s">${inline(forestHead(axis, STRIP_NARROW_PX))}</th><th scope="col" class="num">${metric}</th></tr></thead><tbody>${comparisons.map(
    (comparison, index) =>
      html`<tr><th scope="row">${COMPARISON_ICONS[comparison.verdict]} ${cohortWords(comparison.cohort ?? 'everyone')}</th><td class="s">${strip(index, STRIP_NARROW_PX, 29)}</td><td class="num">${signedOf(comparison.difference, Math.min(2, decimals))}</td></tr>`,
  )}</tbody></table>`;
  const joint = joinedOver(comparisons);
  const thick =
    joint === undefined
      ? ''
      : ` Thick: the cohort’s own 95 % interval, which must lie right of the margin to be not worse; thin: jointly over ${joint}, which must lie left of it to be worse.`;
  const direction = lessIsBetter(metric) ? ' Right is better: the axis runs from + to −.' : '';
  const table = html`<div class="only-w">${wide}</div><div class="only-n">${narrow}</div>${notes(`${metric}, candidate minus champion, on the same rows.${thick} Arrows: the interval goes on. Cannot say is not a pass.${direction}`)}${undrawnList(undrawn, decimals)}`;
  return open ? table : html`<details><summary>${metric}: ${tally(all)}</summary>${table}</details>`;
}

function undrawnList(comparisons: readonly Comparison[], decimals: number): Markup {
  if (comparisons.length === 0) return nothing;
  return html`<details><summary>${countOf(comparisons.length)} more, without a drawing</summary><div class="scroll"><table><tbody>${comparisons.map(
    (comparison) =>
      html`<tr><td>${COMPARISON_MARKS[comparison.verdict]}</td><th scope="row">${cohortWords(comparison.cohort ?? '')}</th><td class="num">${signedOf(comparison.difference, decimals)}</td><td class="num muted nowrap">${intervalOf(comparison.interval, decimals)}</td></tr>`,
  )}</tbody></table></div></details>`;
}

/** Against the champion first; the other yardsticks (a trivial model, the default branch's rows) are folded below. */
export function baselineSection(report: Report, { id, placeOf }: ReportSetting): Markup {
  const check = checkNamed(report, 'baseline');
  const comparisons = withChampion(check);
  const others = [...withOthers(check).values()];
  if (check === undefined || comparisons.length + others.length === 0) return nothing;
  const same = comparisons[0]?.rows;
  const standing = checkStanding(check);
  const mark = standing.tone === 'bad' ? html`${icon(standing.shape, standing.tone)} ` : nothing;
  return section(
    {
      id: `${id}baseline`,
      title: html`${mark}Baseline`,
      says: `${baselineSays(comparisons, baselineWords(report))}${same === undefined ? '' : `, on the same ${countOf(same)} rows`}`,
      end: baselineMethod(comparisons),
    },
    html`${comparisons.length === 0 ? nothing : baselineTable(comparisons, 'champion')}
${others.map((some) => html`<details${some.some(({ verdict }) => verdict === 'worse') ? html` open` : nothing}><summary>${baselineSays(some, yardstick(some))}</summary>${baselineTable(some, 'the other')}</details>`)}
${figureGrid(undrawnFigures(check))}
${otherFindings(check, placeOf)}${marginPlace(comparisons, placeOf)}${method(check)}`,
  );
}

/** What these are compared with, in words; the ids tell when it is not the champion on the proposal's rows. */
function yardstick(comparisons: readonly Comparison[]): string {
  const [first] = comparisons;
  const rows = first?.finding.id.includes('default-branch-rows') === true ? ' on the default branch’s rows' : '';
  return `${first?.against ?? 'another model'}${rows}`;
}

function baselineTable(comparisons: readonly Comparison[], other: string): Markup {
  const { rows, axis, reading } = baselineForest(comparisons);
  const wide = html`<table class="strip"><thead><tr><th scope="col">metric</th><th scope="col" class="num">${other}</th><th scope="col" class="num">candidate</th><th class="s">${inline(forestHead(axis, STRIP_WIDE_PX))}</th><th scope="col" class="num">difference</th><th scope="col" class="num">95 % interval</th><th scope="col" class="num">margin</th><th scope="col"><span class="unseen">verdict</span></th></tr></thead><tbody>${comparisons.map((comparison, index) => baselineRow(comparison, rows[index], axis))}</tbody></table>`;
  const narrow = html`<table class="strip tight"><thead><tr><th scope="col">metric</th><th class="s">${inline(forestHead(axis, STRIP_NARROW_PX))}</th><th scope="col" class="num">difference</th></tr></thead><tbody>${comparisons.map(
    (comparison, index) => {
      const row = rows[index];
      return html`<tr><th scope="row">${COMPARISON_ICONS[comparison.verdict]} ${comparison.metric} ${arrowOf(comparison)}</th><td class="s">${row === undefined ? nothing : inline(forestStrip(row, axis, STRIP_NARROW_PX))}</td><td class="num strong">${signedOf(comparison.difference, decimalsOfComparison(comparison))}</td></tr>`;
    },
  )}</tbody></table>`;
  return html`<div class="only-w">${wide}</div><div class="only-n">${narrow}</div>${notes(`${reading} Grey: the margin within which worse would still pass.`)}`;
}

/** Where the margin was written, for who wants to argue with it. */
function marginPlace(comparisons: readonly Comparison[], placeOf: PlaceOf): Markup {
  const [first] = comparisons;
  const place = first === undefined ? undefined : placeOf(first.finding);
  return place === undefined ? nothing : notes(html`Margin from ${place}.`);
}

const decimalsOfComparison = ({ candidate }: Comparison): number => decimalsOf(candidate);

const arrowOf = ({ metric }: Comparison): Markup =>
  html`<span class="faint" title="${lessIsBetter(metric) ? 'less is better' : 'more is better'}">${lessIsBetter(metric) ? '↓' : '↑'}</span>`;

function baselineRow(
  comparison: Comparison,
  row: ReturnType<typeof forestRowOf> | undefined,
  axis: ForestAxis,
): Markup {
  const decimals = decimalsOfComparison(comparison);
  return html`<tr><th scope="row">${comparison.metric} ${arrowOf(comparison)}</th><td class="num">${numberOf(comparison.baseline, decimals)}</td><td class="num">${numberOf(comparison.candidate, decimals)}</td><td class="s">${row === undefined ? nothing : inline(forestStrip(row, axis, STRIP_WIDE_PX))}</td><td class="num strong">${signedOf(comparison.difference, decimals)}</td><td class="num muted nowrap">${intervalOf(comparison.interval, decimals)}</td><td class="num">${numberOf(comparison.margin, decimals)}</td><td>${COMPARISON_MARKS[comparison.verdict]}</td></tr>`;
}

function baselineSays(comparisons: readonly Comparison[], against: string): string {
  if (comparisons.length === 0) return 'Compared with nothing';
  const namesOf = (verdict: Comparison['verdict']): string =>
    comparisons.flatMap((comparison) => (comparison.verdict === verdict ? [comparison.metric] : [])).join(', ');
  const [worse, undecided] = [namesOf('worse'), namesOf('cannot say')];
  if (worse !== '') return `Worse than ${against} in ${worse}`;
  if (undecided !== '') return `Cannot say for ${undecided} against ${against}`;
  const better = comparisons.every(({ verdict }) => verdict === 'better');
  const what = comparisons.length === 1 ? (comparisons[0]?.metric ?? '') : `all ${wordOf(comparisons.length)} metrics`;
  return `${better ? 'Better' : 'Not worse'} than ${against} in ${what}`;
}

const baselineMethod = (comparisons: readonly Comparison[]): string => {
  const words = comparisons.map(({ finding }) => finding.measured['method']).find((value) => typeof value === 'string');
  return typeof words === 'string' ? words : '';
};
