import { usageRefusal } from './command.ts';
import type { Command } from './command.ts';

export const status: Command = {
  name: 'status',
  usage: '/status [MODEL]',
  does: 'Says what runs, what is rolling, and what its step still needs.',
  async run({ words }, { rollouts, signal }) {
    const [model, ...others] = words;
    if (others.length > 0) return usageRefusal(this, `\`${others.join(' ')}\` was not understood.`);
    return rollouts.status(model, signal);
  },
};
