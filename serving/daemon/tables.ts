import type { Arm, ModelTarget } from '../fleet.ts';
import { effectiveWeights } from '../replica/assign.ts';
import { type ArmOrder, type TableOrder, keyOf } from '../replica/messages.ts';
import type { StoredModel, StoredRevision } from './store.ts';
import type { ReplicaView, Situation } from './turn.ts';

/** The tables of arms that replicas are told: which arms answer for a model here and now, and which will. Pure, as the turn that they are made for. */
/** Until the new arms can answer, the old ones do; the lease and the candidates' whereabouts are those of now. */
export function tablesFor(
  model: StoredModel,
  replica: ReplicaView,
  { failed, resting, waking, apart }: Situation,
  alive: readonly ReplicaView[],
): readonly TableOrder[] {
  const { target, served } = model;
  if (target === undefined) return [];
  if (resting.has(model.model)) {
    const isNew = isSound(model, target, failed) || served === undefined;
    const [told, generation] = isNew ? [target, model.generation] : [served.target, served.generation];
    const table = tableFor(model, told, generation, alive, NONE, replica);
    return [isSound(model, told, failed) ? { ...table, waits: 'resting' } : table];
  }
  const table = tableFor(model, target, model.generation, alive, apart, replica);
  if (isTurnable(table, replica, failed)) return [table];
  const current = currentTable(model, replica, apart, alive);
  if (current?.arms.some((arm) => isAnswered(model.model, arm, replica)) === true) return [current];
  const [until, from] =
    served === undefined
      ? [target, table]
      : [served.target, tableFor(model, served.target, served.generation, alive, apart, replica)];
  const waits = waking.has(model.model) ? 'resting' : 'loading';
  return [isSound(model, until, failed) ? { ...from, waits } : from];
}

const NONE: ReadonlyMap<string, number> = new Map();

/** What the replica has in force, with the lease and the whereabouts of now; undefined: it has nothing of the model. */
function currentTable(
  model: StoredModel,
  replica: ReplicaView,
  apart: Situation['apart'],
  alive: readonly ReplicaView[],
): TableOrder | undefined {
  const known = replica.tables.get(model.model);
  if (known === undefined) return undefined;
  const { waits: _, ...current } = known;
  const isElsewhere = (arm: ArmOrder): boolean =>
    runsApart(arm) || arm.sockets !== undefined || asksOthers(model.model, arm, replica, alive, apart);
  const arms = current.arms.map((arm) => (isElsewhere(arm) ? located(model, arm, alive) : arm));
  return { ...current, ...leaseOf(model), arms };
}

function isAnswered(model: string, arm: ArmOrder, { revisions }: ReplicaView): boolean {
  return (!runsApart(arm) && arm.sockets !== undefined) || revisions.get(keyOf(model, arm.revision))?.kind === 'ready';
}

/** Whether a public replica can have something loaded that answers for the model. */
export function isLoadable(model: StoredModel, failed: ReadonlyMap<string, string>): boolean {
  return targetsOf(model).some((target) => isSound(model, target, failed));
}

/** Whether this replica can answer for the model now. */
export function canAnswer(model: string, replica: ReplicaView): boolean {
  return replica.tables.get(model)?.arms.some((arm) => isAnswered(model, arm, replica)) === true;
}

/** What takes its requests was proven and not given up: whoever asks may wait for it. */
function isSound(model: StoredModel, { arms }: ModelTarget, failed: ReadonlyMap<string, string>): boolean {
  return takingArms(arms.filter((arm) => !runsApart(arm))).every(
    ({ revision }) => storedOf(model, revision)?.provenMs !== undefined && !failed.has(keyOf(model.model, revision)),
  );
}

/** Of arms without a lease, those with a share; the first where none has any. */
function takingArms<A extends { readonly weight: number }>(own: readonly A[]): readonly A[] {
  return own.some(({ weight }) => weight > 0) ? own.filter(({ weight }) => weight > 0) : own.slice(0, 1);
}

/** Every arm that is to take traffic without a lease has been settled here, and one of them can. */
export function isTurnable(
  { model, arms }: TableOrder,
  { revisions }: ReplicaView,
  failed: ReadonlyMap<string, string>,
): boolean {
  const taking = takingArms(arms.filter((arm) => !runsApart(arm)));
  const state = ({ revision, sockets }: ArmOrder) =>
    sockets === undefined ? revisions.get(keyOf(model, revision))?.kind : 'ready';
  return (
    taking.every(
      (arm) => state(arm) === 'ready' || state(arm) === 'failed' || failed.has(keyOf(model, arm.revision)),
    ) && taking.some((arm) => state(arm) === 'ready')
  );
}

function tableFor(
  model: StoredModel,
  target: ModelTarget,
  generation: number,
  alive: readonly ReplicaView[],
  apart: Situation['apart'],
  replica: ReplicaView,
): TableOrder {
  return {
    model: model.model,
    generation,
    arms: target.arms.map(({ revision, weight, leased = false, shadow = false }) => {
      const version = storedOf(model, revision)?.target.version ?? '';
      const order: ArmOrder = { revision, version, weight, leased, ...(shadow ? { shadow } : {}) };
      const isElsewhere = runsApart(order) || asksOthers(model.model, order, replica, alive, apart);
      return isElsewhere ? located(model, order, alive) : order;
    }),
    salt: target.salt,
    ...(target.sticky === undefined ? {} : { sticky: target.sticky }),
    ...(target.cacheBytes === undefined ? {} : { cacheBytes: target.cacheBytes }),
    ...leaseOf(model),
    knows: knownNames(model.model, target, alive),
  };
}

