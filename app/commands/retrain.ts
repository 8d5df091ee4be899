import { oneModel } from './command.ts';
import type { Command } from './command.ts';

export const retrain: Command = {
  name: 'retrain',
  usage: '/retrain MODEL',
  does: 'Trains a model in this repository’s Actions: under a proposal the proposed one again, to compare what comes out; elsewhere the deployed one anew, by its own workflow.',
  async run({ words }, { retrainHere, signal }) {
    const named = oneModel(this, words);
    return 'model' in named ? retrainHere(named.model, signal) : named;
  },
};
