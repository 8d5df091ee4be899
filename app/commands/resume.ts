import { oneModel } from './command.ts';
import type { Command } from './command.ts';

export const resume: Command = {
  name: 'resume',
  usage: '/resume MODEL [because …]',
  does: 'Lets a paused rollout go on.',
  async run(invocation, { rollouts, by, source, signal }) {
    const named = oneModel(this, invocation.words);
    if ('kind' in named) return named;
    const { because } = invocation;
    return rollouts.resume({ ...named, by, source, ...(because === undefined ? {} : { because }) }, signal);
  },
};
