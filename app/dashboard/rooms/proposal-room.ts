import type { CheckResult, Finding, Report } from '../../../checks/report/report.ts';
import { decisiveDrawing } from '../decisive-drawing.ts';
import { inBothWidths } from '../inline.ts';
import { icon, stateTag } from '../icons.ts';
import { html, type Markup, nothing, withCode } from '../markup.ts';
import { capitalised, countOf, plural, shortDigest, shortSha, wordOf } from '../numbers.ts';
import { type Links, linkTo, notes, type Page, section } from '../page.ts';
import { dayAfter, dayOf, momentOf } from '../times.ts';
import {
  blockingChecks,
  checkStanding,
  checksSummary,
  checksWorstFirst,
  type ProposalVerdict,
  verdictOfReport,
} from '../verdict.ts';
import type { PlanRow, ProposalView, ProposedModel } from '../views.ts';
import { baselineSection, cohortsSection } from './comparison-tables.ts';
import { findingsSection, linkedRun, measuredList, placesOf } from './findings.ts';

/** A waiver in the suggested command lasts so long; who gives it may say another day. */
const WAIVER_DAYS = 30;

/** May this be merged, and if not, which number; what would change in production; can I argue. */
export function proposalRoom(view: ProposalView, links: Links): Page {
  const repository = `${view.owner}/${view.repo}`;
  const several = view.models.length > 1;
  const states = view.models.map((model) => `${model.model} ${stateWords(model)}`);
  return {
    title: `${view.models.map(({ model, version }) => `${model} ${version}`).join(', ') || view.title}, proposal #${view.number}`,
    room: 'proposals',
    end: [repository, `#${view.number}`],
    status: states.join('; '),
    main: html`${crumb(view, repository, links)}
${several ? html`<h1 data-live="h1">${manyModels(view.models)}</h1>` : nothing}
${view.models.length === 0 ? html`<h1>This pull request proposes no model.</h1><p class="lead">Slipway looks at manifests, <code>models/*/model.yaml</code>, that it adds or changes.</p>` : nothing}
${view.models.map((model) => modelBlock(model, view, several, links))}`,
  };
}

function stateWords({ report }: ProposedModel): string {
  if (report === undefined) return 'is being checked';
  return { success: 'passes', failure: 'is blocked', action_required: 'is not decided' }[report.conclusion];
}

function manyModels(models: readonly ProposedModel[]): string {
  return `${capitalised(wordOf(models.length))} models: ${models.map((model) => `${model.model} ${stateWords(model)}`).join(', ')}.`;
}

function crumb(view: ProposalView, repository: string, links: Links): Markup {
  const checked = view.checkedAt === undefined ? nothing : html` · checked ${momentOf(view.checkedAt)} UTC`;
  const state = view.state === 'open' ? nothing : html` · <b class="strong">${view.state}</b>`;
  return html`<p class="crumb">${linkTo(view.url, `${repository} #${view.number}`)} · ${view.title} · by @${view.author} · ${linkTo(links.commit(repository, view.headSha), html`<code>${shortSha(view.headSha)}</code>`)}${checked}${state}</p>`;
}

function modelBlock(model: ProposedModel, view: ProposalView, several: boolean, links: Links): Markup {
  const { report } = model;
  const id = several ? `${model.model}-` : '';
  if (report === undefined) return stillRunning(model, several);
  const verdict = verdictOfReport(report);
  const placeOf = placesOf(view, links);
  return html`<div class="${several ? 'model gap6' : 'model'}" id="${id}verdict">${verdictBlock(verdict, model, report, several, id)}
${planSection(model, report)}
${checksSection(model, report, id)}
${cohortsSection(report, id, placeOf)}
${baselineSection(report, id, placeOf)}
${findingsSection(model, report, view, id, links)}
${waiversSection(report, view, id)}
${environment(report)}</div>`;
}

function stillRunning(model: ProposedModel, several: boolean): Markup {
  const words = `${model.model} ${model.version} is being checked.`;
  const running = model.running.length === 0 ? 'It waits for its turn.' : `Not finished: ${model.running.join(', ')}.`;
  return html`<div class="model"><div class="word">${icon('arrow', 'ink')} Checks run</div>${several ? html`<h2 class="verdict-title">${words}</h2>` : html`<h1 data-live="h1">${words}</h1>`}<p class="lead" data-live="running/${model.model}">${running}</p></div>`;
}

function verdictBlock(
  verdict: ProposalVerdict,
  model: ProposedModel,
  report: Report,
  several: boolean,
  id: string,
): Markup {
  const figure = decisiveDrawing(report, verdict);
  const tone = verdict.tone === 'bad' || verdict.tone === 'warn' ? verdict.tone : '';
  const heading = several
    ? html`<h2 class="verdict-title">${model.model} ${model.version}. ${withCode(verdict.sentence)}</h2>`
    : html`<h1 data-live="h1">${withCode(verdict.sentence)}</h1>`;
  const { decidedBy } = verdict;
  const run = decidedBy === undefined ? undefined : model.checkRuns[decidedBy.name];
  return html`<div class="${figure === undefined ? 'verdict alone' : 'verdict'}"><div>
<div class="word ${tone}">${icon(verdict.shape, verdict.tone)} ${verdict.word}</div>
${heading}
${verdict.lead === '' ? nothing : html`<p class="lead">${withCode(verdict.lead)}</p>`}
<div class="acts gap3">${decidedBy === undefined ? nothing : html`<a class="btn main" href="#${id}${decidedBy.name}">See ${decidedBy.name}</a>`}${run === undefined ? nothing : linkTo(run, 'On GitHub: re-run, waive', 'btn')}${decidedBy === undefined ? nothing : html`<a class="btn" href="#${id}waivers">Waive…</a>`}</div>
</div>${figure === undefined ? nothing : html`<figure><figcaption class="strong">${figure.title}</figcaption>${inBothWidths(figure.wide, figure.narrow)}<p class="small faint">${figure.note}</p></figure>`}</div>`;
}

/** What the report knows of itself comes first, what the App added about production follows. */
function planSection(model: ProposedModel, report: Report): Markup {
  const rows = model.plan.length > 0 ? model.plan : planOfReport(report);
  return section(
    { title: 'Model plan', says: 'What would change in production, if merged' },
    html`<table class="stack plan"><thead><tr><th><span class="unseen">what</span></th><th scope="col">champion, now</th><th scope="col">candidate</th><th scope="col"><span class="unseen">note</span></th></tr></thead><tbody>${rows.map(
      ({ subject, champion, candidate, note }) =>
        html`<tr><th scope="row" class="muted">${subject}</th><td>${champion ?? ''}</td>${note === undefined ? html`<td colspan="2">${candidate ?? ''}</td>` : html`<td>${candidate ?? ''}</td><td class="muted">${note}</td>`}</tr>`,
    )}</tbody></table>`,
  );
}

const planOfReport = (report: Report): readonly PlanRow[] => [
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

function checksSection(model: ProposedModel, report: Report, id: string): Markup {
  const { checks } = report;
  const cached = report.evidence?.cached === true ? '; from evidence that was there already' : '';
  return section(
    {
      title: `${capitalised(wordOf(checks.length))} ${checks.length === 1 ? 'check' : 'checks'}`,
      says: `${checksSummary(checks)}${cached}`,
    },
    html`<table class="checks stack"><tbody>${checksWorstFirst(checks).map((check) => checkRow(check, model, id))}</tbody></table>${model.running.length === 0 ? nothing : notes(`Not finished: ${model.running.join(', ')}.`)}`,
  );
}

function checkRow(check: CheckResult, model: ProposedModel, id: string): Markup {
  const { shape, tone, word } = checkStanding(check);
  const quiet = tone === 'faint';
  return html`<tr${tone === 'bad' ? html` class="fail"` : nothing}><td>${stateTag(shape, tone, word)}</td><th scope="row"><a href="#${id}${check.name}">${check.name}</a>${check.required ? nothing : html` <small class="inl">not required</small>`}</th><td class="whole${quiet ? ' muted' : ''}">${withCode(check.title)}${linkedRun(model.checkRuns[check.name])}</td></tr>`;
}

function waiversSection(report: Report, view: ProposalView, id: string): Markup {
  const waived = report.checks.flatMap(({ findings }) => findings).filter(({ waiver }) => waiver !== undefined);
  const blocking = blockingChecks(report);
  if (waived.length === 0 && blocking.length === 0) return nothing;
  const says = `${waived.length === 0 ? 'none' : countOf(waived.length)} in force${blocking.length > 0 && waived.length > 0 ? `; none covers ${blocking.map(({ name }) => name).join(', ')}` : ''}`;
  return section(
    { id: `${id}waivers`, title: 'Waivers', says },
    html`${waived.length === 0 ? nothing : waiverTable(waived)}${blocking.length === 0 ? nothing : howToWaive(report, blocking, view)}`,
  );
}

const waiverTable = (waived: readonly Finding[]): Markup =>
  html`<table class="stack gap1"><thead><tr><th scope="col">finding</th><th scope="col">by</th><th scope="col">until</th></tr></thead><tbody>${waived.map(
    ({ id, reason, waiver }) =>
      html`<tr><td>${stateTag('dashedRing', 'ink', id)}<small>${reason}; “${waiver?.because ?? ''}”</small></td><td>@${waiver?.by ?? ''}</td><td class="nowrap">${waiver === undefined ? '' : dayOf(waiver.until)}</td></tr>`,
  )}</tbody></table>`;

function howToWaive(report: Report, blocking: readonly CheckResult[], view: ProposalView): Markup {
  const until = dayAfter(view.at, WAIVER_DAYS);
  const findings = blocking.flatMap((check) =>
    check.findings.filter(
      ({ verdict, severity }) => severity === 'blocking' && (verdict === 'fail' || verdict === 'inconclusive'),
    ),
  );
  const whose = view.models.length > 1 ? ` for ${report.model}` : '';
  const who = view.waivedBy === undefined ? 'Who may waive' : `Who may waive (${view.waivedBy})`;
  return html`<h3 class="gap4">To waive what blocks this proposal</h3><p class="note gap1">${who} comments ${blocking.length === 1 ? 'the line' : 'the lines'} below on ${linkTo(view.url, `#${view.number}`)}. ${blocking.length === 1 ? 'It covers' : 'They cover'} ${findings.length === 1 ? 'this finding' : `these ${countOf(findings.length)} findings`} with these numbers only: a re-run that finds more is blocked again, and so is everybody after the date.</p>
<pre class="commands-box gap2" tabindex="0">${blocking.map(({ name }) => `/waive ${name}${whose} until ${until} because …`).join('\n')}</pre>
<p class="small gap2 breakable">${findings.map(({ id }) => id).join(', ')} · recorded in the check run, the comment and the ledger</p>`;
}

function environment({
  environment: { slipway, onnxruntime, node, cpu, isolation },
  evidence,
  revision,
  defaults,
}: Report): Markup {
  const used = Object.keys(defaults);
  return html`<p class="small faint gap6">slipway ${slipway} · onnxruntime ${onnxruntime} · Node ${node} · ${cpu} · isolation: ${isolation}${evidence === undefined ? nothing : html` · evidence <code>${shortDigest(evidence.key)}</code>`} · revision <code>${shortDigest(revision)}</code></p>
${used.length === 0 ? nothing : html`<details><summary>${plural(used.length, 'default')} that the manifest left to Slipway</summary>${measuredList(defaults)}</details>`}`;
}
