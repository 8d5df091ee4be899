import { type Checked, checkedOf } from '../../ledger/checked.ts';
import type { LedgerKind, LedgerLine } from '../../ledger/ledger.ts';
import { icon, type Shape, type Tone } from '../icons.ts';
import { html, type Markup, nothing } from '../markup.ts';
import { countOf, plural, shortDigest, shortSha } from '../numbers.ts';
import { type Links, linkTo, modelAddress, notes, type Page, proposalAddress, section } from '../page.ts';
import { momentOf, timeTag } from '../times.ts';
import type { LedgerView } from '../views.ts';

export interface LedgerFilter {
  readonly model?: string;
  readonly kind?: string;
}

/** A page shows so many lines; the export holds them all. */
const MOST_LINES = 500;

const KINDS = {
  adopted: { shape: 'dash', tone: 'faint', words: 'adopted, unchecked' },
  checked: { shape: 'tick', tone: 'faint', words: 'checked' },
  waived: { shape: 'dashedRing', tone: 'ink', words: 'waived' },
  merged: { shape: 'arrow', tone: 'faint', words: 'merged' },
  'rollout-started': { shape: 'arrow', tone: 'ink', words: 'rollout started' },
  'rollout-step': { shape: 'arrow', tone: 'faint', words: 'rollout step' },
  'rollout-paused': { shape: 'bars', tone: 'ink', words: 'rollout paused' },
  'rollout-resumed': { shape: 'arrow', tone: 'ink', words: 'rollout resumed' },
  promoted: { shape: 'discTick', tone: 'ink', words: 'promoted' },
  superseded: { shape: 'dash', tone: 'faint', words: 'superseded' },
  unwaived: { shape: 'dashedRing', tone: 'ink', words: 'waiver ended' },
  aborted: { shape: 'octagon', tone: 'bad', words: 'aborted' },
  'rolled-back': { shape: 'octagon', tone: 'bad', words: 'rolled back' },
  quarantined: { shape: 'octagon', tone: 'bad', words: 'quarantined' },
  'quarantine-lifted': { shape: 'tick', tone: 'ink', words: 'quarantine lifted' },
  held: { shape: 'bars', tone: 'warn', words: 'held' },
  'hold-ended': { shape: 'equal', tone: 'ink', words: 'hold ended' },
  healed: { shape: 'unequal', tone: 'warn', words: 'healed' },
  refused: { shape: 'octagon', tone: 'bad', words: 'refused' },
  retired: { shape: 'dash', tone: 'faint', words: 'retired' },
  retraining: { shape: 'arrow', tone: 'ink', words: 'training started' },
} as const satisfies Record<LedgerKind, { readonly shape: Shape; readonly tone: Tone; readonly words: string }>;

export const filtered = (lines: readonly LedgerLine[], { model, kind }: LedgerFilter): readonly LedgerLine[] =>
  lines.filter((line) => (model === undefined || line.model === model) && (kind === undefined || line.kind === kind));

/** The lines as they stand in the chain, one JSON object a line. */
export const ledgerExport = (lines: readonly LedgerLine[]): string =>
  lines.map((line) => `${JSON.stringify(line)}\n`).join('');

/** Whether the chain holds; who did what, when, why. */
export function ledgerRoom(view: LedgerView, filter: LedgerFilter, links: Links): Page {
  const lines = filtered(view.lines, filter).toReversed();
  const sentence = chainSentence(view);
  const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== undefined)).toString();
  return {
    title: 'Ledger',
    room: 'ledger',
    quiet: true,
    end: [view.repository],
    status: sentence,
    main: html`<h1 data-live="h1">${sentence}</h1>
<p class="lead">Every change of what runs stands here with who, when and why: commits by the App on <code>refs/slipway/ledger</code> of ${view.repository}, each line holding the hash of the one before, and signed.</p>
${view.problems.length === 0 ? nothing : problems(view.problems)}
${filterForm(view.lines, filter)}
${section(
  {
    id: 'lines',
    title: filterTitle(filter),
    says: `${plural(lines.length, 'line')}, newest first`,
    end: html`<a href="/ledger/export.jsonl${query === '' ? '' : `?${query}`}" download>Export as JSON lines</a>`,
  },
  lines.length === 0
    ? html`<p class="note gap2">${view.lines.length === 0 ? 'Nothing has happened yet.' : 'No line fits this filter.'}</p>`
    : html`${ledgerTable(lines.slice(0, MOST_LINES), view.repository, view.at, links, { withModel: true })}${lines.length > MOST_LINES ? notes(`The newest ${countOf(MOST_LINES)} of ${countOf(lines.length)}; the export holds all.`) : nothing}`,
)}`,
  };
}

/** The first line: how much verified, or how much did not. */
export function chainSentence({ lines, problems: broken }: LedgerView): string {
  if (broken.length > 0) {
    const kept =
      lines.length === 0
        ? 'no line verifies'
        : `${plural(lines.length, 'line')} ${lines.length === 1 ? 'verifies' : 'verify'}`;
    return `${plural(broken.length, 'problem')} in the ledger: ${kept}, the rest is ignored.`;
  }
  if (lines.length === 0) return 'The ledger is empty.';
  return lines.length === 1
    ? 'The ledger’s only line verifies.'
    : `All ${countOf(lines.length)} lines of the ledger verify.`;
}

const filterTitle = ({ model, kind }: LedgerFilter): string =>
  model === undefined && kind === undefined
    ? 'All lines'
    : ['Lines', kind === undefined ? '' : `of kind ${kind}`, model === undefined ? '' : `about ${model}`]
        .filter((part) => part !== '')
        .join(' ');

