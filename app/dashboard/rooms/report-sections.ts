import type { CheckResult, Finding, Report } from '../../../checks/report/report.ts';
import { nextSteps } from '../../../checks/report/next-steps.ts';
import { decisiveDrawing } from '../decisive-drawing.ts';
import { icon, stateTag } from '../icons.ts';
import { inBothWidths } from '../inline.ts';
import { html, type Markup, nothing, withCode } from '../markup.ts';
import { capitalised, countOf, plural, shortDigest, wordOf } from '../numbers.ts';
import { linkTo, notes, section } from '../page.ts';
import { dayOf } from '../times.ts';
import {
  asSentence,
  blockingChecks,
  checkStanding,
  checksSummary,
  checksWorstFirst,
  verdictOfReport,
} from '../verdict.ts';
import type { PlanRow } from '../views.ts';
import { baselineSection, cohortsSection } from './comparison-tables.ts';
import { drawnSections, findingsSection, linkedRun, measuredList } from './findings.ts';
import type { ReportSetting } from './report-setting.ts';

/** The checks, then what lets one argue with them: cohorts, metrics, figures, findings, what to do. */
export const reportBody = (report: Report, setting: ReportSetting): Markup => html`${checksSection(report, setting)}
${nextSection(report, setting.id)}
${cohortsSection(report, setting)}
${baselineSection(report, setting)}
${drawnSections(report, setting)}
${findingsSection(report, setting)}`;

/** What was decided, with the number that decided it; beside it the one drawing that shows it. */
export function verdictBlock(report: Report, several: boolean, { id, runOf, canWaive }: ReportSetting): Markup {
  const verdict = verdictOfReport(report);
  const figure = decisiveDrawing(report, verdict);
  const tone = verdict.tone === 'bad' || verdict.tone === 'warn' ? verdict.tone : '';
  const heading = several
    ? html`<h2 class="verdict-title">${report.model} ${report.version}. ${withCode(verdict.sentence)}</h2>`
    : html`<h1 data-live="h1">${withCode(verdict.sentence)}</h1>`;
  const { decidedBy } = verdict;
  const run = decidedBy === undefined ? undefined : runOf(decidedBy);
  return html`<div class="${figure === undefined ? 'verdict alone' : 'verdict'}"><div>
<div class="word ${tone}">${icon(verdict.shape, verdict.tone)} ${verdict.word}</div>
${heading}
${verdict.lead === '' ? nothing : html`<p class="lead">${withCode(verdict.lead)}</p>`}
<div class="acts gap3">${decidedBy === undefined ? nothing : html`<a class="btn main" href="#${id}${decidedBy.name}">See ${decidedBy.name}</a>`}${run === undefined ? nothing : linkTo(run, 'On GitHub: re-run, waive', 'btn')}${decidedBy === undefined || !canWaive ? nothing : html`<a class="btn" href="#${id}waivers">Waive…</a>`}</div>
</div>${figure === undefined ? nothing : html`<figure><figcaption class="strong">${figure.title}</figcaption>${inBothWidths(figure.wide, figure.narrow)}<p class="small faint">${figure.note}</p></figure>`}</div>`;
}

/** What the report knows of itself comes first, what the App added about production follows. */
export function planSection(rows: readonly PlanRow[]): Markup {
  return section(
    { title: 'Model plan', says: 'What would change in production, if merged' },
    html`<table class="stack plan"><thead><tr><th><span class="unseen">what</span></th><th scope="col">champion, now</th><th scope="col">candidate</th><th scope="col"><span class="unseen">note</span></th></tr></thead><tbody>${rows.map(
      ({ subject, champion, candidate, note }) =>
        html`<tr><th scope="row" class="muted">${subject}</th><td>${champion ?? ''}</td>${note === undefined ? html`<td colspan="2">${candidate ?? ''}</td>` : html`<td>${candidate ?? ''}</td><td class="muted">${note}</td>`}</tr>`,
    )}</tbody></table>`,
  );
}

