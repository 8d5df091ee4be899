import type { CheckResult, Finding, MeasuredValue, Report } from '../../../checks/report/report.ts';
import {
  byMetric,
  checkNamed,
  type Comparison,
  cohortWords,
  comparisonOf,
  comparisonsOf,
  forestRowOf,
  lessIsBetter,
  needMargins,
} from '../comparisons.ts';
import { decisiveDrawing } from '../decisive-drawing.ts';
import { type ForestAxis, forestAxisOf, forestHead, forestStrip } from '../drawings/forest.ts';
import { inBothWidths, inline } from '../drawings/svg.ts';
import { icon, stateTag } from '../icons.ts';
import { html, type Markup, nothing } from '../markup.ts';
import {
  capitalised,
  countOf,
  decimalsOf,
  intervalOf,
  numberOf,
  plural,
  shortDigest,
  shortSha,
  signedOf,
  wordOf,
} from '../numbers.ts';
import { type Links, linkTo, notes, type Page, section } from '../page.ts';
import { dayAfter, dayOf, durationOf, momentOf } from '../times.ts';
import {
  baselineWords,
  blockingChecks,
  checkStanding,
  checksSummary,
  checksWorstFirst,
  findingStanding,
  findingsWorstFirst,
  type ProposalVerdict,
  verdictOfReport,
} from '../verdict.ts';
import type { PlanRow, ProposalView, ProposedModel } from '../views.ts';

const STRIP_WIDE_PX = 420;
const STRIP_NARROW_PX = 152;
/** A waiver in the suggested command lasts so long; who gives it may say another day. */
const WAIVER_DAYS = 30;
/** So many passing findings are shown at once; more are folded. */
const FEW_FINDINGS = 3;

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
  const duration = view.models.reduce(
    (sum, { report }) => sum + (report?.checks ?? []).reduce((ms, check) => ms + check.durationMs, 0),
    0,
  );
  const checked =
    view.checkedAt === undefined
      ? nothing
      : html` · checked ${momentOf(view.checkedAt)} UTC in ${durationOf(duration)}`;
  const state = view.state === 'open' ? nothing : html` · <b class="strong">${view.state}</b>`;
  return html`<p class="crumb">${linkTo(view.url, `${repository} #${view.number}`)} · ${view.title} · by @${view.author} · ${linkTo(links.commit(repository, view.headSha), html`<code>${shortSha(view.headSha)}</code>`)}${checked}${state}</p>`;
}

function modelBlock(model: ProposedModel, view: ProposalView, several: boolean, links: Links): Markup {
  const { report } = model;
  const id = several ? `${model.model}-` : '';
  if (report === undefined) return stillRunning(model, several);
  const verdict = verdictOfReport(report);
  return html`<div class="${several ? 'model gap6' : 'model'}" id="${id}verdict">${verdictBlock(verdict, model, report, several, id)}
${planSection(model, report)}
${checksSection(model, report, id)}
${cohortsSection(report, id)}
${baselineSection(report, id)}
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
    ? html`<h2 class="verdict-title">${model.model} ${model.version}. ${verdict.sentence}</h2>`
    : html`<h1 data-live="h1">${verdict.sentence}</h1>`;
  const { decidedBy } = verdict;
  const run = decidedBy === undefined ? undefined : model.checkRuns[decidedBy.name];
  return html`<div class="${figure === undefined ? 'verdict alone' : 'verdict'}"><div>
<div class="word ${tone}">${icon(verdict.shape, verdict.tone)} ${verdict.word}</div>
${heading}
${verdict.lead === '' ? nothing : html`<p class="lead">${verdict.lead}</p>`}
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
        html`<tr><th scope="row" class="muted">${subject}</th><td>${champion ?? ''}</td><td>${candidate ?? ''}</td><td class="muted">${note ?? ''}</td></tr>`,
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
  const cached = report.evidence?.cached === true ? ', from evidence that was there already' : '';
  const took = durationOf(checks.reduce((sum, { durationMs }) => sum + durationMs, 0));
  return section(
    {
      title: `${capitalised(wordOf(checks.length))} ${checks.length === 1 ? 'check' : 'checks'}`,
      says: `${checksSummary(checks)}; in ${took}${cached}`,
    },
    html`<table class="checks stack"><tbody>${checksWorstFirst(checks).map((check) => checkRow(check, model, id))}</tbody></table>${model.running.length === 0 ? nothing : notes(`Not finished: ${model.running.join(', ')}.`)}`,
  );
}

