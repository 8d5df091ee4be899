import { html, linkTo, type Markup, nothing } from './markup.ts';

/** The rooms that exist; a room that is built gets its line here and stands in the navigation. */
const ROOMS = [
  { name: 'fleet', title: 'Fleet', address: '/fleet' },
  { name: 'proposals', title: 'Proposals', address: '/proposals' },
  { name: 'ledger', title: 'Ledger', address: '/ledger' },
] as const satisfies readonly { readonly name: string; readonly title: string; readonly address: string }[];

export type Room = (typeof ROOMS)[number]['name'];

export interface Page {
  readonly title: string;
  /** The room that the page belongs to; undefined for pages of none (an error). */
  readonly room?: Room;
  /** What stands at the right end of the bar. */
  readonly end?: readonly string[];
  /** Ink only, colour kept for what is wrong. */
  readonly quiet?: boolean;
  /** Told to screen readers when it changes: the state, without numbers that change every second. */
  readonly status?: string;
  readonly main: Markup;
}

/** Complete without scripts; the one script adds live values and sorting. `assets`: content-addressed paths. */
export function pageOf({ title, room, end = [], quiet = false, status = '', main }: Page, assets: Assets): Markup {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${title} · Slipway</title>
<link rel="icon" href="${assets.icon}" type="image/svg+xml"><link rel="stylesheet" href="${assets.style}">
<script type="module" src="${assets.script}"></script></head>
<body class="${quiet ? 'quiet' : ''}" data-room="${room ?? ''}"><a class="skip" href="#main">Skip to content</a>
<header class="bar"><a class="name" href="/fleet">Slipway</a><nav aria-label="Rooms">${ROOMS.map(
    ({ name, title: words, address }) =>
      html`<a href="${address}"${name === room ? html` aria-current="page"` : nothing}>${words}</a>`,
  )}</nav><div class="end">${end.map((words) => html`<span>${words}</span>`)}<span id="connection"></span></div></header>
<main id="main" tabindex="-1"><p class="unseen" role="status" data-live="status">${status}</p>
${main}
</main></body></html>`;
}

export interface Assets {
  readonly style: string;
  readonly script: string;
  readonly icon: string;
}

/** Addresses on GitHub, or on what stands in for it. */
export interface Links {
  pullRequest(repository: string, number: number): string;
  commit(repository: string, sha: string): string;
  issue(repository: string, number: number): string;
  file(repository: string, sha: string, file: string, line?: number): string;
  user(login: string): string;
}

export function linksOf(githubUrl: string): Links {
  const base = githubUrl.replace(/\/+$/, '');
  const path = (text: string): string => text.split('/').map(encodeURIComponent).join('/');
  return {
    pullRequest: (repository, number) => `${base}/${path(repository)}/pull/${number}`,
    commit: (repository, sha) => `${base}/${path(repository)}/commit/${path(sha)}`,
    issue: (repository, number) => `${base}/${path(repository)}/issues/${number}`,
    file: (repository, sha, file, line) =>
      `${base}/${path(repository)}/blob/${path(sha)}/${path(file)}${line === undefined ? '' : `#L${line}`}`,
    user: (login) => `${base}/${path(login)}`,
  };
}

/** The proposal's page in this dashboard. */
export const proposalAddress = (repository: string, number: number): string =>
  `/proposals/${repository.split('/').map(encodeURIComponent).join('/')}/${number}`;

export const modelAddress = (model: string): string => `/models/${encodeURIComponent(model)}`;

/** A section with its rule; `end` stands at the right. */
export function section(
  {
    id,
    title,
    says = '',
    end = '',
  }: {
    readonly id?: string;
    readonly title: Markup | string;
    readonly says?: Markup | string;
    readonly end?: Markup | string;
  },
  body: Markup,
): Markup {
  return html`<section${id === undefined ? nothing : html` id="${id}"`}><header><h2>${title}</h2>${says === '' ? nothing : html`<p>${says}</p>`}${end === '' ? nothing : html`<p class="end small">${end}</p>`}</header>
${body}</section>`;
}

/** A command to comment, beside what it does. */
export const command = (words: string): Markup => html`<code class="command">${words}</code>`;

export const notes = (words: Markup | string): Markup => html`<p class="small faint gap1">${words}</p>`;

export { linkTo };
