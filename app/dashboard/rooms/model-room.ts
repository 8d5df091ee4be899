import { sparkline } from '../sparkline.ts';
import { inBothWidths } from '../inline.ts';
import { type WeightSegment, weightsTimeline } from '../weights-timeline.ts';
import { type Shape, stateTag, type Tone } from '../icons.ts';
import { html, type Markup, nothing } from '../markup.ts';
import {
  isUnderWay,
  type ModelState,
  modelStateOf,
  requestsPerSecond,
  STATE_MARKS,
  stableRevision,
} from '../model-state.ts';
import { countOf, millisecondsOf, percentOf, plural, rateOf, ratePhrase, shortDigest, shortSha } from '../numbers.ts';
import { command, type Links, linkTo, notes, type Page, proposalAddress, section } from '../page.ts';
import { splitBar, splitWords } from '../split-bar.ts';
import { clockOf, timeTag, whenOf } from '../times.ts';
import type { ModelRoomView, ModelView, VersionView } from '../views.ts';
import { rolloutSection } from './fleet-room.ts';
import { ledgerTable } from './ledger-room.ts';

/** What runs and since when; from which proposal, approved by whom; how to ask it; what happened before. */
export function modelRoom(view: ModelRoomView, links: Links): Page {
  const { model } = view;
  const state = modelStateOf(model);
  const sentence = modelSentence(model, state);
  return {
    title: model.model,
    room: 'fleet',
    quiet: true,
    end: [`${view.repository} · ${view.fleet}`],
    status: sentence,
    main: html`<p class="crumb"><a href="/fleet">Fleet</a> · ${model.model}${view.owners.length === 0 ? nothing : html` · owned by ${view.owners.join(', ')}`}</p>
<h1 data-live="h1">${sentence}</h1>
${view.description === undefined ? nothing : html`<p class="lead">${view.description}</p>`}
${running(view, state)}
${model.rollout === undefined || !(isUnderWay(model.rollout) || model.rollout.phase === 'aborted') ? nothing : rolloutSection(model.model, model.repository, model.rollout, view.at, links)}
${versions(view, links)}
${shares(view)}
${asking(view)}
${history(view, links)}`,
  };
}

/** The first line: what it is doing, with the version that answers. */
export function modelSentence(model: ModelView, state: ModelState): string {
  const running = model.observed === undefined ? undefined : stableRevision(model.observed);
  const who = `${model.model}${running === undefined ? '' : ` ${running.version}`}`;
  switch (state.state) {
    case 'in sync':
      return `${who} is in sync${model.traffic === undefined ? '' : `; ${ratePhrase(requestsPerSecond(model))}`}.`;
    case 'rolling':
      return model.difference?.isJudged === true
        ? `${who} serves; ${state.cause}.`
        : `${who} is rolling ${state.cause}.`;
    case 'failing':
      return `${who} is failing: ${state.cause}.`;
    case 'held':
      return `${who} is held${state.cause.startsWith('by ') ? ' ' : ': '}${state.cause}.`;
    case 'drifted':
    case 'drifted away':
      return `${who} has ${state.state}: ${state.cause}.`;
  }
}

function running({ model }: ModelRoomView, state: ModelState): Markup {
  const { observed, traffic } = model;
  const mark = STATE_MARKS[state.state];
  const stable = observed === undefined ? undefined : stableRevision(observed);
  const recent = traffic?.recent ?? [];
  const label = `Requests a second over the last looks; ${rateOf(recent.at(-1) ?? 0)} now.`;
  return section(
    { id: 'running', title: 'What runs' },
    html`<div class="cols halves gap2"><dl class="kv"><dt>State</dt><dd data-live="state">${stateTag(mark.shape, mark.tone, state.state)}<small>${state.cause}</small></dd>
<dt>Git says</dt><dd>${model.desired === undefined ? 'nothing: the model is gone from the default branch' : html`${model.desired.version} <code class="faint">${shortDigest(model.desired.revision)}</code>`}</dd>
<dt>Traffic</dt><dd data-live="split">${observed === undefined ? 'none' : html`${splitBar(observed)}${splitWords(observed)}`}</dd>
<dt>Replicas</dt><dd data-live="replicas">${stable === undefined ? 'none' : `${stable.replicas.length} ready, between ${observed?.replicas.min ?? 0} and ${observed?.replicas.max ?? 0}`}</dd>
<dt>Load time</dt><dd>${stable?.loadMs === undefined ? '–' : `${millisecondsOf(stable.loadMs)} ms`}</dd></dl>
<div>${
      traffic === undefined
        ? html`<p class="note">No numbers of its traffic yet.</p>`
        : html`<figure><figcaption class="strong">Requests a second</figcaption><div data-live="sparkline">${recent.length < 2 ? html`<p class="note">${rateOf(requestsPerSecond(model))}</p>` : inBothWidths(sparkline(recent, { width: 480, label }), sparkline(recent, { width: 320, label }))}</div></figure>
<dl class="kv gap2"><dt>p99</dt><dd data-live="p99">${traffic.p99Ms === undefined ? '–' : `${millisecondsOf(traffic.p99Ms)} ms`}</dd><dt>Errors</dt><dd data-live="errors">${countOf(traffic.errors)} of ${countOf(traffic.requests)}${traffic.requests === 0 ? '' : `, ${percentOf(traffic.errors / traffic.requests, 2)}`}</dd></dl>`
    }</div></div>`,
  );
}

const VERSION_MARKS: Readonly<Record<VersionView['state'], { readonly shape: Shape; readonly tone: Tone }>> = {
  running: { shape: 'equal', tone: 'ink' },
  rolling: { shape: 'arrow', tone: 'ink' },
  warm: { shape: 'ring', tone: 'faint' },
  known: { shape: 'dash', tone: 'faint' },
  quarantined: { shape: 'octagon', tone: 'bad' },
  retired: { shape: 'dash', tone: 'faint' },
};

