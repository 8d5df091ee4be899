/** Markdown as GitHub renders it. What comes from data or people is escaped, so that it cannot become markup. */

/** Characters that start markup inside a sentence or a table cell. Underscores within words are literal already. */
export function escapedText(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/([\\`*[\]|~])/g, '\\$1')
    .replace(/(^|\W)_|_(?=\W|$)/g, '$1\\_');
}

export interface TableColumn {
  readonly title: string;
  readonly align?: 'right';
}

/** Cells are Markdown already. */
export function tableText(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map(({ title }) => title)),
    `|${columns.map(({ align }) => (align === 'right' ? '--:' : '---')).join('|')}|`,
    ...rows.map((row) => line(row.map((cell, i) => (columns[i]?.align === 'right' ? unbroken(cell) : cell)))),
  ].join('\n');
}

/** A number is not broken in two lines: `< 0.0001`, `[−0.2, +0.1]`. */
const unbroken = (cell: string): string => cell.replaceAll(' ', '\u00a0');

export function detailsText(summary: string, body: string): string {
  return `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;
}

export function codeText(body: string): string {
  return `\`\`\`\n${body}\n\`\`\``;
}

/** A piece that is whole or left out, so that no table or `details` is cut open. */
export interface Block {
  /** What a reader misses where it is left out: `findings that passed (412)`. */
  readonly name: string;
  readonly text: string;
  /** Has its room before the others. */
  readonly kept?: boolean;
}

/**
 * Joins the blocks that fit, in their order. What is left out is named in a last line, with where it is told instead. `limit`
 * counts bytes of UTF-8, GitHub's limit counts no more.
 */
export function withinLimit(blocks: readonly Block[], limit: number, instead: string): string {
  const sizeOf = ({ text }: Block) => Buffer.byteLength(text) + 2;
  let room = limit - Buffer.byteLength(instead) - NAMES_BYTES;
  const fitting = new Set<Block>();
  for (const block of [...blocks.filter(({ kept }) => kept), ...blocks.filter(({ kept }) => !kept)]) {
    if (sizeOf(block) > room) continue;
    fitting.add(block);
    room -= sizeOf(block);
  }
  const left = [...new Set(blocks.filter((block) => !fitting.has(block)).map(({ name }) => name))];
  const last =
    left.length === 0 ? [] : [`_Left out, since it does not fit here: ${shortList(left)}._ ${instead}`.trim()];
  return [...blocks.filter((block) => fitting.has(block)).map(({ text }) => text), ...last].join('\n\n');
}

/** Room for the line that names what was left out. */
const NAMES_BYTES = 400;
const MOST_NAMES = 4;

const shortList = (names: readonly string[]): string =>
  names.length <= MOST_NAMES
    ? names.join(', ')
    : `${names.slice(0, MOST_NAMES).join(', ')} and ${names.length - MOST_NAMES} more`;
