import { inBothWidths } from '../inline.ts';
import { weightsTimeline } from '../weights-timeline.ts';
import { fleetSentence, totalRate } from '../fleet-sentence.ts';
import { icon, stateTag } from '../icons.ts';
import { html, type Markup, nothing, withCode } from '../markup.ts';
import {
  isUnderWay,
  type ModelState,
  modelStateOf,
  modelsWorstFirst,
  requestsPerSecond,
  revisionOf,
  STATE_MARKS,
  stableRevision,
} from '../model-state.ts';
import {
  countOf,
  millisecondsOf,
  percentOf,
  plural,
  rateOf,
  ratePhrase,
  shortDigest,
  shortSha,
  weightOf,
} from '../numbers.ts';
import { command, type Links, linkTo, modelAddress, type Page, proposalAddress, section } from '../page.ts';
import { rolloutSegments } from '../rollout-segments.ts';
import { splitBar, splitWords } from '../split-bar.ts';
import { clockOf, durationOf, elapsedMs, timeTag, whenOf } from '../times.ts';
import type { EvidenceView, FleetView, ModelView, RolloutStepView, RolloutView } from '../views.ts';

/** Is anything wrong, and which model; what happens if it is turned back; what runs where and what is rolling. */
export function fleetRoom(view: FleetView, links: Links): Page {
  const models = modelsWorstFirst(view.models);
  const [worst] = models;
  const rolling = models.filter(({ rollout }) => isUnderWay(rollout) || rollout?.phase === 'aborted');
  return {
    title: 'Fleet',
    room: 'fleet',
    quiet: true,
    end: [`${view.repository} · ${view.fleet}`],
    status: fleetSentence(view, { withRate: false }),
    main: html`<h1 data-live="h1">${fleetSentence(view)}</h1>
${view.unreachable === undefined ? nothing : html`<p class="lead">${view.unreachable.reason}. Models go on answering; this page waits.</p>`}
${worst === undefined ? firstSteps() : incident(worst, view, links)}
${models.length === 0 ? nothing : allModels(models, view, links)}
${rolling.map(({ model, repository, rollout }) => (rollout === undefined ? nothing : rolloutSection(model, repository, rollout, view.at, links)))}
${openAlerts(models, view, links)}`,
  };
}

const firstSteps = (): Markup =>
  html`<p class="lead">A pull request that adds <code>models/NAME/model.yaml</code> proposes one; its merge deploys it. <code>slipway init MODEL.onnx --data FILE --label COLUMN</code> writes the manifest.</p>`;

/** The most urgent model with what is known about it and what can be done. Nothing where all is well or on its way. */
function incident(model: ModelView, view: FleetView, links: Links): Markup {
  const state = modelStateOf(model);
  if (state.state === 'in sync' || state.state === 'rolling') return nothing;
  const { observed, alerts } = model;
  const running = observed === undefined ? undefined : stableRevision(observed);
  const held = observed?.held;
  const issue = alerts.find(({ issue: number }) => number !== undefined)?.issue;
  return html`<section class="incident gap3 ${state.state === 'failing' ? 'is-bad' : 'is-warn'}" aria-label="Most urgent"><div>
<h2>${model.model}${running === undefined ? nothing : html` ${running.version}`} ${state.state === 'failing' ? 'is failing' : state.state === 'held' ? 'is held' : `has ${state.state}`}</h2>
<p class="note gap1" data-live="incident/cause">${asClause(state.cause)}</p>
<dl class="kv">${held === undefined ? nothing : html`<dt>Because</dt><dd>“${held.because}”, by @${held.by}${model.hold?.source === undefined ? nothing : html`; ${linkTo(model.hold.source, 'where it was asked')}`}${model.hold?.tookMs === undefined ? nothing : html`; took ${durationOf(model.hold.tookMs)}`}</dd>`}
${previousFacts(model, state, view.at)}
${sinceFacts(state, model, view.at, issue, links)}</dl>
${acts(model, state, links)}</div></section>`;
}

const asClause = (words: string): string =>
  `${words.charAt(0).toUpperCase()}${words.slice(1)}${words.endsWith('.') ? '' : '.'}`;

