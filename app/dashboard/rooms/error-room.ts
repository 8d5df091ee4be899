import { html, nothing } from '../markup.ts';
import type { Page } from '../page.ts';

/** A page for what is not there, or what went wrong: what happened, and where to go on. */
export function errorRoom({
  title,
  says,
  reference,
}: {
  readonly title: string;
  readonly says: string;
  readonly reference?: string;
}): Page {
  return {
    title,
    quiet: true,
    main: html`<h1>${title}</h1><p class="lead">${says}</p>${reference === undefined ? nothing : html`<p class="small faint gap2">In the log: <code>${reference}</code></p>`}<div class="acts gap3"><a class="btn main" href="/fleet">To the fleet</a></div>`,
  };
}
