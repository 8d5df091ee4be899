import { stateTag } from '../icons.ts';
import { html, type Markup, nothing } from '../markup.ts';
import { capitalised, countOf, plural, shortSha, wordOf } from '../numbers.ts';
import { linkTo, type Page, proposalAddress, section } from '../page.ts';
import { timeTag, whenOf } from '../times.ts';
import type { ProposalSummary } from '../views.ts';

type Conclusion = ProposalSummary['models'][number]['conclusion'];

const MARKS = {
  failure: stateTag('octagon', 'bad', 'blocked'),
  action_required: stateTag('halfDisc', 'warn', 'not decided'),
  running: stateTag('arrow', 'ink', 'being checked'),
  success: stateTag('tick', 'faint', 'passes'),
} as const satisfies Record<Conclusion, Markup>;

/** Worst first among the open ones; what is merged or closed follows, newest first. */
const ORDER: readonly Conclusion[] = ['failure', 'action_required', 'running', 'success'];

/** Which proposals wait, and which of them may not be merged. */
export function proposalsRoom(proposals: readonly ProposalSummary[], now: string): Page {
  const open = proposals
    .filter(({ state }) => state === 'open')
    .toSorted((a, b) => rankOf(a) - rankOf(b) || b.number - a.number);
  const done = proposals.filter(({ state }) => state !== 'open').toSorted((a, b) => b.number - a.number);
  const sentence = sentenceOf(open);
  return {
    title: 'Proposals',
    room: 'proposals',
    quiet: true,
    status: sentence,
    main: html`<h1 data-live="h1">${sentence}</h1>
${open.length === 0 ? nothing : section({ id: 'open', title: 'Open', says: `${plural(open.length, 'proposal')}; what is blocked first` }, table(open, now))}
${done.length === 0 ? nothing : section({ id: 'done', title: 'Merged and closed', says: countOf(done.length) }, table(done, now))}`,
  };
}

const rankOf = ({ models }: ProposalSummary): number =>
  Math.min(ORDER.length, ...models.map(({ conclusion }) => ORDER.indexOf(conclusion)));

/** The first line: how many wait, and which are blocked. */
export function sentenceOf(open: readonly ProposalSummary[]): string {
  if (open.length === 0) return 'No proposal is open.';
  const blocked = open.filter(({ models }) => models.some(({ conclusion }) => conclusion === 'failure'));
  const undecided = open.filter(
    (proposal) =>
      !blocked.includes(proposal) && proposal.models.some(({ conclusion }) => conclusion === 'action_required'),
  );
  const rest = open.length - blocked.length - undecided.length;
  const numbers = (some: readonly ProposalSummary[]): string => some.map(({ number }) => `#${number}`).join(', ');
  const parts = [
    blocked.length === 0
      ? ''
      : `${wordOf(blocked.length)} of ${open.length === 1 ? 'one open proposal' : `${wordOf(open.length)} open proposals`} ${blocked.length === 1 ? 'is' : 'are'} blocked: ${numbers(blocked)}`,
    undecided.length === 0
      ? ''
      : `${wordOf(undecided.length)} ${undecided.length === 1 ? 'is' : 'are'} not decided: ${numbers(undecided)}`,
    blocked.length + undecided.length > 0
      ? ''
      : `${rest === 1 ? 'one proposal is' : `${wordOf(rest)} proposals are`} open; none is blocked`,
  ].filter((part) => part !== '');
  return `${capitalised(parts.join('; '))}.`;
}

const table = (proposals: readonly ProposalSummary[], now: string): Markup =>
  html`<table class="stack proposals" data-sortable><thead><tr><th scope="col">verdict</th><th scope="col">proposal</th><th scope="col">what decided</th><th scope="col">by</th><th scope="col">commit</th><th scope="col">checked</th></tr></thead><tbody>${proposals.map((proposal) => row(proposal, now))}</tbody></table>`;

function row(proposal: ProposalSummary, now: string): Markup {
  const { owner, repo, number, title, author, headSha, checkedAt, models, url, state } = proposal;
  const worst = models.toSorted((a, b) => ORDER.indexOf(a.conclusion) - ORDER.indexOf(b.conclusion))[0];
  const names = models.map(({ model, version }) => `${model} ${version}`).join(', ');
  return html`<tr><td data-live="proposal/${number}/verdict">${state === 'open' ? (worst === undefined ? MARKS.running : MARKS[worst.conclusion]) : stateTag(state === 'merged' ? 'tick' : 'dash', 'faint', state)}</td><th scope="row"><a class="strong" href="${proposalAddress(`${owner}/${repo}`, number)}">#${number}</a> ${title}<small>${names}</small></th><td class="whole" data-live="proposal/${number}/title">${models.map((model) => html`<div>${models.length > 1 ? `${model.model}: ` : ''}${model.title}</div>`)}</td><td class="muted">@${author}</td><td>${linkTo(url, html`<code>${shortSha(headSha)}</code>`)}</td><td class="muted nowrap">${checkedAt === undefined ? 'not yet' : timeTag(checkedAt, whenOf(checkedAt, now))}</td></tr>`;
}