function previousFacts(model: ModelView, state: ModelState, now: string): Markup {
  if (state.state === 'held' || model.previous === undefined) return nothing;
  const { version, digest, warmUntil } = model.previous;
  const warm = warmUntil === undefined ? '' : `, warm for another ${durationOf(elapsedMs(now, warmUntil))}`;
  return html`<dt>Previous revision</dt><dd>${version} ${digest === undefined ? nothing : html`<code>${shortSha(shortDigest(digest))}</code>`}${warm}</dd>`;
}

function sinceFacts(state: ModelState, model: ModelView, now: string, issue: number | undefined, links: Links): Markup {
  if (state.since === undefined && issue === undefined) return nothing;
  const since = state.since;
  const revert = model.hold?.revertPullRequest;
  return html`<dt>Since</dt><dd>${since === undefined ? 'unknown' : html`${timeTag(since, whenOf(since, now))}, <span data-live="incident/since">${durationOf(elapsedMs(since, now))}</span>`}${issue === undefined ? nothing : html`; ${linkTo(links.issue(model.repository, issue), `issue #${issue}`)}`}${revert === undefined ? nothing : html`; ${linkTo(links.pullRequest(model.repository, revert), `revert #${revert}`)}`}</dd>`;
}

/** Every act says what it will do, with the comment that does it; the dashboard itself only reads. */
function acts(model: ModelView, state: ModelState, links: Links): Markup {
  const running = model.observed === undefined ? undefined : stableRevision(model.observed);
  const pullRequest = running?.provenance.pullRequest ?? model.desired?.pullRequest;
  const place = pullRequest === undefined ? undefined : links.pullRequest(model.repository, pullRequest);
  if (state.state === 'held') {
    const revert = model.hold?.revertPullRequest;
    const review =
      revert === undefined
        ? nothing
        : linkTo(links.pullRequest(model.repository, revert), `Review revert #${revert}`, 'btn main');
    return html`<div class="acts">${review}<span class="faint small">${revert === undefined ? 'To' : 'or, to'} go on with git’s ${model.desired?.version ?? 'version'}, comment ${command(`/unhold ${model.model} because …`)}</span></div>`;
  }
  if (state.state === 'drifted away') {
    return html`<div class="acts"><span class="faint small">It is put back by itself; to look again now, comment ${command(`/sync ${model.model}`)}</span></div>`;
  }
  const back = model.previous === undefined ? 'Roll back…' : `Roll back to ${model.previous.version}…`;
  return html`<div class="acts">${place === undefined ? nothing : linkTo(place, back, 'btn main')}<span class="faint small">${place === undefined ? 'comment' : `on #${pullRequest ?? ''}, comment`} ${command(`/rollback ${model.model} because …`)}</span></div>`;
}

function allModels(models: readonly ModelView[], view: FleetView, links: Links): Markup {
  const rate = totalRate(models);
  const says = html`${plural(models.length, 'model')}, <span data-live="rate">${ratePhrase(rate)}</span>; what is wrong first`;
  const end = html`observed <span data-live="at">${timeTag(view.at, `${clockOf(view.at)} UTC`)}</span>`;
  return section(
    { id: 'models', title: 'All models', says, end },
    html`<div class="only-w"><table data-sortable><thead><tr><th scope="col">model</th><th scope="col">running, digest<br>commit · proposal</th><th scope="col">desired against observed</th><th scope="col">traffic</th><th scope="col" class="num">requests/s</th><th scope="col" class="num">p99, ms</th><th scope="col" class="num">errors, %</th></tr></thead><tbody>${models.map((model) => modelRow(model, links))}</tbody></table></div>
<ol class="only-n plain" role="list">${models.map(modelItem)}</ol>`,
  );
}

function modelRow(model: ModelView, links: Links): Markup {
  const { model: name, observed } = model;
  const state = modelStateOf(model);
  const mark = STATE_MARKS[state.state];
  const key = `model/${name}`;
  return html`<tr><th scope="row"><a href="${modelAddress(name)}" class="strong">${name}</a></th>
<td data-live="${key}/running">${runningCell(model, links)}</td>
<td class="cause" data-live="${key}/state">${stateTag(mark.shape, mark.tone, state.state)}<small>${state.cause}</small></td>
<td data-live="${key}/split">${observed === undefined ? html`<small>none</small>` : html`${splitBar(observed)}<small>${splitWords(observed)}</small>`}</td>
${trafficCells(model, key)}</tr>`;
}

