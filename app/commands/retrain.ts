import { oneModel } from './command.ts';
import type { Command } from './command.ts';

export const retrain: Command = {
  name: 'retrain',
  usage: '/retrain MODEL',
  does: 'Trains the proposed model again in this repository’s Actions and compares what comes out.',
  async run({ words }, { retrainHere, signal }) {
    const named = oneModel(this, words);
    return 'model' in named ? retrainHere(named.model, signal) : named;
  },
};
