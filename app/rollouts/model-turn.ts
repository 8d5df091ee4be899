import { cacheBytesOf } from '../../checks/manifest/cache-bytes.ts';
import { retentionMsOf } from '../../checks/manifest/retention-ms.ts';
import type { Policy } from '../../checks/manifest/policy.ts';
import type { Arm, ModelStats, ObservedModel, Provenance } from '../../serving/fleet.ts';
import { superseded } from '../../serving/rollout/aborted.ts';
import { beginRollout } from '../../serving/rollout/begin-rollout.ts';
import { frozenAt } from '../../serving/rollout/freeze.ts';
import { next } from '../../serving/rollout/next.ts';
import type { RevisionState, Rollout, RolloutEvidence, Turn } from '../../serving/rollout/rollout.ts';
import { deployedOf, type DesiredModel } from './desired-models.ts';
import { holdEnded, subjectOf } from './hold.ts';
import { armsOfState, type Deployed, liveRollout, type ModelState, stateOf } from './model-state.ts';
import type { Permit } from './permit.ts';
import { turnedBack } from './turn-back.ts';

/** One look at one model: what git names and what the fleet does. */
export interface Look {
  readonly now: Date;
  readonly repository: string;
  readonly model: string;
  readonly policy: Policy;
  /** Undefined when git does not name the model, or names it in a way that cannot be read. */
  readonly desired?: DesiredModel;
  readonly observed?: ObservedModel;
  readonly stats?: ModelStats;
}

/** What a turn may have to ask, and asks only then. */
export interface Questions {
  /** May this be rolled out over what runs now? Judging starts, and a refusal is told, on the way. */
  permit(desired: DesiredModel, stable: Deployed | undefined): Promise<Permit>;
  provenance(desired: DesiredModel, permit: Extract<Permit, { kind: 'allowed' }>): Promise<Provenance>;
  /** The newest revision of the model that was production and is not quarantined, as git had it; for a fleet that lost everything. */
  restorable(model: string): Promise<(DesiredModel & { readonly provenance: Provenance }) | undefined>;
}

/**
 * What a model's state should be now. One rule after the other, the first that applies decides:
 *
 * 1. Another repository's model, or one that neither git nor the fleet knows: nothing.
 * 2. Somebody changed the fleet by hand: a hold is adopted as if commented, anything else is put back and recorded.
 * 3. A rollout is under way: it goes on, unless git names something newer that may be rolled out.
 * 4. The fleet is held: it stays so until git names what runs, or something newer that may be rolled out.
 * 5. Git names what runs: in sync. Otherwise: asks whether it may, and begins.
 */
export async function modelTurn(look: Look, ask: Questions): Promise<ModelState | undefined> {
  const found = foundState(look);
  if (found !== undefined && found.repository !== look.repository) return undefined;
  const live = found && liveRollout(found);
  if (found !== undefined && live !== undefined) return rolling(look, found, live, ask);
  const settled = found && withoutColdRevision(found, look.now);
  if (look.desired === undefined) return settled;
  // The ledger is asked what may run: first it must know what was decided about this very revision.
  if (settled !== undefined && isUntold(settled, look.desired.loaded.revision)) return settled;
  if (settled?.hold !== undefined) return holding(look, settled, look.desired, ask);
  if (settled?.stable?.revision === look.desired.loaded.revision)
    return inSync(settled, settled.stable, look.desired, look);
  return arriving(look, settled, look.desired, ask);
}

function isUntold({ outbox }: ModelState, revision: string): boolean {
  return outbox.some(
    (deed) =>
      deed.subject.revision === revision &&
      (deed.kind === 'quarantine' || (deed.kind === 'record' && deed.event === 'quarantine-lifted')),
  );
}

function foundState(look: Look): ModelState | undefined {
  const { observed, now } = look;
  if (observed === undefined) return undefined;
  const state = stateOf(observed) ?? unknownState(look, observed);
  const { held } = observed;
  if (held !== undefined && held.since !== state.hold?.since) return holdAdopted(look, observed, state, held);
  if (areSame(observed.arms, armsOfState(state))) return state;
  return {
    ...state,
    outbox: [
      ...state.outbox,
      {
        key: `${look.model}/${observed.generation}/healed`,
        at: now.toISOString(),
        by: 'slipway',
        subject: subjectOf(state.stable ?? deployedOfObserved(look, observed)),
        kind: 'record',
        event: 'healed',
        because: 'the shares were changed by hand, without a rollout',
        data: { found: sharesOf(observed.arms), restored: sharesOf(armsOfState(state)) },
      },
    ],
  };
}

