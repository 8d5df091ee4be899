import type {
  ObservedCapacity,
  ObservedFleet,
  ObservedModel,
  ObservedReplica,
  ObservedRevision,
  RevisionTarget,
} from '../fleet.ts';
import { keyOf } from '../replica/messages.ts';
import type { Failures } from './failures.ts';
import type { ReplicaProcess } from './replica-process.ts';
import type { StoredModel, StoredRevision } from './store.ts';
import { effectiveShares } from './tables.ts';
import { roleKeyOf } from './turn.ts';

interface Look {
  readonly models: readonly StoredModel[];
  readonly replicas: readonly ReplicaProcess[];
  readonly open: readonly ReplicaProcess[];
  readonly failures: Failures;
  readonly capacity: ObservedCapacity;
  /** Names of models. */
  readonly resting: ReadonlySet<string>;
  readonly nowMs: number;
  /** `sha256:…` of a revision's model file. */
  readonly digestOf: (target: RevisionTarget) => string;
}

/** The fleet as it is now. */
export function observedFleet(look: Look): ObservedFleet {
  return {
    at: new Date(look.nowMs).toISOString(),
    capacity: look.capacity,
    models: look.models.flatMap((model) => observedModel(model, look)),
    replicas: look.replicas.map((replica) => observedReplica(replica, look)),
  };
}

function observedReplica(replica: ReplicaProcess, { open, failures }: Look): ObservedReplica {
  const { role, draining, opened, report } = replica;
  const ready =
    role.kind === 'public'
      ? open.includes(replica) || opened
      : [...replica.revisions.values()].some(({ kind }) => kind === 'ready');
  return {
    id: replica.pid,
    state: draining ? 'draining' : ready ? 'ready' : 'starting',
    role: role.kind === 'public' ? 'public' : 'candidate',
    restarts: failures.deathsOf(roleKeyOf(role)),
    rssBytes: report?.rssBytes ?? 0,
  };
}

function observedModel(model: StoredModel, look: Look): readonly ObservedModel[] {
  const { target, generation, leaseUntilMs } = model;
  if (target === undefined) return [];
  const effective = effectiveShares(model, look.open, look.nowMs);
  const leased = target.arms.some((arm) => arm.leased === true);
  return [
    {
      ...target,
      model: model.model,
      generation,
      revisions: model.revisions.map((stored) => observedRevision(model, stored, look)),
      ...(leased && leaseUntilMs !== undefined ? { leaseUntil: new Date(leaseUntilMs).toISOString() } : {}),
      effective,
      health: healthOf(model, effective),
      ...(model.retrain === undefined ? {} : { retrain: model.retrain }),
      ...(model.unloaded === true ? { unloaded: true } : {}),
      ...(look.resting.has(model.model) && model.unloaded !== true ? { resting: true } : {}),
    },
  ];
}

/** Down: nobody answers. Degraded: somebody does, but not as it should be for a reason other than a lapsed lease. */
function healthOf({ target }: StoredModel, effective: ObservedModel['effective']): ObservedModel['health'] {
  const shareOf = (revision: string): number => effective.find((each) => each.revision === revision)?.weight ?? 0;
  if (effective.every(({ weight }) => weight === 0)) return 'down';
  const wanted = (target?.arms ?? []).filter(({ weight, leased }) => weight > 0 && leased !== true);
  return wanted.every(({ revision }) => shareOf(revision) > 0) ? 'healthy' : 'degraded';
}

function observedRevision(
  { model, target: fleetTarget, unloaded }: StoredModel,
  { target, provenMs }: StoredRevision,
  { replicas, open, failures, resting, digestOf }: Look,
): ObservedRevision {
  const key = keyOf(model, target.revision);
  const arm = fleetTarget?.arms.find((each) => each.revision === target.revision);
  const holders = replicas.filter(({ revisions, draining }) => !draining && revisions.get(key)?.kind === 'ready');
  const reason = failures.givenUp().get(key);
  const isCompared = arm?.leased === true || arm?.shadow === true;
  const isAsked = ({ tables }: ReplicaProcess): boolean =>
    tables.get(model)?.arms.some((each) => each.revision === target.revision && each.sockets !== undefined) === true;
  // Asked, it is loaded: as good as loaded.
  const isLoadable = resting.has(model) && provenMs !== undefined && !isCompared;
  const isLoaded = isCompared
    ? holders.some(({ role }) => role.kind === 'candidate')
    : open.length > 0 && open.every((replica) => holders.includes(replica) || isAsked(replica));
  const ready = isLoadable || isLoaded;
  return {
    revision: target.revision,
    version: target.version,
    digest: digestOf(target),
    state: stateOf({
      isFailed: reason !== undefined,
      isUnloaded: unloaded === true,
      isArm: arm !== undefined,
      isReady: ready,
    }),
    ...(reason === undefined ? {} : { reason }),
    ...(provenMs === undefined ? {} : { loadMs: provenMs }),
    provenance: target.provenance,
    replicas: holders.map(({ pid }) => pid),
  };
}

function stateOf({
  isFailed,
  isUnloaded,
  isArm,
  isReady,
}: Readonly<Record<'isFailed' | 'isUnloaded' | 'isArm' | 'isReady', boolean>>): ObservedRevision['state'] {
  if (isFailed) return 'failed';
  if (isUnloaded) return 'known';
  if (isReady) return 'ready';
  return isArm ? 'loading' : 'known';
}
