import { oneModel } from './command.ts';
import type { Command } from './command.ts';

const forceFlag = '--force';

export const promote: Command = {
  name: 'promote',
  usage: '/promote MODEL [--force] [because …]',
  does: 'Gives the candidate all traffic now; `--force` also without enough evidence, or while the stable version itself fails.',
  async run(invocation, { rollouts, by, source, signal }) {
    const named = oneModel(
      this,
      invocation.words.filter((word) => word !== forceFlag),
    );
    if ('kind' in named) return named;
    const { because } = invocation;
    const force = invocation.words.includes(forceFlag);
    return rollouts.promote({ ...named, by, source, force, ...(because === undefined ? {} : { because }) }, signal);
  },
};
