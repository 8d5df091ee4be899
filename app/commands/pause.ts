import { oneModel } from './command.ts';
import type { Command } from './command.ts';

export const pause: Command = {
  name: 'pause',
  usage: '/pause MODEL [because …]',
  does: 'Keeps the running rollout at the step where it is.',
  async run(invocation, { rollouts, by, source, signal }) {
    const named = oneModel(this, invocation.words);
    if ('kind' in named) return named;
    const { because } = invocation;
    return rollouts.pause({ ...named, by, source, ...(because === undefined ? {} : { because }) }, signal);
  },
};
