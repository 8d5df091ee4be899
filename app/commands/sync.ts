import { usageRefusal } from './command.ts';
import type { Command } from './command.ts';

export const sync: Command = {
  name: 'sync',
  usage: '/sync [MODEL]',
  does: 'Looks at git and the fleet now, instead of at the next turn.',
  async run({ words }, { rollouts, by, signal }) {
    const [model, ...others] = words;
    if (others.length > 0) return usageRefusal(this, `\`${others.join(' ')}\` was not understood.`);
    return rollouts.sync(model === undefined ? { by } : { model, by }, signal);
  },
};