function runningCell(model: ModelView, links: Links): Markup {
  const running = model.observed === undefined ? undefined : stableRevision(model.observed);
  if (running === undefined) return html`<span class="faint">nothing yet</span>`;
  const { commit, pullRequest, unchecked } = running.provenance;
  const origin = [
    commit === undefined ? undefined : linkTo(links.commit(model.repository, commit), shortSha(commit)),
    pullRequest === undefined
      ? undefined
      : html`<a href="${proposalAddress(model.repository, pullRequest)}">#${pullRequest}</a>`,
    unchecked === true ? html`adopted, unchecked` : undefined,
  ].filter((part) => part !== undefined);
  return html`<span class="nowrap">${running.version} <code class="faint">${shortSha(shortDigest(running.digest))}</code></span><small>${origin.map((part, index) => (index === 0 ? part : html` · ${part}`))}</small>`;
}

const errorShare = ({ traffic }: ModelView): number | undefined =>
  traffic === undefined || traffic.requests === 0 ? undefined : traffic.errors / traffic.requests;

const percentNumber = (share: number | undefined): string => percentOf(share, 2).replace(' %', '');

function trafficCells(model: ModelView, key: string): Markup {
  const { traffic } = model;
  return html`<td class="num" data-live="${key}/rate">${traffic === undefined ? '–' : rateOf(requestsPerSecond(model))}</td><td class="num" data-live="${key}/p99">${millisecondsOf(traffic?.p99Ms)}</td><td class="num" data-live="${key}/errors">${percentNumber(errorShare(model))}</td>`;
}

/** One line of cause under name and state. */
function modelItem(model: ModelView): Markup {
  const { model: name, observed, traffic } = model;
  const state = modelStateOf(model);
  const mark = STATE_MARKS[state.state];
  const running = observed === undefined ? undefined : stableRevision(observed);
  const key = `item/${name}`;
  const split = observed !== undefined && observed.effective.filter(({ weight }) => weight > 0).length > 1;
  return html`<li><div class="apart"><a class="strong" href="${modelAddress(name)}">${name}</a><span data-live="${key}/state">${stateTag(mark.shape, mark.tone, state.state)}</span></div>
<div class="small muted" data-live="${key}/cause">${state.cause}</div>
<div class="small faint" data-live="${key}/numbers">${running === undefined ? 'nothing runs' : html`${running.version} <code>${shortSha(shortDigest(running.digest))}</code>`} · ${traffic === undefined || traffic.requests === 0 ? 'no requests now' : `${rateOf(requestsPerSecond(model))} req/s · p99 ${millisecondsOf(traffic.p99Ms)} ms · errors ${percentNumber(errorShare(model))} %`}</div>
${split ? html`<div data-live="${key}/split">${splitBar(observed)}<small>${splitWords(observed)}</small></div>` : nothing}</li>`;
}

