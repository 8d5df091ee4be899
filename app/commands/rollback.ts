import { usageRefusal } from './command.ts';
import type { Command } from './command.ts';

export const rollback: Command = {
  name: 'rollback',
  usage: '/rollback MODEL [to VERSION|SHA] [because …]',
  does: 'Turns all traffic back at once, to the version before or the one named, holds it there, and opens the pull request that makes git agree.',
  async run(invocation, { rollouts, by, source, signal }) {
    const [model, to, version, ...others] = invocation.words;
    if (model === undefined) return usageRefusal(this, 'The model is missing.');
    if (to !== undefined && (to.toLowerCase() !== 'to' || version === undefined || others.length > 0))
      return usageRefusal(this, `\`${invocation.words.slice(1).join(' ')}\` was not understood.`);
    const { because } = invocation;
    const wish = { model, by, source, ...(because === undefined ? {} : { because }) };
    return rollouts.rollback(version === undefined ? wish : { ...wish, to: version }, signal);
  },
};