function checkRow(check: CheckResult, model: ProposedModel, id: string): Markup {
  const { shape, tone, word } = checkStanding(check);
  const quiet = tone === 'faint';
  return html`<tr${tone === 'bad' ? html` class="fail"` : nothing}><td>${stateTag(shape, tone, word)}</td><th scope="row"><a href="#${id}${check.name}">${check.name}</a>${check.required ? nothing : html` <small class="inl">not required</small>`}</th><td class="whole${quiet ? ' muted' : ''}">${check.title}${linkedRun(model.checkRuns[check.name])}</td></tr>`;
}

const linkedRun = (address: string | undefined): Markup =>
  address === undefined ? nothing : html` <small class="inl">${linkTo(address, 'check run')}</small>`;

/** Every cohort as a row of the table that is the chart's skeleton; one table a metric, the worst metric first. */
function cohortsSection(report: Report, id: string): Markup {
  const check = checkNamed(report, 'cohorts');
  const comparisons = comparisonsOf(check);
  if (check === undefined || comparisons.length === 0) return nothing;
  const standing = checkStanding(check);
  const mark = standing.tone === 'bad' ? html`${icon(standing.shape, standing.tone)} ` : nothing;
  const rows = checkNamed(report, 'baseline')
    ?.findings.map((finding) => comparisonOf(finding)?.rows)
    .find((count) => count !== undefined);
  return section(
    {
      id: `${id}cohorts`,
      title: html`${mark}Cohorts`,
      says: tally(comparisons),
      end: rows === undefined ? '' : `${countOf(rows)} rows`,
    },
    html`${[...byMetric(comparisons)].map(([metric, some], index) => cohortTable(metric, some, index === 0))}
${otherFindings(check)}${method(check)}`,
  );
}

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

/** `95 %, jointly over 19` or `95 % interval`. */
const intervalTitle = (comparisons: readonly Comparison[]): string => {
  const jointly = comparisons.find(({ jointly: over }) => over !== undefined)?.jointly;
  return jointly === undefined || jointly < 2 ? '95 % interval' : `95 %, jointly over ${jointly}`;
};

function cohortTable(metric: string, comparisons: readonly Comparison[], open: boolean): Markup {
  const rows = comparisons.map((comparison) => forestRowOf(comparison));
  const axis = forestAxisOf(rows, `${metric}, candidate minus champion`);
  const decimals = decimalsOf(Math.max(...comparisons.map(({ candidate }) => Math.abs(candidate ?? 0))));
  const positives = comparisons.some((comparison) => comparison.positives !== undefined);
  const strip = (index: number, width: number, height: number): Markup => {
    const row = rows[index];
    return row === undefined ? nothing : inline(forestStrip(row, axis, width, height));
  };
  const wide = html`<table class="strip" data-sortable><thead><tr><th scope="col">verdict</th><th scope="col">cohort</th><th scope="col" class="num">rows</th>${positives ? html`<th scope="col" class="num">of the<br>rarer class</th>` : nothing}<th scope="col" class="num">champion<br>${metric}</th><th scope="col" class="num">candidate<br>${metric}</th><th class="s">${inline(forestHead(axis, STRIP_WIDE_PX))}</th><th scope="col" class="num">difference</th><th scope="col" class="num">${intervalTitle(comparisons)}</th></tr></thead><tbody>${comparisons.map(
    (comparison, index) =>
      html`<tr><td>${COMPARISON_MARKS[comparison.verdict]}</td><th scope="row">${cohortWords(comparison.cohort ?? 'everyone')}</th><td class="num">${comparison.rows === undefined ? '–' : countOf(comparison.rows)}</td>${positives ? html`<td class="num">${comparison.positives === undefined ? '–' : countOf(comparison.positives)}</td>` : nothing}<td class="num">${numberOf(comparison.baseline, decimals)}</td><td class="num">${numberOf(comparison.candidate, decimals)}</td><td class="s">${strip(index, STRIP_WIDE_PX, 33)}</td><td class="num strong">${signedOf(comparison.difference, decimals)}</td><td class="num muted nowrap">${intervalOf(comparison.interval, decimals)}</td></tr>`,
  )}</tbody></table>`;
  const narrow = html`<table class="strip tight"><thead><tr><th scope="col">cohort</th><th class="s">${inline(forestHead(axis, STRIP_NARROW_PX))}</th><th scope="col" class="num">${metric}</th></tr></thead><tbody>${comparisons.map(
    (comparison, index) =>
      html`<tr><th scope="row">${COMPARISON_ICONS[comparison.verdict]} ${cohortWords(comparison.cohort ?? 'everyone')}</th><td class="s">${strip(index, STRIP_NARROW_PX, 29)}</td><td class="num">${signedOf(comparison.difference, Math.min(2, decimals))}</td></tr>`,
  )}</tbody></table>`;
  const direction = lessIsBetter(metric) ? ' Drawn as improvement: right is better, also where less is better.' : '';
  const table = html`<div class="only-w">${wide}</div><div class="only-n">${narrow}</div>${notes(`${metric}, candidate minus champion, on the same rows; arrows: the interval goes on. Cannot say is not a pass.${direction}`)}`;
  return open ? table : html`<details><summary>${metric}: ${tally(comparisons)}</summary>${table}</details>`;
}