/** Steps as a line of stations, what the present one needs and has, and the share over time. */
export function rolloutSection(
  model: string,
  repository: string,
  rollout: RolloutView,
  now: string,
  links: Links,
): Markup {
  const { from, to, strategy, approvals, startedAt, evidence, says, phase } = rollout;
  const key = `rollout/${model}`;
  const origin = html`${strategy}${to.pullRequest === undefined ? nothing : html` of <a href="${proposalAddress(repository, to.pullRequest)}">#${to.pullRequest}</a>`}${to.commit === undefined ? nothing : html`, commit ${linkTo(links.commit(repository, to.commit), html`<code>${shortSha(to.commit)}</code>`)}`}${approvals.length === 0 ? nothing : html`, approved by ${approvals.map((login) => `@${login}`).join(' and ')}`}`;
  const title = html`${model} ${from === undefined ? nothing : html`${from.version} → `}${to.version}${phase === 'aborted' ? html` ${icon('octagon', 'bad')} aborted` : nothing}`;
  const segments = rolloutSegments(rollout, now);
  const label = `Share of requests that ${to.version} answers over time; ${segments.findLast(({ planned }) => !planned)?.weight ?? 0} % now.`;
  const drawing = (width: number) =>
    weightsTimeline(segments, { width, unit: `requests answered by ${to.version}, %`, label, now: Date.parse(now) });
  const index = rollout.steps.findIndex(({ state }) => state === 'now' || state === 'failed');
  return section(
    { id: `rollout-${model}`, title, says: origin, end: html`started ${timeTag(startedAt, whenOf(startedAt, now))}` },
    html`<ol class="steps" role="list" data-live="${key}/steps">${rollout.steps.map(stepItem)}</ol>
<div class="cols halves gap4"><div>${evidence.length === 0 ? nothing : html`<h3>Step ${index + 1}: what it needs, and what it has</h3>${evidenceTable(evidence, key)}`}
<p class="note gap2" data-live="${key}/says">${withCode(says ?? '')}</p>
${isUnderWay(rollout) ? rolloutActs(model, rollout) : nothing}</div>
<figure><figcaption class="strong">Where the requests go</figcaption><div data-live="${key}/drawing">${inBothWidths(drawing(620), drawing(358))}</div></figure></div>`,
  );
}

const STEP_NAMES = {
  prepare: 'prepare',
  shadow: 'shadow',
  pause: 'pause',
  promote: 'promote',
  bake: 'bake',
} as const satisfies Record<Exclude<RolloutStepView['kind'], 'weight'>, string>;

const stepName = (step: RolloutStepView): string =>
  step.kind === 'weight' ? weightOf(step.weight ?? 0) : STEP_NAMES[step.kind];

const STATIONS = {
  done: icon('discTick', 'ink'),
  now: icon('target', 'ink'),
  next: icon('ring', 'ink'),
  failed: icon('octagon', 'bad'),
} as const satisfies Record<RolloutStepView['state'], Markup>;

const SPOKEN = { done: 'done', now: 'now', next: 'to come', failed: 'failed' } as const;

function stepItem(step: RolloutStepView): Markup {
  const { state, forMs, tookMs, facts } = step;
  const share =
    state === 'now' && forMs !== undefined && tookMs !== undefined ? Math.min(1, tookMs / Math.max(1, forMs)) : 0;
  const percent = `${Math.round(share * 100)}%`;
  return html`<li class="${state}"${state === 'now' ? html` aria-current="step"` : nothing}>${state === 'now' ? html`<svg class="part" aria-hidden="true"><rect class="only-w" width="${percent}" height="100%"/><rect class="only-n" width="100%" height="${percent}"/></svg>` : nothing}${STATIONS[state]}<b>${stepName(step)}<span class="unseen">, ${SPOKEN[state]}</span></b><small>${stepTime(step)}</small>${facts.map((fact) => html`<small>${fact}</small>`)}</li>`;
}

function stepTime({ kind, state, forMs, tookMs }: RolloutStepView): string {
  if (kind === 'pause' && state === 'next') return 'until /resume';
  if (state === 'now' && forMs !== undefined)
    return (tookMs ?? 0) > forMs
      ? `${durationOf(tookMs ?? 0)}, at least ${durationOf(forMs)}`
      : `${durationOf(tookMs ?? 0)} of ${durationOf(forMs)}`;
  if (state !== 'next' && tookMs !== undefined) return durationOf(tookMs);
  return forMs === undefined || forMs === 0 ? '' : durationOf(forMs);
}

const EVIDENCE_MARKS = {
  pass: stateTag('tick', 'faint', 'pass'),
  fail: stateTag('octagon', 'bad', 'fail'),
  waiting: stateTag('halfDisc', 'faint', 'not yet'),
} as const satisfies Record<EvidenceView['verdict'], Markup>;

