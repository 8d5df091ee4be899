import type { CheckResult, Finding, Measured, MeasuredValue, Report } from '../../../checks/report/report.ts';
import { figuresOf } from '../../../checks/report/comparison-figures.ts';
import { worstFirst } from '../../../checks/report/worst-first.ts';
import { comparisonOf, comparisonsOf } from '../comparisons.ts';
import { icon, stateTag } from '../icons.ts';
import { html, type Markup, nothing, withCode } from '../markup.ts';
import { capitalised, plural } from '../numbers.ts';
import { type Links, linkTo, notes, section } from '../page.ts';
import { checkStanding, checksWorstFirst, findingStanding } from '../verdict.ts';
import { figureGrid } from './figures.ts';
import type { ReportSetting } from './report-setting.ts';

/** So many passing findings are shown at once; more are folded. */
const FEW_FINDINGS = 3;

/** A link to a finding's line of the manifest, at the commit that was judged. */
export type PlaceOf = (finding: Finding) => Markup | undefined;

export const placesOf =
  (
    { owner, repo, headSha }: { readonly owner: string; readonly repo: string; readonly headSha: string },
    links: Links,
  ): PlaceOf =>
  ({ at }) =>
    at === undefined ? undefined : linkTo(links.file(`${owner}/${repo}`, headSha, at.file, at.line), placeWords(at));

/** Where nobody keeps the file under an address. */
export const placeInWords: PlaceOf = ({ at }) => (at === undefined ? undefined : html`${placeWords(at)}`);

const placeWords = ({ file, line }: NonNullable<Finding['at']>): string =>
  `${file}${line === undefined ? '' : `, line ${line}`}`;

/** Findings of a comparing check that compare nothing: floors, gaps, cohorts too small for an interval. */
export function otherFindings(check: CheckResult, placeOf: PlaceOf): Markup {
  const others = worstFirst(check.findings.filter((finding) => comparisonOf(finding) === undefined));
  const table = (some: readonly Finding[]): Markup =>
    html`<table class="findings stack gap2"><tbody>${some.map((finding) => findingRow(finding, placeOf(finding)))}</tbody></table>`;
  if (others.length <= FEW_FINDINGS) return others.length === 0 ? nothing : table(others);
  const loud = others.filter(
    ({ verdict, severity }) =>
      verdict === 'fail' || verdict === 'error' || (verdict === 'inconclusive' && severity === 'blocking'),
  );
  const undecided = others.filter((finding) => finding.verdict === 'inconclusive' && !loud.includes(finding));
  const quiet = others.filter((finding) => !loud.includes(finding) && !undecided.includes(finding));
  const folded = (some: readonly Finding[], words: string): Markup =>
    some.length === 0
      ? nothing
      : html`<details><summary>${plural(some.length, 'more finding')} ${words}</summary>${table(some)}</details>`;
  return html`${loud.length === 0 ? nothing : table(loud)}${folded(undecided, 'of which nobody can say (never a pass)')}${folded(quiet, 'that do not block')}`;
}

/** A section for each check that has something to see; what it found stands below its figures. */
export function drawnSections(report: Report, setting: ReportSetting): Markup {
  const checks = checksWorstFirst(report.checks).filter((check) => !hasTables(check) && figuresOf(check).length > 0);
  return html`${checks.map((check) => {
    const { shape, tone, word } = checkStanding(check);
    const mark = tone === 'bad' ? html`${icon(shape, tone)} ` : nothing;
    return section(
      {
        id: `${setting.id}${check.name}`,
        title: html`${mark}${capitalised(check.name)}`,
        says: html`${word}: ${withCode(check.title)}${linkedRun(setting.runOf(check))}`,
      },
      html`${figureGrid(figuresOf(check))}
<div class="gap3">${foundBy(check, setting.placeOf)}</div>`,
    );
  })}`;
}