/** `slipway rollback` at the fleet: it turned the arms and wrote who and why; the rest follows as if it had been a comment. */
function holdAdopted(
  look: Look,
  observed: ObservedModel,
  state: ModelState,
  held: NonNullable<ObservedModel['held']>,
): ModelState {
  const running = heaviest(observed.arms)?.revision;
  const known = [state.stable, state.previous, state.arriving].find((each) => each?.revision === running);
  const to = known ?? deployedOfObserved(look, observed);
  const result = turnedBack(state, to, { by: held.by, because: held.because }, observed, look.now);
  const turned = typeof result === 'string' ? state : result.state;
  return {
    ...turned,
    hold: {
      ...turned.hold,
      ...held,
      ...(turned.hold?.quarantined === undefined ? {} : { quarantined: turned.hold.quarantined }),
    },
  };
}

/** A fleet that serves a model without our state (served by hand, or told by another program): what it runs is taken for stable. */
function unknownState(look: Look, observed: ObservedModel): ModelState {
  const { salt, sticky, replicas, cacheBytes, retentionMs } = observed;
  return {
    format: 1,
    repository: look.repository,
    stable: deployedOfObserved(look, observed),
    outbox: [],
    salt,
    ...(sticky === undefined ? {} : { sticky }),
    replicas,
    ...(cacheBytes === undefined ? {} : { cacheBytes }),
    ...(retentionMs === undefined ? {} : { retentionMs }),
  };
}

function deployedOfObserved({ model, desired }: Look, { arms, revisions }: ObservedModel): Deployed {
  const revision = heaviest(arms)?.revision ?? '';
  const found = revisions.find((each) => each.revision === revision);
  const provenance = found?.provenance ?? { approvals: [], checks: [], unchecked: true };
  if (desired?.loaded.revision === revision) return deployedOf(desired, provenance);
  const { commit, pullRequest } = provenance;
  return {
    model,
    version: found?.version ?? 'unknown',
    revision,
    path: desired?.loaded.path ?? `models/${model}/model.yaml`,
    tree: '',
    keepWarmMs: desired?.loaded.manifest.rollout.keepWarmMs ?? 0,
    provenance,
    ...(commit === undefined ? {} : { commit }),
    ...(pullRequest === undefined ? {} : { pullRequest }),
  };
}

async function rolling(look: Look, state: ModelState, live: Rollout, ask: Questions): Promise<ModelState> {
  const { desired, now } = look;
  const advanced = () => folded(state, next(live, evidenceOf(look, live), now), now);
  // A held rollout restores an earlier revision, against what git names; a fleet that was lost serves something first.
  const isAwaited = state.hold !== undefined || state.rebuilding === true;
  if (desired === undefined || isAwaited || desired.loaded.revision === live.candidate.revision) return advanced();
  if (desired.loaded.revision === state.stable?.revision) {
    const { arriving: _, ...rest } = state;
    return folded(rest, superseded(live, subjectOf(state.stable), now), now);
  }
  if (live.phase.name === 'promoting' || live.phase.name === 'baking') return advanced();
  const permit = await ask.permit(desired, state.stable);
  if (permit.kind !== 'allowed') return advanced();
  const deployed = deployedOf(desired, await ask.provenance(desired, permit));
  const given = folded(state, superseded(live, subjectOf(deployed), now), now);
  return begun(look, given, desired, deployed);
}

