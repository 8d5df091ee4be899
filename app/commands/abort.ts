import { oneModel } from './command.ts';
import type { Command } from './command.ts';

export const abort: Command = {
  name: 'abort',
  usage: '/abort MODEL [because …]',
  does: 'Ends the running rollout: the candidate gets no traffic, the stable version stays.',
  async run(invocation, { rollouts, by, source, signal }) {
    const named = oneModel(this, invocation.words);
    if ('kind' in named) return named;
    const { because } = invocation;
    return rollouts.abort({ ...named, by, source, ...(because === undefined ? {} : { because }) }, signal);
  },
};
