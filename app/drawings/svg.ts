/**
 * Marks: the few shapes that every drawing is made of. A drawing is drawn at its true size and never scaled, its text is
 * always 12 px, and its colours are classes: custom properties inside a page, literal tokens in a file of its own.
 */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** One sentence that tells the finding, for who does not see the drawing. Empty: decoration of numbers that stand beside. */
  readonly label: string;
  /** SVG marks; every text in them is escaped where it was made. */
  readonly body: string;
}

export type Theme = 'light' | 'dark';

/** Estimated advance of a character at 12 px in the system stack: labels are placed with it, never measured. */
export const CHARACTER_PX = 7;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** What XML 1.0 does not allow would make the whole drawing unreadable, so control characters become U+FFFD. */
const wellFormed = (text: string): string =>
  text.toWellFormed().replace(/(?![\t\n\r])\p{Cc}|[\uFFFE\uFFFF]/gu, '\u{FFFD}');

export const escaped = (text: string): string =>
  wellFormed(text).replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');

const px = (value: number): string => value.toFixed(1);

export const line = (className: string, x1: number, y1: number, x2: number, y2: number): string =>
  `<line class="${className}" x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}"/>`;

export const rect = (className: string, x: number, y: number, width: number, height: number): string =>
  `<rect class="${className}" x="${px(x)}" y="${px(y)}" width="${px(Math.max(0, width))}" height="${px(height)}"/>`;

export const disc = (className: string, x: number, y: number, radius: number): string =>
  `<circle class="${className}" cx="${px(x)}" cy="${px(y)}" r="${px(radius)}"/>`;

export const diamond = (className: string, x: number, y: number, radius: number): string =>
  `<path class="${className}" d="M${px(x - radius)} ${px(y)}L${px(x)} ${px(y - radius)}L${px(x + radius)} ${px(y)}L${px(x)} ${px(y + radius)}Z"/>`;

export const square = (className: string, x: number, y: number, half: number): string =>
  rect(className, x - half, y - half, 2 * half, 2 * half);

export const path = (className: string, d: string): string => `<path class="${className}" d="${d}"/>`;

/** The end of something that goes on beyond the axis. */
export const arrowEnd = (className: string, x: number, y: number, direction: 'left' | 'right'): string => {
  const back = direction === 'left' ? x + 5 : x - 5;
  return path(className, `M${px(back)} ${px(y - 4)}L${px(x)} ${px(y)}L${px(back)} ${px(y + 4)}`);
};

export interface TextOptions {
  readonly className?: string;
  readonly anchor?: 'start' | 'middle' | 'end';
}

export function text(
  x: number,
  y: number,
  words: string,
  { className = '', anchor = 'start' }: TextOptions = {},
): string {
  const classes = className === '' ? '' : ` class="${className}"`;
  const anchors = anchor === 'start' ? '' : ` text-anchor="${anchor}"`;
  return `<text x="${px(x)}" y="${px(y)}"${classes}${anchors}>${escaped(words)}</text>`;
}

/** Cut to what fits; the whole name stands in the table beside. */
export function fitted(words: string, widthPx: number): string {
  const fits = Math.floor(widthPx / CHARACTER_PX);
  return words.length <= fits ? words : `${words.slice(0, Math.max(1, fits - 1))}…`;
}

const roleOf = (label: string): string =>
  label === '' ? 'aria-hidden="true"' : `role="img" aria-label="${escaped(label)}"`;

/** For a page, whose style sheet has the colours. */
export const svgOf = ({ width, height, label, body }: Drawing): string =>
  `<svg class="c" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ${roleOf(label)}>${body}</svg>`;

interface Tokens {
  readonly [name: string]: string;
  readonly bg: string;
  readonly ink: string;
  readonly ink2: string;
  readonly ink3: string;
  readonly line: string;
  readonly axis: string;
  readonly band: string;
  readonly bad: string;
  readonly accent: string;
  readonly champion: string;
  readonly area: string;
  readonly area2: string;
}

/** GitHub's own page colours, since these drawings stand there as images and cannot ask the page. */
const TOKENS: Readonly<Record<Theme, Tokens>> = {
  light: {
    bg: '#ffffff',
    ink: '#1f2328',
    ink2: '#454c54',
    ink3: '#646c76',
    line: '#dfe3e8',
    axis: '#a9b1ba',
    band: '#eaeaea',
    bad: '#c21c27',
    accent: '#0a58a8',
    champion: '#767c86',
    area: 'rgba(101,107,117,.16)',
    area2: 'rgba(10,88,168,.14)',
  },
  dark: {
    bg: '#0d1117',
    ink: '#f0f6fc',
    ink2: '#b7bdc8',
    ink3: '#9198a1',
    line: '#262c36',
    axis: '#656c76',
    band: '#262a2e',
    bad: '#ff8e84',
    accent: '#74b3ff',
    champion: '#9298a1',
    area: 'rgba(150,155,164,.22)',
    area2: 'rgba(116,179,255,.18)',
  },
};

const styleOf = (t: Tokens): string =>
  [
    `text{font:12px system-ui,-apple-system,'Segoe UI',sans-serif;fill:${t.ink2};font-variant-numeric:tabular-nums}`,
    `.t{fill:${t.ink};font-weight:600}.tb{fill:${t.bad};font-weight:600}.tc{fill:${t.accent};font-weight:600}.tr{font-weight:600}`,
    `.halo{paint-order:stroke;stroke:${t.bg};stroke-width:4px;stroke-linejoin:round}`,
    `.g{stroke:${t.line}}.ax{stroke:${t.axis};fill:none}.zero{stroke:${t.ink2}}.lim{stroke:${t.ink};stroke-dasharray:4 3}`,
    `.band{fill:${t.band}}.badl{stroke:${t.bad};stroke-width:2;fill:none}.bad-f{fill:${t.bad}}`,
    `.inkl{stroke:${t.ink};stroke-width:2;fill:none}.ink-f{fill:${t.ink}}.ink3l{stroke:${t.ink3};stroke-width:1.5;fill:none}`,
    `.cand{stroke:${t.accent};stroke-width:2;fill:none}.cand-f{fill:${t.accent}}.cand-a{fill:${t.area2}}`,
    `.champ{stroke:${t.champion};stroke-width:2;fill:none}.champ-f{fill:${t.champion}}.champ-a{fill:${t.area}}`,
    `.thin{stroke-width:1.25}.dash{stroke-dasharray:5 4}.hole{fill:${t.bg};stroke:${t.ink3};stroke-width:1.5}`,
  ].join('');

/** A file of its own, for pages that are not ours: the same marks with literal colours. */
export const standalone = ({ width, height, label, body }: Drawing, theme: Theme): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">` +
  `<title>${escaped(label)}</title><style>${styleOf(TOKENS[theme])}</style>` +
  `<rect width="${width}" height="${height}" fill="${TOKENS[theme].bg}"/>${body}</svg>`;