const evidenceTable = (evidence: readonly EvidenceView[], key: string): Markup =>
  html`<table class="stack ev gap1"><thead><tr><th scope="col">evidence</th><th scope="col">so far</th><th scope="col">needed</th><th scope="col"><span class="unseen">verdict</span></th></tr></thead><tbody>${evidence.map(
    ({ name, soFar, needed, verdict }) =>
      html`<tr><th scope="row">${name}</th><td data-live="${key}/${name}/so-far">${soFar}</td><td class="muted">${needed}</td><td data-live="${key}/${name}/verdict">${EVIDENCE_MARKS[verdict]}</td></tr>`,
  )}</tbody></table>`;

function rolloutActs(model: string, { from, to, phase, steps }: RolloutView): Markup {
  const weight = steps.findLast(({ state, kind }) => kind === 'weight' && state !== 'next')?.weight;
  const back =
    from === undefined
      ? 'stop it'
      : `${weight === undefined ? 'all' : weightOf(weight)} back to ${from.version} at once`;
  const rows = [
    phase === 'paused'
      ? { words: `/resume ${model}`, does: 'goes on' }
      : { words: `/pause ${model}`, does: 'stays where it is' },
    { words: `/promote ${model}`, does: `${to.version} takes all requests, if its evidence suffices` },
    { words: `/abort ${model}`, does: back },
  ];
  return html`<dl class="kv commands gap2">${rows.map(({ words, does }) => html`<dt>${command(words)}</dt><dd class="muted">${does}</dd>`)}</dl>`;
}

/** What is open: alerts, holds and differences, worst first as the models are. */
function openAlerts(models: readonly ModelView[], view: FleetView, links: Links): Markup {
  const rows = models.flatMap((model) => alertRows(model, view.at, links));
  if (rows.length === 0) return nothing;
  return section(
    { id: 'alerts', title: 'Open alerts', says: countOf(rows.length) },
    html`<table class="stack alerts"><thead><tr><th scope="col">since</th><th scope="col">model</th><th scope="col">what</th><th scope="col">issue</th><th scope="col">who or what is on it</th></tr></thead><tbody>${rows}</tbody></table>`,
  );
}

function alertRows(model: ModelView, now: string, links: Links): readonly Markup[] {
  const state = modelStateOf(model);
  const raised = model.alerts.map(({ kind, reason, since, issue, onIt }) => {
    const mark = kind === 'failing' ? STATE_MARKS.failing : STATE_MARKS.drifted;
    const shape = kind === 'advisory' ? icon('hollowTriangle', 'ink') : icon(mark.shape, mark.tone);
    const place = issue === undefined ? html`none yet` : linkTo(links.issue(model.repository, issue), `#${issue}`);
    return alertRow(shape, since, now, model.model, html`${reason}`, place, onIt ?? 'not acknowledged');
  });
  if (state.state !== 'held' && state.state !== 'drifted away') return raised;
  const mark = STATE_MARKS[state.state];
  const held = model.observed?.held;
  const revert = model.hold?.revertPullRequest ?? model.rollout?.revertPullRequest;
  const version = model.observed === undefined ? '' : (stableRevision(model.observed)?.version ?? '');
  const away =
    held?.quarantined === undefined || model.observed === undefined
      ? undefined
      : revisionOf(model.observed, held.quarantined);
  const what =
    held === undefined
      ? html`${state.cause}`
      : html`held at ${version}${away === undefined ? '' : `, away from ${away.version}`}, by @${held.by}: “${held.because}”${model.hold?.tookMs === undefined ? '' : `; took ${durationOf(model.hold.tookMs)}`}`;
  const place =
    revert === undefined ? html`none yet` : linkTo(links.pullRequest(model.repository, revert), `#${revert}`);
  const onIt =
    state.state === 'held' ? (revert === undefined ? 'waits for git to agree' : 'the revert waits') : 'self-heal';
  return [...raised, alertRow(icon(mark.shape, mark.tone), state.since, now, model.model, what, place, onIt)];
}

const alertRow = (
  shape: Markup,
  since: string | undefined,
  now: string,
  model: string,
  what: Markup,
  place: Markup,
  onIt: string,
): Markup =>
  html`<tr><td class="nowrap">${shape}&ensp;${since === undefined ? 'now' : timeTag(since, whenOf(since, now))}</td><th scope="row">${model}</th><td class="whole">${what}</td><td>${place}</td><td class="muted">${onIt}</td></tr>`;
