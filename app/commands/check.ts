import { usageRefusal } from './command.ts';
import type { Command } from './command.ts';

export const check: Command = {
  name: 'check',
  usage: '/check',
  does: 'Runs every check of this proposal again.',
  async run({ words }, { subject }) {
    if (words.length > 0) return usageRefusal(this, `\`${words.join(' ')}\` was not understood.`);
    const found = await subject.judgeAgain('fresh');
    return found
      ? { kind: 'done', text: 'Every check runs again; the check runs of the newest commit say how it goes.' }
      : { kind: 'refused', text: 'There is nothing to check here: `/check` is for an open pull request.' };
  },
};
