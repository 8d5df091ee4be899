import type { LedgerLine } from '../ledger/ledger.ts';
import { oneModel } from './command.ts';
import type { Command } from './command.ts';

const shown = 20;

export const history: Command = {
  name: 'history',
  usage: '/history MODEL',
  does: `Shows the last ${shown} entries of the ledger about a model.`,
  async run({ words }, { ledger, signal }) {
    const named = oneModel(this, words);
    if ('kind' in named) return named;
    const { lines, problems } = await ledger.read(signal);
    const about = lines.filter(({ model }) => model === named.model).slice(-shown);
    if (about.length === 0) return { kind: 'refused', text: `The ledger knows nothing of a model \`${named.model}\`.` };
    const unverified =
      problems.length === 0 ? '' : `\n\n${problems.length} lines of the ledger do not verify and are left out.`;
    return { kind: 'done', text: `${historyTable(about.toReversed())}${unverified}` };
  },
};

/** Newest first, as Markdown. */
export function historyTable(lines: readonly LedgerLine[]): string {
  const rows = lines.map((line) => {
    const what = [line.version, line.pullRequest === undefined ? undefined : `#${line.pullRequest}`].filter(Boolean);
    return `| ${line.at.slice(0, 16).replace('T', ' ')} | ${line.kind} | ${what.join(' ')} | ${line.actor} | ${cell(line.because ?? '')} |`;
  });
  return ['| when (UTC) | what | version | who | why |', '|---|---|---|---|---|', ...rows].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}