async function holding(look: Look, state: ModelState, desired: DesiredModel, ask: Questions): Promise<ModelState> {
  const { stable, hold } = state;
  if (desired.loaded.revision === stable?.revision) {
    const ended = holdEnded(
      state,
      { by: 'slipway', because: `git names version ${stable.version}, which runs` },
      look.now,
    );
    return inSync(ended, stable, desired, look);
  }
  if (desired.loaded.revision === hold?.quarantined) return state;
  const permit = await ask.permit(desired, stable);
  if (permit.kind !== 'allowed') return state;
  const because = `git names version ${desired.loaded.manifest.version}, which is newer and passed its checks`;
  const ended = holdEnded(state, { by: 'slipway', because }, look.now);
  return begun(look, ended, desired, deployedOf(desired, await ask.provenance(desired, permit)));
}

async function arriving(
  look: Look,
  state: ModelState | undefined,
  desired: DesiredModel,
  ask: Questions,
): Promise<ModelState | undefined> {
  const permit = await ask.permit(desired, state?.stable);
  if (permit.kind === 'allowed')
    return begun(look, state, desired, deployedOf(desired, await ask.provenance(desired, permit)));
  if (permit.kind === 'refused' && permit.issue !== undefined && state !== undefined) {
    const refusal = { issue: permit.issue, revision: desired.loaded.revision };
    return state.refusal?.issue === refusal.issue && state.refusal.revision === refusal.revision
      ? state
      : { ...state, refusal };
  }
  if (state?.stable !== undefined || state?.rollout !== undefined) return state;
  return rebuilt(look, state, permit, ask);
}

/** The fleet is new and git names what may not run: the newest revision that may runs instead, held where git's is quarantined. */
async function rebuilt(
  look: Look,
  state: ModelState | undefined,
  permit: Permit,
  ask: Questions,
): Promise<ModelState | undefined> {
  const earlier = await ask.restorable(look.model);
  if (earlier === undefined) return state;
  const deployed = deployedOf(earlier, earlier.provenance);
  const restored: ModelState = { ...begun(look, state, earlier, deployed), rebuilding: true };
  const { desired } = look;
  if (permit.kind !== 'refused' || permit.isQuarantine !== true || desired === undefined) return restored;
  const { manifest, revision } = desired.loaded;
  const since = look.now.toISOString();
  const because = `the fleet was built anew while git names version ${manifest.version}: ${permit.because}`;
  const revert = {
    key: `${look.model}/${since}/revert`,
    at: since,
    by: 'slipway',
    subject: { model: look.model, revision, version: manifest.version },
    kind: 'revert' as const,
    to: subjectOf(deployed),
    evidence: `**${look.model}** runs version ${deployed.version}: ${because}.`,
  };
  const hold = { by: 'slipway', because, since, quarantined: revision };
  return { ...restored, hold, outbox: [...restored.outbox, revert] };
}

function cacheOf(manifest: DesiredModel['loaded']['manifest']): Pick<ModelState, 'cacheBytes'> {
  const cacheBytes = cacheBytesOf(manifest);
  return cacheBytes === undefined ? {} : { cacheBytes };
}

/** Replicas, stickiness, the cache and the retention follow git without a rollout, since no answer depends on them. */
function inSync(state: ModelState, stable: Deployed, desired: DesiredModel, { now, policy }: Look): ModelState {
  const { refusal, sticky: _, cacheBytes: __, ...rest } = state;
  const { manifest } = desired.loaded;
  const { version } = manifest;
  const { sticky } = manifest.rollout;
  const close = refusal && {
    key: `${stable.model}/refusal/${refusal.issue}/${refusal.revision}/closed`,
    at: now.toISOString(),
    by: 'slipway',
    subject: subjectOf(stable),
    kind: 'close-issue' as const,
    issue: refusal.issue,
    text: `Git names version ${version}, which runs.`,
  };
  return {
    ...rest,
    stable,
    ...(sticky === undefined ? {} : { sticky }),
    replicas: manifest.replicas,
    ...cacheOf(manifest),
    retentionMs: retentionMsOf(manifest, policy),
    outbox: close === undefined ? rest.outbox : [...rest.outbox, close],
  };
}