function baselineSection(report: Report, id: string): Markup {
  const check = checkNamed(report, 'baseline');
  const comparisons = comparisonsOf(check).filter(({ cohort }) => cohort === undefined);
  if (check === undefined || comparisons.length === 0) return nothing;
  const inMargins = needMargins(comparisons);
  const rows = comparisons.map((comparison) => forestRowOf(comparison, { inMargins }));
  const axis = forestAxisOf(rows, inMargins ? 'improvement, in margins' : 'improvement');
  const wide = html`<table class="strip"><thead><tr><th scope="col">metric</th><th scope="col" class="num">champion</th><th scope="col" class="num">candidate</th><th class="s">${inline(forestHead(axis, STRIP_WIDE_PX))}</th><th scope="col" class="num">difference</th><th scope="col" class="num">95 % interval</th><th scope="col" class="num">margin</th><th scope="col"><span class="unseen">verdict</span></th></tr></thead><tbody>${comparisons.map((comparison, index) => baselineRow(comparison, rows[index], axis))}</tbody></table>`;
  const narrow = html`<table class="strip tight"><thead><tr><th scope="col">metric</th><th class="s">${inline(forestHead(axis, STRIP_NARROW_PX))}</th><th scope="col" class="num">difference</th></tr></thead><tbody>${comparisons.map(
    (comparison, index) => {
      const row = rows[index];
      return html`<tr><th scope="row">${COMPARISON_ICONS[comparison.verdict]} ${comparison.metric} ${arrowOf(comparison)}</th><td class="s">${row === undefined ? nothing : inline(forestStrip(row, axis, STRIP_NARROW_PX))}</td><td class="num strong">${signedOf(comparison.difference, decimalsOfComparison(comparison))}</td></tr>`;
    },
  )}</tbody></table>`;
  const scale = inMargins ? ' One step of the axis is one margin, since these metrics have different units.' : '';
  const same = comparisons.find(({ rows: count }) => count !== undefined)?.rows;
  return section(
    {
      id: `${id}baseline`,
      title: 'Baseline',
      says: `${baselineSays(comparisons, report)}${same === undefined ? '' : `, on the same ${countOf(same)} rows`}`,
      end: baselineMethod(comparisons),
    },
    html`<div class="only-w">${wide}</div><div class="only-n">${narrow}</div>${notes(`Drawn as improvement: right is better, also for ↓ metrics. Grey: the margin within which worse would still pass.${scale}`)}${otherFindings(check)}${method(check)}`,
  );
}

const decimalsOfComparison = ({ candidate, difference }: Comparison): number => decimalsOf(candidate ?? difference);

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

function baselineSays(comparisons: readonly Comparison[], report: Report): string {
  const worse = comparisons.filter(({ verdict }) => verdict === 'worse');
  const against = baselineWords(report);
  if (worse.length > 0) return `Worse than ${against} in ${worse.map(({ metric }) => metric).join(', ')}`;
  const undecided = comparisons.filter(({ verdict }) => verdict === 'cannot say');
  if (undecided.length > 0)
    return `Cannot say for ${undecided.map(({ metric }) => metric).join(', ')} against ${against}`;
  const better = comparisons.every(({ verdict }) => verdict === 'better');
  return `${better ? 'Better' : 'Not worse'} than ${against} in ${comparisons.length === 1 ? (comparisons[0]?.metric ?? '') : `all ${wordOf(comparisons.length)} metrics`}`;
}

const baselineMethod = (comparisons: readonly Comparison[]): string => {
  const words = comparisons.map(({ finding }) => finding.measured['method']).find((value) => typeof value === 'string');
  return typeof words === 'string' ? words : '';
};

const method = ({ method: sentences = [] }: CheckResult): Markup =>
  sentences.length === 0 ? nothing : notes(sentences.join(' '));

