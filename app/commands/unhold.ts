import { oneModel, usageRefusal } from './command.ts';
import type { Command } from './command.ts';

export const unhold: Command = {
  name: 'unhold',
  usage: '/unhold MODEL because …',
  does: 'Ends the hold after a rollback, lifts the quarantine, and starts the rollout again of what git names.',
  async run(invocation, { rollouts, by, source, signal }) {
    const named = oneModel(this, invocation.words);
    if ('kind' in named) return named;
    const { because } = invocation;
    if (because === undefined)
      return usageRefusal(
        this,
        'The reason is missing: somebody turned away from this revision, and the ledger keeps why it may come back.',
      );
    return rollouts.unhold({ ...named, by, source, because }, signal);
  },
};