const problems = (broken: readonly string[]): Markup =>
  html`<section class="incident is-bad gap3" aria-label="What does not verify"><div><h2>What does not verify</h2><ul class="gap1" role="list">${broken.map((problem) => html`<li class="breakable">${icon('octagon', 'bad')} ${problem}</li>`)}</ul><p class="note gap1">Whoever may push may write to this reference; what the App did not sign counts for nothing.</p></div></section>`;

function filterForm(lines: readonly LedgerLine[], filter: LedgerFilter): Markup {
  const models = [...new Set(lines.map(({ model }) => model).filter((model) => model !== undefined))].toSorted();
  const kinds = [...new Set(lines.map(({ kind }) => kind))].toSorted();
  const options = (all: readonly string[], chosen: string | undefined): Markup =>
    html`<option value="">all</option>${all.map((value) => html`<option value="${value}"${value === chosen ? html` selected` : nothing}>${value}</option>`)}`;
  return html`<form class="acts gap3" method="get" action="/ledger"><label for="model" class="small muted">model</label><select class="btn" id="model" name="model">${options(models, filter.model)}</select><label for="kind" class="small muted">kind</label><select class="btn" id="kind" name="kind">${options(kinds, filter.kind)}</select><button class="btn" type="submit">Show</button></form>`;
}

export function ledgerTable(
  lines: readonly LedgerLine[],
  repository: string,
  now: string,
  links: Links,
  { withModel }: { readonly withModel: boolean },
): Markup {
  return html`<table class="stack ledger"><thead><tr><th scope="col" class="num">line</th><th scope="col">when, UTC</th><th scope="col">what</th>${withModel ? html`<th scope="col">model</th>` : nothing}<th scope="col">who</th><th scope="col">why</th><th scope="col">where</th></tr></thead><tbody>${lines.map((line) => ledgerRow(line, repository, now, links, withModel))}</tbody></table>`;
}

const CHECKED = {
  success: { shape: 'tick', tone: 'faint', words: 'checked: passes' },
  failure: { shape: 'octagon', tone: 'bad', words: 'checked: blocked' },
  action_required: { shape: 'halfDisc', tone: 'warn', words: 'checked: not decided' },
} as const satisfies Record<
  Checked['conclusion'],
  { readonly shape: Shape; readonly tone: Tone; readonly words: string }
>;

/** A judgement looks like what it found: a tick beside a blocked version would be read as a pass. */
function lookOf(line: LedgerLine): { readonly shape: Shape; readonly tone: Tone; readonly words: string } {
  const checked = checkedOf(line);
  if (checked !== undefined) return CHECKED[checked.conclusion];
  // A newer program may have written a kind that this one does not know: its line is verified all the same, and shown.
  return Object.hasOwn(KINDS, line.kind) ? KINDS[line.kind] : { shape: 'dash', tone: 'faint', words: line.kind };
}

function checkedWords(line: LedgerLine): string {
  const checks = checkedOf(line)?.checks ?? [];
  const named = (conclusion: string): readonly string[] =>
    checks.filter((check) => check.conclusion === conclusion).map(({ name }) => name);
  return [
    ['failed', named('failure')] as const,
    ['cannot be said', named('action_required')] as const,
    ['passed', named('success')] as const,
  ]
    .filter(([, names]) => names.length > 0)
    .map(([word, names]) => `${word}: ${names.join(', ')}`)
    .join('; ');
}

function ledgerRow(line: LedgerLine, repository: string, now: string, links: Links, withModel: boolean): Markup {
  const { shape, tone, words } = lookOf(line);
  const className = tone === 'bad' || tone === 'warn' ? `state ${tone}` : 'state';
  const subject = [line.model, line.version].filter((part) => part !== undefined).join(' ');
  const places = [
    line.pullRequest === undefined
      ? undefined
      : html`<a href="${proposalAddress(repository, line.pullRequest)}">#${line.pullRequest}</a>`,
    line.commit === undefined
      ? undefined
      : linkTo(links.commit(repository, line.commit), html`<code>${shortSha(line.commit)}</code>`),
    line.report === undefined ? undefined : html`report <code>${shortDigest(line.report)}</code>`,
  ].filter((part) => part !== undefined);
  return html`<tr id="line-${line.sequence}"><td class="num faint">${line.sequence}</td><td class="nowrap">${timeTag(line.at, now === '' ? line.at : momentOf(line.at))}</td><th scope="row"><span class="${className}">${icon(shape, tone)}<span>${words}${withModel || line.version === undefined ? '' : ` ${line.version}`}</span></span></th>${withModel ? html`<td>${line.model === undefined ? nothing : html`<a href="${modelAddress(line.model)}">${subject}</a>`}</td>` : nothing}<td>${line.actor === 'slipway' ? 'slipway' : `@${line.actor}`}</td><td class="whole">${line.because ?? checkedWords(line)}${numbers(line)}</td><td class="nowrap">${places.map((place, index) => (index === 0 ? place : html` · ${place}`))}</td></tr>`;
}

const numbers = ({ data }: LedgerLine): Markup => {
  const entries = Object.entries(data ?? {});
  if (entries.length === 0) return nothing;
  return html`<details><summary>numbers</summary><dl class="kv mono small">${entries.map(([name, value]) => html`<dt>${name}</dt><dd>${typeof value === 'string' ? value : JSON.stringify(value)}</dd>`)}</dl></details>`;
};
