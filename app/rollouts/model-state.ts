import type { Arm, Hold, ModelTarget, ObservedModel, Provenance, Sticky } from '../../serving/fleet.ts';
import { armsOf } from '../../serving/rollout/arms.ts';
import type { Effect, Subject } from '../../serving/rollout/effect.ts';
import { isOver, type Rollout } from '../../serving/rollout/rollout.ts';

/**
 * What the control plane must not forget of one model, kept in the fleet beside the arms it explains (`ModelTarget.state`) and
 * written with them in one compare-and-set. Everything else is asked again: git for what should be, the ledger for what was.
 */
export interface ModelState {
  readonly format: 1;
  /** `acme/models`: a fleet may serve several repositories, and each keeps its hands off the others' models. */
  readonly repository: string;
  /** What serves when no rollout is under way. */
  readonly stable?: Deployed;
  /** What served before, loaded still, for an instant rollback. */
  readonly previous?: Deployed & { readonly warmUntil: string };
  /** The rollout under way, or the last one while it explains what runs. */
  readonly rollout?: Rollout;
  /** What the live rollout leads to; becomes `stable` when it is done. */
  readonly arriving?: Deployed;
  /** The rollout brings back what served before the fleet was lost; until it is done nothing else begins. */
  readonly rebuilding?: true;
  /** Why the fleet does not follow git; told to the fleet as `ModelTarget.held`. */
  readonly hold?: HeldFacts;
  /** The issue that says why git's revision is not rolled out. */
  readonly refusal?: { readonly issue: number; readonly revision: string };
  /** What still has to be told; see serving/rollout/effect.ts. */
  readonly outbox: readonly Deed[];
  readonly salt: string;
  readonly sticky?: Sticky;
  readonly replicas: ModelTarget['replicas'];
  readonly cacheBytes?: number;
  readonly retentionMs?: number;
}

/** A revision with the place in git that it came from. */
export interface Deployed extends Subject {
  /** The manifest's path at `commit`. */
  readonly path: string;
  /** Git tree of the model's folder. */
  readonly tree: string;
  /** How long it stays loaded once something newer serves. */
  readonly keepWarmMs: number;
  readonly provenance: Provenance;
}

export interface HeldFacts extends Hold {
  /** Where it was asked: the comment's address. */
  readonly source?: string;
  /** From the wish to the fleet's answer that it has turned. */
  readonly tookMs?: number;
  readonly revert?: {
    readonly number: number;
    readonly url: string;
    readonly state: 'open' | 'merged' | 'closed';
  };
}

/** Beyond what a rollout wants to be told, what this room does on GitHub. */
export type Deed =
  | Effect
  | (Pick<Effect, 'key' | 'at' | 'by' | 'subject'> &
      (
        | { readonly kind: 'close-issue'; readonly issue: number; readonly text: string }
        | { readonly kind: 'withdraw-revert'; readonly pullRequest: number; readonly text: string }
      ));

/** The state that a fleet kept; undefined when it keeps none, or one of another program. */
export function stateOf(observed: Pick<ObservedModel, 'state'> | undefined): ModelState | undefined {
  const state = observed?.state;
  return isState(state) ? state : undefined;
}

function isState(value: unknown): value is ModelState {
  return (
    typeof value === 'object' &&
    value !== null &&
    'format' in value &&
    value.format === 1 &&
    'repository' in value &&
    'outbox' in value &&
    Array.isArray(value.outbox)
  );
}

/** The rollout that is under way. */
export function liveRollout({ rollout }: ModelState): Rollout | undefined {
  return rollout !== undefined && !isOver(rollout) ? rollout : undefined;
}

/** The arms that a state stands for: always the same for the same state, so that a change by hand shows. */
export function armsOfState(state: ModelState): readonly Arm[] {
  const { stable, previous, rollout } = state;
  const live = liveRollout(state);
  const arms = live !== undefined ? armsOf(live) : armsAtRest(stable, rollout);
  const isWarm = previous !== undefined && !arms.some(({ revision }) => revision === previous.revision);
  return arms.length > 0 && isWarm ? [...arms, { revision: previous.revision, weight: 0 }] : arms;
}

function armsAtRest(stable: Deployed | undefined, last: Rollout | undefined): readonly Arm[] {
  if (stable !== undefined) return [{ revision: stable.revision, weight: 100 }];
  return last === undefined ? [] : armsOf(last);
}

export function targetOfState(state: ModelState): ModelTarget {
  const { hold } = state;
  return {
    arms: armsOfState(state),
    ...(state.sticky === undefined ? {} : { sticky: state.sticky }),
    salt: state.salt,
    replicas: state.replicas,
    ...(state.cacheBytes === undefined ? {} : { cacheBytes: state.cacheBytes }),
    ...(state.retentionMs === undefined ? {} : { retentionMs: state.retentionMs }),
    ...(hold === undefined ? {} : { held: heldOf(hold) }),
    state,
  };
}

export function heldOf({ by, because, since, quarantined }: Hold): Hold {
  return { by, because, since, ...(quarantined === undefined ? {} : { quarantined }) };
}

/** What production's stable arm runs: the baseline of proposals, and what a proposal restores while the fleet is held. */
export function productionOf(observed: ObservedModel): { readonly stable: Deployed; readonly held?: Hold } | undefined {
  const stable = stateOf(observed)?.stable;
  if (stable === undefined) return undefined;
  return observed.held === undefined ? { stable } : { stable, held: observed.held };
}
