import type { ObservedModel } from '../../serving/fleet.ts';
import type { RolloutPlan } from '../../checks/manifest/manifest.ts';
import { aborted } from '../../serving/rollout/aborted.ts';
import { beginRollout } from '../../serving/rollout/begin-rollout.ts';
import { subjectOf } from './hold.ts';
import { type Deed, type Deployed, liveRollout, type ModelState } from './model-state.ts';

/** Who wants it, why, and where they said so. */
export interface Wanted {
  readonly by: string;
  readonly because: string;
  readonly source?: string;
}

export interface TurnedBack {
  readonly state: ModelState;
  /** What serves from now on, or as soon as it is loaded. */
  readonly to: Deployed;
  readonly from: { readonly version: string; readonly revision: string };
  /** Whether the fleet has it loaded, so that one PUT turns everything. */
  readonly isWarm: boolean;
}

/**
 * The state in which the fleet runs an earlier revision and is held there. Pure; the fleet turns with the PUT that writes it, and
 * the outbox says what follows: the record with who and why, the quarantine, the deployment statuses, the revert of git.
 * A rollout that is under way ends: without `to`, that is all there is to do.
 */
export function turnedBack(
  state: ModelState,
  to: Deployed | undefined,
  wanted: Wanted,
  observed: ObservedModel,
  now: Date,
): TurnedBack | string {
  const live = liveRollout(state);
  const { stable } = state;
  if (live !== undefined && stable !== undefined && (to === undefined || to.revision === stable.revision)) {
    return candidateEnded(state, stable, wanted, now);
  }
  const from = live !== undefined && ['promoting', 'baking'].includes(live.phase.name) ? live.candidate : stable;
  if (from === undefined) return `nothing of ${observed.model} serves yet, so there is nothing to turn back`;
  const target = to ?? state.previous;
  if (target === undefined)
    return `no earlier version of ${observed.model} is known; \`/rollback ${observed.model} to VERSION\` names one`;
  if (target.revision === from.revision) return `version ${target.version} serves already`;
  const ended = live === undefined ? state : withoutRollout(candidateEnded(state, stable ?? target, wanted, now).state);
  const isWarm = observed.revisions.some(
    ({ revision, state: found }) => revision === target.revision && found === 'ready',
  );
  const hold = {
    by: wanted.by,
    because: wanted.because,
    since: now.toISOString(),
    quarantined: from.revision,
    ...sourceOf(wanted),
  };
  const held: ModelState = { ...ended, hold, outbox: [...ended.outbox, ...deeds(from, target, wanted, isWarm, now)] };
  return {
    state: isWarm ? turnedNow(held, target, now) : loadedFirst(held, target, wanted, now),
    to: target,
    from,
    isWarm,
  };
}

/** The state with every share on `target`, and what served until now loaded at 0. */
function turnedNow(state: ModelState, target: Deployed, now: Date): ModelState {
  const { previous: _, rollout: __, arriving: ___, stable, ...rest } = state;
  const warmUntil = new Date(now.getTime() + (stable?.keepWarmMs ?? 0)).toISOString();
  return {
    ...rest,
    stable: withoutWarmth(target),
    ...(stable === undefined || stable.revision === target.revision ? {} : { previous: { ...stable, warmUntil } }),
  };
}

/** No steps, no comparison, no freeze window: it was production before, and somebody wants it back. */
const RESTORE_PLAN: RolloutPlan = {
  strategy: 'blue-green',
  steps: [],
  analysis: { errors: 1, latency: Number.MAX_SAFE_INTEGER },
  minimum: 0,
  onInsufficient: 'promote',
  onFail: 'hold',
  keepWarmMs: 0,
};

/** What serves goes on serving until the earlier revision is loaded and has tested itself: there may be nothing else. */
function loadedFirst(state: ModelState, target: Deployed, { by }: Wanted, now: Date): ModelState {
  const turn = beginRollout(
    {
      candidate: subjectOf(target),
      ...(state.stable === undefined ? {} : { stable: subjectOf(state.stable) }),
      plan: { ...RESTORE_PLAN, keepWarmMs: target.keepWarmMs },
      bakeMs: 0,
      by,
    },
    now,
  );
  return {
    ...state,
    rollout: { ...turn.rollout, forced: true },
    arriving: withoutWarmth(target),
    salt: turn.rollout.id,
    outbox: [...state.outbox, ...turn.effects],
  };
}

/** Weight 0 for a candidate, with everything that an abort tells; the stable arm is what it was. */
function candidateEnded(state: ModelState, stable: Deployed, wanted: Wanted, now: Date): TurnedBack {
  const live = liveRollout(state);
  if (live === undefined) throw new Error('a candidate can only be ended while a rollout is under way');
  const turn = aborted(live, { because: wanted.because, by: wanted.by }, now);
  const record: Deed = {
    key: `${live.id}/rolled-back`,
    at: now.toISOString(),
    by: wanted.by,
    subject: subjectOf(stable),
    kind: 'record',
    event: 'rolled-back',
    because: wanted.because,
    data: {
      from: live.candidate.version,
      fromRevision: live.candidate.revision,
      to: stable.version,
      ...sourceOf(wanted),
    },
  };
  const { arriving: _, ...rest } = state;
  return {
    state: {
      ...rest,
      rollout: turn.rollout,
      ...(turn.held === undefined ? {} : { hold: { ...turn.held, ...sourceOf(wanted) } }),
      outbox: [...state.outbox, record, ...turn.effects],
    },
    to: stable,
    from: live.candidate,
    isWarm: true,
  };
}

function withoutRollout(state: ModelState): ModelState {
  const { rollout: _, ...rest } = state;
  // Git is reverted once, to what serves in the end.
  return { ...rest, outbox: rest.outbox.filter(({ kind }) => kind !== 'revert') };
}

function withoutWarmth(deployed: Deployed & { readonly warmUntil?: string }): Deployed {
  const { warmUntil: _, ...rest } = deployed;
  return rest;
}

function deeds(
  from: Pick<Deployed, 'model' | 'version' | 'revision'>,
  to: Deployed,
  wanted: Wanted,
  isWarm: boolean,
  now: Date,
): readonly Deed[] {
  const { by, because } = wanted;
  const at = now.toISOString();
  const key = `${to.model}/${at}`;
  const subject = subjectOf(to);
  const description = `turned back to version ${to.version} by @${by}`;
  const text = `**${to.model}** was turned back from version ${from.version} to ${to.version} by @${by}: ${because}.`;
  return [
    {
      key: `${key}/rolled-back`,
      at,
      by,
      subject,
      kind: 'record',
      event: 'rolled-back',
      because,
      data: { from: from.version, fromRevision: from.revision, to: to.version, isWarm, ...sourceOf(wanted) },
    },
    { key: `${key}/quarantine`, at, by, subject: from, kind: 'quarantine', because },
    // A cold revision's own rollout tells its deployment.
    ...(isWarm
      ? [
          {
            key: `${key}/deployment`,
            at,
            by,
            subject,
            kind: 'deployment',
            deployment: `${key}/rollback`,
            state: 'success',
            description,
          } as const,
        ]
      : []),
    { key: `${key}/revert`, at, by, subject: from, kind: 'revert', to: subject, evidence: text },
  ];
}

function sourceOf({ source }: Wanted): { readonly source?: string } {
  return source === undefined ? {} : { source };
}
