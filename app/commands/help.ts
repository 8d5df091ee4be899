import type { Command } from './command.ts';

/** `/help` is generated from the commands themselves, so that it cannot be out of date. */
export function helpOn(commands: readonly Command[]): Command {
  const help: Command = {
    name: 'help',
    usage: '/help',
    does: 'Shows this.',
    run: () => Promise.resolve({ kind: 'done', text: helpText([...commands, help]) }),
  };
  return help;
}

export function helpText(commands: readonly Command[]): string {
  const rows = commands.map(
    ({ usage, does }) => `| \`${usage.replaceAll('|', '\\|')}\` | ${does.replaceAll('|', '\\|')} |`,
  );
  return [
    'At the start of a line; several in one comment are done in their order.',
    '',
    '| command | does |',
    '|---|---|',
    ...rows,
    '',
    'Who may say which: `permissions` in `.github/slipway.yml`.',
  ].join('\n');
}