/** Everything else that was asked, check by check, worst first; what passed stays grey and shows its numbers. */
export function findingsSection(report: Report, { id, placeOf, runOf }: ReportSetting): Markup {
  const checks = checksWorstFirst(report.checks).filter((check) => !hasTables(check) && figuresOf(check).length === 0);
  if (checks.length === 0) return nothing;
  const total = checks.reduce((sum, { findings }) => sum + findings.length, 0);
  return section(
    { id: `${id}findings`, title: 'Findings', says: `${plural(total, 'finding')} of the other checks, worst first` },
    html`${checks.map((check) => {
      const { shape, tone, word } = checkStanding(check);
      return html`<div class="check gap3" id="${id}${check.name}"><h3>${icon(shape, tone)} ${check.name} <span class="muted plain">${word}: ${withCode(check.title)}</span>${linkedRun(runOf(check))}</h3>
${foundBy(check, placeOf)}</div>`;
    })}`,
  );
}

/** Cohorts and baseline have tables whose rows are drawn. */
const hasTables = (check: CheckResult): boolean =>
  (check.name === 'cohorts' || check.name === 'baseline') && comparisonsOf(check).length > 0;

function foundBy(check: CheckResult, placeOf: PlaceOf): Markup {
  const findings = worstFirst(check.findings);
  const notPassed = findings.filter(({ verdict }) => verdict !== 'pass' && verdict !== 'not-applicable');
  const blocking = notPassed.filter(({ severity }) => severity === 'blocking');
  const advisory = notPassed.filter(({ severity }) => severity === 'advisory');
  const loud = [...blocking, ...advisory.slice(0, FEW_FINDINGS)];
  const further = advisory.slice(FEW_FINDINGS);
  const quiet = findings.filter(({ verdict }) => verdict === 'pass' || verdict === 'not-applicable');
  const table = (some: readonly Finding[]): Markup =>
    html`<table class="findings stack"><tbody>${some.map((finding) => findingRow(finding, placeOf(finding)))}</tbody></table>`;
  return html`${loud.length === 0 ? nothing : table(loud)}
${further.length === 0 ? nothing : html`<details><summary>${plural(further.length, 'more advisory finding')}</summary>${table(further)}</details>`}
${quiet.length === 0 ? nothing : loud.length === 0 && quiet.length <= FEW_FINDINGS ? table(quiet) : html`<details><summary>${plural(quiet.length, 'finding')} that ${quiet.length === 1 ? 'does' : 'do'} not block, with ${quiet.length === 1 ? 'its' : 'their'} numbers</summary>${table(quiet)}</details>`}
${method(check)}`;
}

function findingRow(finding: Finding, place: Markup | undefined): Markup {
  const { shape, tone, word } = findingStanding(finding);
  const numbers =
    Object.keys(finding.measured).length === 0
      ? nothing
      : html`<details><summary>numbers</summary>${measuredList(finding.measured)}</details>`;
  return html`<tr><td>${stateTag(shape, tone, word)}${finding.severity === 'advisory' && finding.verdict === 'inconclusive' ? html`<small>advisory</small>` : nothing}</td><th scope="row"><span class="breakable">${finding.id}</span>${place === undefined ? nothing : html`<small>${place}</small>`}</th><td class="whole${tone === 'faint' ? ' muted' : ''}">${withCode(finding.reason)}${finding.next === undefined ? nothing : html`<small>${withCode(finding.next)}</small>`}${numbers}</td></tr>`;
}

/** At full precision, as in the JSON: who argues needs the number that decided. */
const valueWords = (value: MeasuredValue): string =>
  typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : JSON.stringify(value);

export const method = ({ method: sentences = [] }: CheckResult): Markup =>
  sentences.length === 0 ? nothing : notes(withCode(sentences.join(' ')));

/** Name and value of everything measured. */
export const measuredList = (measured: Measured): Markup =>
  html`<dl class="kv mono small">${Object.entries(measured).map(([name, value]) => html`<dt>${name}</dt><dd>${valueWords(value)}</dd>`)}</dl>`;

/** The check's own page on GitHub. */
export const linkedRun = (address: string | undefined): Markup =>
  address === undefined ? nothing : html` <small class="inl">${linkTo(address, 'check run')}</small>`;
