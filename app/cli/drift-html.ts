import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { driftFigures } from '../../checks/drift/drift-figures.ts';
import { html, nothing, ownMarkup, textOf } from '../dashboard/markup.ts';
import { figureGrid } from '../dashboard/rooms/figures.ts';
import { driftLines, type DriftResult, driftSummary } from './drift-report.ts';

/** The style of the dashboard's pages: this page is the same, in a file. */
const STYLE = readFileSync(new URL('../dashboard/assets/style.css', import.meta.url), 'utf8');
/** A file that is opened from a disk asks nobody for anything. */
const CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/** A comparison as one page that stands on its own: what drifted first, every test with its numbers, both sides drawn. */
export function driftHtml({ comparison, reference, window, profile }: DriftResult): string {
  const rows = driftLines(comparison).map(
    ({ drifted, name, effect, limit, test, adjusted }) =>
      html`<tr><th scope="row">${name}</th><td>${drifted ? 'drifted' : 'no drift'}</td><td class="num">${effect}</td><td class="num">${limit}</td><td class="num">${test}</td><td class="num">${adjusted}</td></tr>`,
  );
  const left = comparison.left.map(({ column, why }) => html`<li><strong>${column}</strong>: ${why}</li>`);
  const figures = driftFigures(comparison, { reference: basename(reference), window: basename(window) });
  return `${textOf(html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="content-security-policy" content="${CONTENT_POLICY}"><meta name="color-scheme" content="light dark">
<title>Drift · Slipway</title><style>${ownMarkup(STYLE)}</style></head>
<body><main id="main">
<h1>${driftSummary(comparison)}</h1>
<p class="muted">${reference} against ${window}${profile === undefined ? '' : `; ${profile.lost}`}</p>
${figureGrid(figures)}
<div class="scroll" tabindex="0"><table class="numbers"><thead><tr><th scope="col">what</th><th scope="col">verdict</th><th scope="col" class="num">effect</th><th scope="col" class="num">limit</th><th scope="col" class="num">test</th><th scope="col" class="num">adjusted p</th></tr></thead><tbody>${rows}</tbody></table></div>
${left.length === 0 ? nothing : html`<h2>Left out</h2><ul>${left}</ul>`}
</main></body></html>`)}\n`;
}