function leaseOf({ leaseUntilMs }: StoredModel): { readonly leaseUntilMs?: number } {
  return leaseUntilMs === undefined ? {} : { leaseUntilMs };
}

/** What is not proven, and what only gets copies, may not take a process with it that has callers. */
export function runsApart({ leased, shadow }: Pick<Arm, 'leased' | 'shadow'>): boolean {
  return leased === true || shadow === true;
}

/**
 * Whether a replica asks other processes for an arm without a lease. What it runs itself it goes on running until all of those processes can take over, so that
 * no request waits for one of them to load.
 */
function asksOthers(
  model: string,
  { revision }: ArmOrder,
  { revisions, tables }: ReplicaView,
  alive: readonly ReplicaView[],
  apart: Situation['apart'],
): boolean {
  const key = keyOf(model, revision);
  const processes = apart.get(key);
  if (processes === undefined) return false;
  const hasMoved = tables.get(model)?.arms.some((arm) => arm.revision === revision && arm.sockets !== undefined);
  return hasMoved === true || revisions.get(key)?.kind !== 'ready' || readyFor(key, alive).length >= processes;
}

/** Processes of their own that can answer for a revision. */
function readyFor(key: string, alive: readonly ReplicaView[]): readonly ReplicaView[] {
  return alive.filter(
    ({ role, revisions }) => role.kind === 'candidate' && role.key === key && revisions.get(key)?.kind === 'ready',
  );
}

/** Such an arm with the sockets of the processes that can answer for it, if there are any, and what they say of it. */
function located({ model }: StoredModel, order: ArmOrder, alive: readonly ReplicaView[]): ArmOrder {
  const { sockets: _, schema: __, ...arm } = order;
  const key = keyOf(model, order.revision);
  const processes = readyFor(key, alive);
  const said = processes[0]?.revisions.get(key);
  if (said?.kind !== 'ready') return arm;
  const { schema } = said;
  return { ...arm, sockets: processes.map(({ socket }) => socket), ...(schema === undefined ? {} : { schema }) };
}

/** The table of a process that has the stable arm alone, with what belongs to answering as that: shadows and kept answers. */
export function besideShadows(table: TableOrder, model: StoredModel, alive: readonly ReplicaView[]): TableOrder {
  const { arms = [], cacheBytes } = model.target ?? {};
  const shadows = arms.flatMap(({ revision, leased = false, shadow }): readonly ArmOrder[] => {
    const version = storedOf(model, revision)?.target.version ?? '';
    return shadow === true ? [located(model, { revision, version, weight: 0, leased, shadow: true }, alive)] : [];
  });
  return {
    ...table,
    arms: [...table.arms, ...shadows],
    ...(cacheBytes === undefined ? {} : { cacheBytes }),
    ...(shadows.length === 0 ? {} : leaseOf(model)),
  };
}

export function knownNames(model: string, { arms }: ModelTarget, alive: readonly ReplicaView[]): readonly string[] {
  const names = new Set<string>();
  for (const { revision } of arms)
    for (const replica of alive) {
      const state = replica.revisions.get(keyOf(model, revision));
      if (state?.kind === 'ready') for (const name of state.knows) names.add(name);
    }
  return [...names];
}

export function targetsOf({ target, generation, served }: StoredModel): readonly ModelTarget[] {
  if (target === undefined) return [];
  return served === undefined || served.generation === generation ? [target] : [target, served.target];
}

export function storedOf({ revisions }: StoredModel, revision: string): StoredRevision | undefined {
  return revisions.find(({ target }) => target.revision === revision);
}

/** The shares that requests get now, over the replicas that are open. */
export function effectiveShares(
  { model, target }: StoredModel,
  open: readonly ReplicaView[],
  nowMs: number,
): readonly { readonly revision: string; readonly weight: number }[] {
  const shares = new Map((target?.arms ?? []).map(({ revision }) => [revision, 0]));
  for (const replica of open) {
    const table = replica.tables.get(model);
    if (table === undefined) continue;
    const available = table.arms.map((arm) => ({
      ...arm,
      shadow: arm.shadow === true,
      available:
        arm.sockets !== undefined ||
        // Asked, it is loaded: as good as loaded.
        (table.waits === 'resting' && !runsApart(arm)) ||
        replica.revisions.get(keyOf(model, arm.revision))?.kind === 'ready',
    }));
    if (!available.some((arm) => arm.available)) continue;
    const live = table.leaseUntilMs !== undefined && nowMs < table.leaseUntilMs;
    for (const { revision, weight } of effectiveWeights(available, live))
      shares.set(revision, (shares.get(revision) ?? 0) + weight / open.length);
  }
  return [...shares].map(([revision, weight]) => ({ revision, weight }));
}
