import type { ObservedFleet, ObservedModel, ObservedRevision } from '../../serving/fleet.ts';
import { stateOf } from '../rollouts/model-state.ts';

/** What callers of a model get now: the revision that its stable arm runs. */
export interface Production {
  readonly revision: string;
  readonly version: string;
  /** `sha256:…` of the model file. */
  readonly digest: string;
  /** The commit that it was deployed from; undefined for a revision that was served by hand. */
  readonly commit?: string;
  /** Set while the fleet is held, away from what git names. */
  readonly heldSince?: string;
}

/**
 * Undefined before the model's first version. The rollout's own word for it goes first: while a candidate is being promoted it
 * has all the traffic, and the stable revision is still the one before.
 */
export function productionOf(fleet: ObservedFleet, model: string): Production | undefined {
  const observed = fleet.models.find((candidate) => candidate.model === model);
  const revision = observed === undefined ? undefined : stableRevision(observed);
  if (observed === undefined || revision === undefined) return undefined;
  const { commit } = revision.provenance;
  return {
    revision: revision.revision,
    version: revision.version,
    digest: revision.digest,
    ...(commit === undefined ? {} : { commit }),
    ...(observed.held === undefined ? {} : { heldSince: observed.held.since }),
  };
}

/** Without a rollout's state: the heaviest arm that is neither a candidate on lease nor a shadow. */
function stableRevision(model: ObservedModel): ObservedRevision | undefined {
  const named = stateOf(model)?.stable?.revision;
  const told = model.revisions.find(({ revision }) => revision === named);
  if (told !== undefined) return told;
  const [heaviest] = model.arms
    .filter(({ leased, shadow }) => leased !== true && shadow !== true)
    .toSorted((a, b) => b.weight - a.weight);
  return model.revisions.find(({ revision }) => revision === heaviest?.revision);
}
