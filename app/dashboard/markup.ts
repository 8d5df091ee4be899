import { html, raw } from 'hono/html';

/** HTML that is safe to put into HTML: everything interpolated into `html` is escaped unless it is Markup itself. */
export type Markup = ReturnType<typeof html>;

export { html };

/**
 * Text that this program wrote itself and that is HTML already (drawings, icons). Never for anything that a person, a
 * manifest or GitHub wrote.
 */
export const ownMarkup = (text: string): Markup => raw(text);

export const nothing: Markup = raw('');

/** The page as text. Rooms are drawn from data that is already there, so nothing in them may be a promise. */
export function textOf(markup: Markup): string {
  if (markup instanceof Promise) throw new TypeError('A room holds a promise; gather its data before drawing it.');
  return markup.toString();
}

/** An address that a link may lead to: `https:` or `http:`; everything else (`javascript:`) becomes undefined. */
export function linkable(address: string | undefined): string | undefined {
  if (address === undefined || !URL.canParse(address)) return undefined;
  const { protocol } = new URL(address);
  return protocol === 'https:' || protocol === 'http:' ? address : undefined;
}

/** A link where the address is one that may be followed, else the words alone. */
export function linkTo(address: string | undefined, words: Markup | string, className = ''): Markup {
  const target = linkable(address);
  if (target === undefined) return html`${words}`;
  return className === ''
    ? html`<a href="${target}">${words}</a>`
    : html`<a class="${className}" href="${target}">${words}</a>`;
}

/** Sentences from reports and rollouts put commands and names between backticks, as Markdown does. */
export const withCode = (words: string): Markup =>
  html`${words.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))}`;