export const planOfReport = (report: Report): readonly PlanRow[] => [
  {
    subject: 'version',
    candidate: report.version,
    ...(report.baseline.version === undefined ? {} : { champion: report.baseline.version }),
    ...(report.baseline.kind === 'simple' ? { note: 'first version: compared with a trivial model' } : {}),
  },
  {
    subject: 'digest',
    candidate: shortDigest(report.digest),
    ...(report.baseline.digest === undefined ? {} : { champion: shortDigest(report.baseline.digest) }),
  },
];

function checksSection(report: Report, setting: ReportSetting): Markup {
  const { checks } = report;
  const { running } = setting;
  const cached = report.evidence?.cached === true ? '; from evidence that was there already' : '';
  return section(
    {
      title: `${capitalised(wordOf(checks.length))} ${checks.length === 1 ? 'check' : 'checks'}`,
      says: `${checksSummary(checks)}${cached}`,
    },
    html`<table class="checks stack"><tbody>${checksWorstFirst(checks).map((check) => checkRow(check, setting))}</tbody></table>${running.length === 0 ? nothing : notes(`Not finished: ${running.join(', ')}.`)}`,
  );
}

function checkRow(check: CheckResult, { id, runOf }: ReportSetting): Markup {
  const { shape, tone, word } = checkStanding(check);
  const quiet = tone === 'faint';
  return html`<tr${tone === 'bad' ? html` class="fail"` : nothing}><td>${stateTag(shape, tone, word)}</td><th scope="row"><a href="#${id}${check.name}">${check.name}</a>${check.required ? nothing : html` <small class="inl">not required</small>`}</th><td class="whole${quiet ? ' muted' : ''}">${withCode(check.title)}${linkedRun(runOf(check))}</td></tr>`;
}

/** What would mend it, check by check, each step once. */
function nextSection(report: Report, id: string): Markup {
  const asking = blockingChecks(report).map((check) => ({ check, ...nextSteps(check) }));
  if (asking.every(({ steps }) => steps.length === 0)) return nothing;
  return section(
    { id: `${id}next`, title: 'What to do', says: 'for what keeps it from being merged' },
    html`<ol class="next gap1">${asking.flatMap(({ check, steps, more }) => [
      ...steps.map(
        ({ next }) =>
          html`<li>${withCode(asSentence(next))} <a class="small faint" href="#${id}${check.name}">${check.name}</a></li>`,
      ),
      ...(more === 0
        ? []
        : [
            html`<li class="muted">${countOf(more)} more of <a href="#${id}${check.name}">${check.name}</a>, beside its findings.</li>`,
          ]),
    ])}</ol>`,
  );
}

/** What somebody excused, until when and why; nothing where nothing was. */
export const waiverTable = (waived: readonly Finding[]): Markup =>
  waived.length === 0
    ? nothing
    : html`<table class="stack gap1"><thead><tr><th scope="col">finding</th><th scope="col">by</th><th scope="col">until</th></tr></thead><tbody>${waived.map(
        ({ id, reason, waiver }) =>
          html`<tr><td>${stateTag('dashedRing', 'ink', id)}<small>${reason}; “${waiver?.because ?? ''}”</small></td><td>@${waiver?.by ?? ''}</td><td class="nowrap">${waiver === undefined ? '' : dayOf(waiver.until)}</td></tr>`,
      )}</tbody></table>`;

/** By what it was measured: who recomputes it needs the same. */
export function environment({
  environment: { slipway, onnxruntime, node, cpu, isolation },
  evidence,
  revision,
  defaults,
}: Report): Markup {
  const used = Object.keys(defaults);
  return html`<p class="small faint gap6">slipway ${slipway} · onnxruntime ${onnxruntime} · Node ${node} · ${cpu} · isolation: ${isolation}${evidence === undefined ? nothing : html` · evidence <code>${shortDigest(evidence.key)}</code>`} · revision <code>${shortDigest(revision)}</code></p>
${used.length === 0 ? nothing : html`<details><summary>${plural(used.length, 'default')} that the manifest left to Slipway</summary>${measuredList(defaults)}</details>`}`;
}
