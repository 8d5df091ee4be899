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
    ...rows.map(line),
  ].join('\n');
}

export function detailsText(summary: string, body: string): string {
  return `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;
}

export function codeText(body: string): string {
  return `\`\`\`\n${body}\n\`\`\``;
}

/**
 * Joins blocks as long as they fit; a block is whole or left out, so that no table or `details` is cut open. What is left out is
 * counted in a last line. `limit` counts bytes of UTF-8, GitHub's limit counts no more.
 */
export function withinLimit(blocks: readonly string[], limit: number, instead: string): string {
  const kept: string[] = [];
  let used = 0;
  const room = limit - Buffer.byteLength(instead) - 64;
  for (const block of blocks) {
    const size = Buffer.byteLength(block) + 2;
    if (used + size > room) {
      const left = blocks.length - kept.length;
      return [...kept, `_${left} more ${left === 1 ? 'part does' : 'parts do'} not fit here._ ${instead}`.trim()].join(
        '\n\n',
      );
    }
    kept.push(block);
    used += size;
  }
  return kept.join('\n\n');
}
