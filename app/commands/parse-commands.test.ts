import { describe, expect, it } from 'vitest';
import { parseCommands } from './parse-commands.ts';

const names = (body: string) => parseCommands(body).map(({ name }) => name);

describe('commands in a comment', () => {
  it('begin a line with a slash, in any case, several in one comment, in their order', () => {
    expect(names('Thanks!\n/Status\n/ROLLBACK income\n\nand then\n\n/help')).toEqual(['status', 'rollback', 'help']);
  });

  it('take what stands before `because` as words and the rest of the line as the reason', () => {
    expect(parseCommands('/rollback income to 1.2.0 because it says no, because of  me')).toEqual([
      {
        name: 'rollback',
        words: ['income', 'to', '1.2.0'],
        because: 'it says no, because of  me',
        line: '/rollback income to 1.2.0 because it says no, because of  me',
      },
    ]);
  });

  it('are read through inline code and emphasis in what follows them', () => {
    expect(parseCommands('/waive `cohorts/sex=Female/roc_auc` until 2026-12-01 because *known*')[0]).toMatchObject({
      words: ['cohorts/sex=Female/roc_auc', 'until', '2026-12-01'],
      because: '*known*',
    });
  });

  it.each([
    ['a fenced block', '```\n/rollback income\n```'],
    ['an indented block', 'see\n\n    /rollback income'],
    ['a quote', '> /rollback income'],
    ['a quote that goes on lazily', '> somebody wrote\n/rollback income'],
    ['inline code', '`/rollback income` is what to say'],
    ['inline code over lines', 'say `this\n/rollback income` please'],
    ['a list', '- /rollback income'],
    ['a hidden comment', '<!--\n/rollback income\n-->'],
    ['a hidden comment inside a line', 'x <!-- \n/rollback income --> y'],
    ['a table', '| a |\n|---|\n/rollback income'],
    ['the middle of a line', 'please /rollback income'],
    ['a path', '/usr/bin/python fails'],
    ['a heading', '# /rollback income'],
    ['nothing', ''],
  ])('are not found in %s', (_, body) => {
    expect(names(body)).toEqual([]);
  });

  it('keep an empty reason apart from none', () => {
    expect(parseCommands('/unhold income because')[0]).not.toHaveProperty('because');
  });
});
