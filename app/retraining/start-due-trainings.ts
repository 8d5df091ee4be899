import type { FleetDriver } from '../../serving/fleet.ts';
import { boundedSet } from '../bounded-set.ts';
import type { Project } from '../project.ts';
import { dueTrainings } from './due-trainings.ts';
import { trainModel, trainingKey } from './train-model.ts';
import type { TrainingGround } from './train-model.ts';
import { trainingGround } from './training-ground.ts';

export interface DueTrainings {
  /** Starts what a repository's fleet was asked for and what its schedules say; each once, however often it is called. */
  start(project: Project, signal: AbortSignal): Promise<void>;
}

const REFUSALS_REMEMBERED = 1000;

export function createDueTrainings(parts: {
  readonly fleet: Pick<FleetDriver, 'observe'>;
  readonly now: () => Date;
  readonly log: (message: string) => void;
}): DueTrainings {
  const grounds = new Map<string, TrainingGround>();
  // What GitHub refused it would refuse again; a process that starts anew asks once more.
  const refused = boundedSet<string>(REFUSALS_REMEMBERED);
  return {
    async start({ place, repository, ledger, proposals }, signal) {
      const name = `${place.owner}/${place.repo}`;
      const ground = await trainingGround({ repository, ledger, store: proposals.store }, signal, grounds.get(name));
      if (ground === undefined) return;
      grounds.set(name, ground);
      // Most repositories train nothing by themselves: nothing further is asked for.
      if (![...ground.models.values()].some(({ manifest }) => manifest.lifetime?.retrain?.workflow !== undefined))
        return;
      const { models } = await parts.fleet.observe(signal);
      const asked = models.flatMap(({ model, retrain }) => (retrain === undefined ? [] : [{ model, ...retrain }]));
      const { lines } = await ledger.read(signal);
      for (const wish of dueTrainings(ground.models, asked, lines, parts.now())) {
        const key = `${name} ${trainingKey(wish)}`;
        if (refused.has(key)) continue;
        const outcome = await trainModel(ground, wish, signal);
        parts.log(`${name}: ${outcome.text}`);
        if (outcome.kind === 'refused') refused.add(key);
      }
    },
  };
}