function begun(look: Look, state: ModelState | undefined, desired: DesiredModel, deployed: Deployed): ModelState {
  const { now, policy } = look;
  const { manifest } = desired.loaded;
  const stable = state?.stable;
  const turn = beginRollout(
    {
      candidate: subjectOf(deployed),
      ...(stable === undefined ? {} : { stable: subjectOf(stable) }),
      plan: manifest.rollout,
      bakeMs: policy.fleets.at(-1)?.bakeMs ?? 0,
    },
    now,
  );
  const { sticky } = manifest.rollout;
  const { refusal, sticky: _, cacheBytes: __, ...rest } = state ?? { outbox: [] };
  const close = refusal && {
    key: `${deployed.model}/refusal/${refusal.issue}/${deployed.revision}/closed`,
    at: now.toISOString(),
    by: 'slipway',
    subject: subjectOf(deployed),
    kind: 'close-issue' as const,
    issue: refusal.issue,
    text: `Version ${deployed.version} is being rolled out.`,
  };
  return {
    ...rest,
    format: 1,
    repository: look.repository,
    rollout: turn.rollout,
    arriving: deployed,
    outbox: [...rest.outbox, ...turn.effects, ...(close === undefined ? [] : [close])],
    salt: turn.rollout.id,
    ...(sticky === undefined ? {} : { sticky }),
    replicas: manifest.replicas,
    ...cacheOf(manifest),
    retentionMs: retentionMsOf(manifest, policy),
  };
}

/** A turn's outcome in the state: when a rollout is done its candidate is stable, and what was stable stays warm. */
export function folded(state: ModelState, turn: Turn, now: Date): ModelState {
  const { rollout, effects, held } = turn;
  const next: ModelState = {
    ...state,
    rollout,
    ...(held === undefined ? {} : { hold: held }),
    outbox: [...state.outbox, ...effects],
  };
  const { arriving: candidate, stable, rebuilding: _, ...rest } = next;
  if (rollout.phase.name === 'aborted' || rollout.phase.name === 'superseded') {
    return { ...rest, ...(stable === undefined ? {} : { stable }) };
  }
  if (rollout.phase.name !== 'done' || candidate === undefined) return next;
  const warmUntil = new Date(now.getTime() + rollout.plan.keepWarmMs).toISOString();
  return { ...rest, stable: candidate, ...(stable === undefined ? {} : { previous: { ...stable, warmUntil } }) };
}

function withoutColdRevision(state: ModelState, now: Date): ModelState {
  const { previous, ...rest } = state;
  // While held, the revision that was turned away from stays: /unhold may want it back.
  const isKept = previous === undefined || state.hold !== undefined || Date.parse(previous.warmUntil) > now.getTime();
  return isKept ? state : rest;
}

export function evidenceOf({ observed, stats, policy, now }: Look, { candidate, stable }: Rollout): RolloutEvidence {
  const frozen = frozenAt(policy.freeze, now);
  return {
    candidate: revisionState(observed, candidate.revision),
    stable: stable === undefined ? { kind: 'absent' } : revisionState(observed, stable.revision),
    candidateWeight: observed?.effective.find(({ revision }) => revision === candidate.revision)?.weight ?? 0,
    ...(stats === undefined ? {} : { stats }),
    ...(observed?.leaseUntil === undefined ? {} : { leaseUntil: observed.leaseUntil }),
    ...(frozen === undefined ? {} : { frozen }),
  };
}

function revisionState(observed: ObservedModel | undefined, revision: string): RevisionState {
  const found = observed?.revisions.find((each) => each.revision === revision);
  if (found === undefined) return { kind: 'absent' };
  if (found.state === 'failed') return { kind: 'failed', reason: found.reason ?? 'the fleet gives no reason' };
  return { kind: found.state === 'ready' ? 'ready' : 'loading' };
}

function heaviest(arms: readonly Arm[]): Arm | undefined {
  return arms.reduce<Arm | undefined>(
    (best, arm) => (best === undefined || arm.weight > best.weight ? arm : best),
    undefined,
  );
}

function areSame(a: readonly Arm[], b: readonly Arm[]): boolean {
  return JSON.stringify(a.map(plainArm)) === JSON.stringify(b.map(plainArm));
}

function plainArm({ revision, weight, leased, shadow }: Arm): readonly unknown[] {
  return [revision, weight, leased === true, shadow === true];
}

function sharesOf(arms: readonly Arm[]): readonly string[] {
  return arms.map(({ revision, weight }) => `${revision} ${weight} %`);
}