function versions(view: ModelRoomView, links: Links): Markup {
  const rows = view.versions.map((version) => versionRow(version, view, links));
  return section(
    { id: 'versions', title: 'Versions', says: `${countOf(view.versions.length)}, newest first: who allowed what` },
    view.versions.length === 0
      ? html`<p class="note gap2">None yet.</p>`
      : html`<table class="stack versions"><thead><tr><th scope="col">state</th><th scope="col">version, revision</th><th scope="col">commit · proposal</th><th scope="col">approved by</th><th scope="col">checks</th><th scope="col">merged</th><th scope="col">back to it</th></tr></thead><tbody>${rows}</tbody></table>`,
  );
}

function versionRow(version: VersionView, view: ModelRoomView, links: Links): Markup {
  const { provenance, state, mergedAt, because } = version;
  const { shape, tone } = VERSION_MARKS[state];
  const { commit, pullRequest, approvals, unchecked } = provenance;
  const repository = provenance.repository ?? view.repository;
  return html`<tr><td>${stateTag(shape, tone, state)}</td><th scope="row">${version.version} <code class="faint">${shortDigest(version.revision)}</code>${because === undefined ? nothing : html`<small>${because}</small>`}</th><td>${commit === undefined ? '–' : linkTo(links.commit(repository, commit), html`<code>${shortSha(commit)}</code>`)}${pullRequest === undefined ? nothing : html` · <a href="${proposalAddress(repository, pullRequest)}">#${pullRequest}</a>`}</td><td>${unchecked === true ? 'adopted' : approvals.length === 0 ? 'nobody' : approvals.map((login) => `@${login}`).join(', ')}</td><td class="whole">${checkWords(version)}</td><td class="nowrap muted">${mergedAt === undefined ? '–' : timeTag(mergedAt, whenOf(mergedAt, view.at))}</td><td>${state === 'warm' || state === 'known' || state === 'retired' ? command(`/rollback ${view.model.model} to ${version.version} because …`) : nothing}</td></tr>`;
}

function checkWords({ provenance: { checks, unchecked } }: VersionView): Markup {
  if (unchecked === true) return html`<span class="muted">nothing was checked</span>`;
  if (checks.length === 0) return html`<span class="muted">none recorded</span>`;
  const passed = checks.filter(({ conclusion }) => conclusion === 'success');
  const others = checks.filter(({ conclusion }) => conclusion !== 'success');
  return html`<span class="muted">${plural(passed.length, 'check')} passed</span>${others.map(({ name, conclusion }) => html`<small>${name}: ${conclusion}</small>`)}`;
}

/** Who answered what share, from the first rollout that is known until now. */
function shares(view: ModelRoomView): Markup {
  const versionsSeen = [...new Set(view.weights.flatMap(({ arms }) => arms.map(({ version }) => version)))].slice(-3);
  if (view.weights.length < 2 || versionsSeen.length === 0) return nothing;
  const figures = versionsSeen.map((version) => {
    const segments = segmentsOf(view, version);
    const label = `Share of requests that ${version} answered over time; ${segments.at(-1)?.weight ?? 0} % at the end.`;
    const draw = (width: number) => weightsTimeline(segments, { width, unit: `${version}, % of requests`, label });
    return html`<figure class="gap2">${inBothWidths(draw(560), draw(358))}</figure>`;
  });
  return section(
    { id: 'weights', title: 'Traffic so far', says: 'share of requests by version' },
    html`<div class="drawings">${figures}</div>`,
  );
}

function segmentsOf({ weights, at }: ModelRoomView, version: string): readonly WeightSegment[] {
  return weights.map((entry, index) => ({
    from: Date.parse(entry.at),
    to: Date.parse(weights[index + 1]?.at ?? at),
    weight: entry.arms.filter((arm) => arm.version === version).reduce((sum, arm) => sum + arm.weight, 0),
    planned: false,
  }));
}

/** One line each, ready to be pasted. A single quote in the data is written so that a shell takes it. */
function asking({ ask, model }: ModelRoomView): Markup {
  if (ask === undefined) return nothing;
  const name = encodeURIComponent(model.model);
  const post = (path: string, body: unknown): string =>
    `curl -s ${ask.http}${path} -H 'content-type: application/json' -d '${JSON.stringify(body).replaceAll("'", String.raw`'\''`)}'`;
  return section(
    { id: 'ask', title: 'How to ask it', says: 'the same columns that the evaluation used' },
    html`<h3 class="gap2">Records</h3><pre class="commands-box gap1" tabindex="0">${post(`/v1/models/${name}:predict`, { instances: [ask.record] })}</pre>
${ask.infer === undefined ? nothing : html`<h3 class="gap2">Open Inference Protocol, V2</h3><pre class="commands-box gap1" tabindex="0">${post(`/v2/models/${name}/infer`, ask.infer)}</pre>`}
${notes(html`The answer’s header <code>x-slipway-revision</code> says which version and revision it came from.`)}`,
  );
}

function history(view: ModelRoomView, links: Links): Markup {
  if (view.history.length === 0) return nothing;
  return section(
    {
      id: 'history',
      title: 'History',
      says: `${plural(view.history.length, 'ledger line')}, newest first`,
      end: html`<a href="/ledger?model=${encodeURIComponent(view.model.model)}">in the ledger</a>, observed ${clockOf(view.at)} UTC`,
    },
    ledgerTable(view.history, view.repository, view.at, links, { withModel: false }),
  );
}