/** Findings of a comparing check that compare nothing: floors, claims, gaps. */
function otherFindings(check: CheckResult): Markup {
  const others = findingsWorstFirst(check.findings.filter((finding) => comparisonOf(finding) === undefined));
  if (others.length === 0) return nothing;
  return html`<table class="findings stack gap2"><tbody>${others.map((finding) => findingRow(finding, undefined))}</tbody></table>`;
}

/** Everything else that was asked, check by check, worst first; what passed stays grey and shows its numbers. */
function findingsSection(model: ProposedModel, report: Report, view: ProposalView, id: string, links: Links): Markup {
  const checks = checksWorstFirst(report.checks).filter((check) => !hasOwnSection(check));
  if (checks.length === 0) return nothing;
  const repository = `${view.owner}/${view.repo}`;
  const placeOf = (finding: Finding): Markup | undefined => {
    const { at } = finding;
    if (at === undefined) return undefined;
    const words = `${at.file}${at.line === undefined ? '' : `, line ${at.line}`}`;
    return linkTo(links.file(repository, view.headSha, at.file, at.line), words);
  };
  const total = checks.reduce((sum, { findings }) => sum + findings.length, 0);
  return section(
    { id: `${id}findings`, title: 'Findings', says: `${plural(total, 'finding')} of the other checks, worst first` },
    html`${checks.map((check) => checkFindings(check, model, id, placeOf))}`,
  );
}

const hasOwnSection = (check: CheckResult): boolean =>
  (check.name === 'cohorts' || check.name === 'baseline') && comparisonsOf(check).length > 0;

function checkFindings(
  check: CheckResult,
  model: ProposedModel,
  id: string,
  placeOf: (finding: Finding) => Markup | undefined,
): Markup {
  const findings = findingsWorstFirst(check.findings);
  const loud = findings.filter(({ verdict }) => verdict !== 'pass' && verdict !== 'not-applicable');
  const quiet = findings.filter(({ verdict }) => verdict === 'pass' || verdict === 'not-applicable');
  const { shape, tone, word } = checkStanding(check);
  const table = (some: readonly Finding[]): Markup =>
    html`<table class="findings stack"><tbody>${some.map((finding) => findingRow(finding, placeOf(finding)))}</tbody></table>`;
  return html`<div class="check gap3" id="${id}${check.name}"><h3>${icon(shape, tone)} ${check.name} <span class="muted plain">${word}: ${check.title}</span>${linkedRun(model.checkRuns[check.name])}</h3>
${loud.length === 0 ? nothing : table(loud)}
${quiet.length === 0 ? nothing : loud.length === 0 && quiet.length <= FEW_FINDINGS ? table(quiet) : html`<details><summary>${plural(quiet.length, 'finding')} that ${quiet.length === 1 ? 'does' : 'do'} not block, with ${quiet.length === 1 ? 'its' : 'their'} numbers</summary>${table(quiet)}</details>`}
${method(check)}</div>`;
}

function findingRow(finding: Finding, place: Markup | undefined): Markup {
  const { shape, tone, word } = findingStanding(finding);
  const measured = Object.entries(finding.measured);
  const numbers =
    measured.length === 0
      ? nothing
      : html`<details><summary>numbers</summary><dl class="kv mono small">${measured.map(([name, value]) => html`<dt>${name}</dt><dd>${valueWords(value)}</dd>`)}</dl></details>`;
  return html`<tr><td>${stateTag(shape, tone, word)}${finding.severity === 'advisory' ? html`<small>advisory</small>` : nothing}</td><th scope="row"><span class="breakable">${finding.id}</span>${place === undefined ? nothing : html`<small>${place}</small>`}</th><td class="whole${tone === 'faint' ? ' muted' : ''}">${finding.reason}${finding.next === undefined ? nothing : html`<small>${finding.next}</small>`}${numbers}</td></tr>`;
}

/** At full precision, as in the JSON: who argues needs the number that decided. */
const valueWords = (value: MeasuredValue): string =>
  typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : JSON.stringify(value);

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
  const used = Object.entries(defaults);
  return html`<p class="small faint gap6">slipway ${slipway} · onnxruntime ${onnxruntime} · Node ${node} · ${cpu} · isolation: ${isolation}${evidence === undefined ? nothing : html` · evidence <code>${shortDigest(evidence.key)}</code>`} · revision <code>${shortDigest(revision)}</code></p>
${used.length === 0 ? nothing : html`<details><summary>${plural(used.length, 'default')} that the manifest left to Slipway</summary><dl class="kv mono small">${used.map(([pointer, value]) => html`<dt>${pointer}</dt><dd>${valueWords(value)}</dd>`)}</dl></details>`}`;
}
