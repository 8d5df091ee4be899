import type { CheckResult, Report } from '../../../checks/report/report.ts';
import { html, type Markup, nothing } from '../markup.ts';
import { measuredPlan } from '../measured-plan.ts';
import { icon } from '../icons.ts';
import { capitalised, countOf, shortSha, wordOf } from '../numbers.ts';
import { type Links, linkTo, type Page, section } from '../page.ts';
import { dayAfter, momentOf } from '../times.ts';
import { blockingChecks } from '../verdict.ts';
import type { ProposalView, ProposedModel } from '../views.ts';
import { placesOf } from './findings.ts';
import { environment, planOfReport, planSection, reportBody, verdictBlock, waiverTable } from './report-sections.ts';
import type { ReportSetting } from './report-setting.ts';

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
  if (report === undefined) return stillRunning(model, several);
  const setting: ReportSetting = {
    id: several ? `${model.model}-` : '',
    placeOf: placesOf(view, links),
    runOf: ({ name }) => model.checkRuns[name],
    canWaive: true,
    running: model.running,
  };
  return html`<div class="${several ? 'model gap6' : 'model'}" id="${setting.id}verdict">${verdictBlock(report, several, setting)}
${planSection([...(model.plan.length > 0 ? model.plan : planOfReport(report)), ...measuredPlan(report)])}
${reportBody(report, setting)}
${waiversSection(report, view, setting.id)}
${environment(report)}</div>`;
}

function stillRunning(model: ProposedModel, several: boolean): Markup {
  const words = `${model.model} ${model.version} is being checked.`;
  const running = model.running.length === 0 ? 'It waits for its turn.' : `Not finished: ${model.running.join(', ')}.`;
  return html`<div class="model"><div class="word">${icon('arrow', 'ink')} Checks run</div>${several ? html`<h2 class="verdict-title">${words}</h2>` : html`<h1 data-live="h1">${words}</h1>`}<p class="lead" data-live="running/${model.model}">${running}</p></div>`;
}

function waiversSection(report: Report, view: ProposalView, id: string): Markup {
  const waived = report.checks.flatMap(({ findings }) => findings).filter(({ waiver }) => waiver !== undefined);
  const blocking = blockingChecks(report);
  if (waived.length === 0 && blocking.length === 0) return nothing;
  const says = `${waived.length === 0 ? 'none' : countOf(waived.length)} in force${blocking.length > 0 && waived.length > 0 ? `; none covers ${blocking.map(({ name }) => name).join(', ')}` : ''}`;
  return section(
    { id: `${id}waivers`, title: 'Waivers', says },
    html`${waiverTable(waived)}${blocking.length === 0 ? nothing : howToWaive(report, blocking, view)}`,
  );
}

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
