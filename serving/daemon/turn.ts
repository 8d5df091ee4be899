import type { Arm, ModelTarget } from '../fleet.ts';
import { effectiveWeights } from '../replica/assign.ts';
import { type ArmOrder, type RevisionState, type TableOrder, keyOf } from '../replica/messages.ts';
import type { StoredModel, StoredRevision } from './store.ts';

/**
 * One turn of the daemon: from what should be and what runs, which processes to start, what to order of each, and which to let go. Pure, and
 * called again after every event, so that it need not remember what it began.
 *
 * Glossary: a *public* replica answers on the public port and runs every proven revision that an arm without a lease names. A *candidate*
 * replica runs one revision alone: for a leased arm, or for one that is to run *apart*. A *prover* loads revisions one after the other, alone,
 * before a public replica may load them. A public replica is *fit* when it is not worn and can get what is missing without blocking its callers for
 * long; fit and complete, it is *open* to new connections. A model *rests* when no public replica loads it until somebody asks (rest.ts).
 */
export interface Situation {
  readonly models: readonly StoredModel[];
  readonly replicas: readonly ReplicaView[];
  /** Revisions that are given up, by their key, with the reason. */
  readonly failed: ReadonlyMap<string, string>;
  /** How many public replicas there should be (scale.ts). */
  readonly publics: number;
  /** Names of models that rest. */
  readonly resting: ReadonlySet<string>;
  /** Names of models that rested until somebody asked, and are being loaded. */
  readonly waking: ReadonlySet<string>;
  /** Keys of revisions that public replicas ask in a process of its own, instead of loading them. */
  readonly apart: ReadonlySet<string>;
}

/** `key`: the model and the revision, as keyOf makes it. */
export type Role =
  | { readonly kind: 'public' }
  | { readonly kind: 'candidate'; readonly key: string }
  | { readonly kind: 'prover' };

/** Processes of one role key take turns: when one has died, the next waits longer. */
export function roleKeyOf(role: Role): string {
  return role.kind === 'candidate' ? role.key : role.kind;
}

export interface ReplicaView {
  readonly id: number;
  readonly role: Role;
  readonly socket: string;
  readonly listening: boolean;
  readonly draining: boolean;
  /** It has had callers: nothing that it still has to load takes them away again. */
  readonly opened: boolean;
  /** A fresh one should take its place (wear.ts). */
  readonly worn: boolean;
  readonly revisions: ReadonlyMap<string, RevisionState>;
  /** In force, or ordered and on their way. */
  readonly tables: ReadonlyMap<string, TableOrder>;
}

export interface Turn {
  readonly start: readonly Role[];
  readonly drain: readonly number[];
  /** For every replica that stays: all that it should hold. */
  readonly orders: ReadonlyMap<number, Orders>;
  /** Replicas that may get new connections. */
  readonly open: readonly number[];
}

export interface Orders {
  /** Keys of revisions. */
  readonly revisions: readonly string[];
  readonly tables: readonly TableOrder[];
}

/** Loading holds up callers of the same process for as long as it takes: longer than this goes to a fresh process. */
export const LIGHT_LOAD_MS = 50;
/** A heavy revision must not keep all others waiting for their proof. */
const PROVERS = 2;

export function turnOf(situation: Situation): Turn {
  const alive = situation.replicas.filter(({ draining }) => !draining);
  const publics = alive.filter(({ role }) => role.kind === 'public');
  const wanted = publicRevisions(situation);
  const count = situation.publics;

  const fit = publics.filter((replica) => isFit(replica, wanted));
  const orders = new Map<number, Orders>();
  for (const replica of publics)
    orders.set(replica.id, publicOrders(replica, fit.includes(replica) ? wanted : new Map(), situation, alive));

  // Somebody always waits for something to wake where there are many models: that keeps no replica from callers.
  const settled = publicRevisions({ ...situation, resting: new Set([...situation.resting, ...situation.waking]) });
  const open = fit.filter((replica) => replica.listening && isComplete(replica, settled));
  const enough = open.length >= count;
  const unfit = publics.filter((replica) => !fit.includes(replica));
  const spare = enough ? [...unfit, ...fit.toSorted((a, b) => openFirst(open, a, b)).slice(count)] : [];

  const leaving = situation.replicas.filter(({ role, draining }) => role.kind === 'public' && draining);
  const needed = candidateKeys(situation, [...orders.values(), ...leaving.map(ordersInForce)]);
  const candidates = alive.flatMap((replica) =>
    replica.role.kind === 'candidate' ? [{ replica, key: replica.role.key }] : [],
  );
  for (const { replica, key } of candidates)
    if (needed.has(key)) orders.set(replica.id, candidateOrders(key, situation.models, alive));
  const provers = alive.filter(({ role }) => role.kind === 'prover');
  const proving = provingOf(unprovenKeys(situation, needed), provers);
  for (const [id, key] of proving.given) orders.set(id, { revisions: [key], tables: [] });
  return {
    start: [
      ...Array.from({ length: proving.missing }, (): Role => ({ kind: 'prover' })),
      ...Array.from({ length: Math.max(0, count - fit.length) }, (): Role => ({ kind: 'public' })),
      ...[...needed]
        .filter((key) => !candidates.some((candidate) => candidate.key === key))
        .map((key): Role => ({ kind: 'candidate', key })),
    ],
    drain: [
      ...spare.map(({ id }) => id),
      ...candidates.filter(({ key }) => !needed.has(key)).map(({ replica }) => replica.id),
      ...provers.filter(({ id }) => !proving.given.has(id)).map(({ id }) => id),
    ],
    orders,
    // While too few are complete, those that have callers go on: with what they have, the unfit as well as those that load.
    open: (enough
      ? open
      : publics.filter(
          (replica) => open.includes(replica) || (replica.listening && (replica.opened || unfit.includes(replica))),
        )
    )
      .filter((replica) => !spare.includes(replica))
      .map(({ id }) => id),
  };
}

function openFirst(open: readonly ReplicaView[], a: ReplicaView, b: ReplicaView): number {
  return Number(open.includes(b)) - Number(open.includes(a)) || a.id - b.id;
}

/** Proven revisions of arms without a lease, of what should be served and of what is until then; with their loading times. */
function publicRevisions({ models, failed, resting, apart }: Situation): ReadonlyMap<string, number> {
  const wanted = new Map<string, number>();
  for (const model of models) {
    if (resting.has(model.model)) continue;
    for (const target of targetsOf(model))
      for (const arm of target.arms) {
        const key = keyOf(model.model, arm.revision);
        const { provenMs } = storedOf(model, arm.revision) ?? {};
        if (!runsApart(arm) && provenMs !== undefined && !failed.has(key) && !apart.has(key)) wanted.set(key, provenMs);
      }
  }
  return wanted;
}

function targetsOf({ target, generation, served }: StoredModel): readonly ModelTarget[] {
  if (target === undefined) return [];
  return served === undefined || served.generation === generation ? [target] : [target, served.target];
}

function storedOf({ revisions }: StoredModel, revision: string): StoredRevision | undefined {
  return revisions.find(({ target }) => target.revision === revision);
}

/** A process that answers nobody yet may load what it likes. */
function isFit(replica: ReplicaView, wanted: ReadonlyMap<string, number>): boolean {
  if (replica.worn) return false;
  const serves = [...replica.revisions.values()].some(({ kind }) => kind === 'ready');
  return !serves || [...wanted].every(([key, loadMs]) => replica.revisions.has(key) || loadMs <= LIGHT_LOAD_MS);
}

/** A revision counts as settled on a replica when it is ready there, or given up. */
function isComplete({ revisions }: ReplicaView, wanted: ReadonlyMap<string, number>): boolean {
  return [...wanted.keys()].every((key) => {
    const state = revisions.get(key)?.kind;
    return state === 'ready' || state === 'failed';
  });
}

function publicOrders(
  replica: ReplicaView,
  wanted: ReadonlyMap<string, number>,
  situation: Situation,
  alive: readonly ReplicaView[],
): Orders {
  const tables = situation.models.flatMap((model) => tablesFor(model, replica, situation, alive));
  const inUse = tables.flatMap(({ model, arms, waits }) =>
    waits === 'resting'
      ? []
      : arms
          .filter(({ socket }) => socket === undefined)
          .map(({ revision }) => keyOf(model, revision))
          .filter((key) => replica.revisions.get(key)?.kind === 'ready'),
  );
  return { revisions: [...new Set([...wanted.keys(), ...inUse])], tables };
}

/** Until the new arms can answer, the old ones do; the lease and the candidates' whereabouts are those of now. */
function tablesFor(
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
    const table = tableFor(model, told, generation, alive, NONE);
    return [isSound(model, told, failed) ? { ...table, waits: 'resting' } : table];
  }
  const table = tableFor(model, target, model.generation, alive, apart);
  if (isTurnable(table, replica, failed, apart)) return [table];
  const { waits: _, ...current } = replica.tables.get(model.model) ?? { arms: [] };
  if ('model' in current && current.arms.some((arm) => isAnswered(model.model, arm, replica)))
    return [
      {
        ...current,
        ...leaseOf(model),
        arms: current.arms.map((arm) =>
          runsApart(arm) || apart.has(keyOf(model.model, arm.revision)) ? located(model.model, arm, alive) : arm,
        ),
      },
    ];
  const [until, from] =
    served === undefined
      ? [target, table]
      : [served.target, tableFor(model, served.target, served.generation, alive, apart)];
  const waits = waking.has(model.model) ? 'resting' : 'loading';
  return [isSound(model, until, failed) ? { ...from, waits } : from];
}

const NONE: ReadonlySet<string> = new Set();

function isAnswered(model: string, arm: ArmOrder, { revisions }: ReplicaView): boolean {
  return (!runsApart(arm) && arm.socket !== undefined) || revisions.get(keyOf(model, arm.revision))?.kind === 'ready';
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
  apart: ReadonlySet<string>,
): boolean {
  const taking = takingArms(arms.filter((arm) => !runsApart(arm)));
  const state = ({ revision, socket }: ArmOrder) => {
    const key = keyOf(model, revision);
    if (apart.has(key)) return socket === undefined ? 'loading' : 'ready';
    return revisions.get(key)?.kind;
  };
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
  apart: ReadonlySet<string>,
): TableOrder {
  return {
    model: model.model,
    generation,
    arms: target.arms.map(({ revision, weight, leased = false, shadow = false }) => {
      const version = storedOf(model, revision)?.target.version ?? '';
      const order: ArmOrder = { revision, version, weight, leased, ...(shadow ? { shadow } : {}) };
      return runsApart(order) || apart.has(keyOf(model.model, revision)) ? located(model.model, order, alive) : order;
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
function runsApart({ leased, shadow }: Pick<Arm, 'leased' | 'shadow'>): boolean {
  return leased === true || shadow === true;
}

/** Such an arm with the socket of the process that can answer for it, if there is one. */
function located(model: string, order: ArmOrder, alive: readonly ReplicaView[]): ArmOrder {
  const { socket: _, ...arm } = order;
  const key = keyOf(model, order.revision);
  const candidate = alive.find(
    ({ role, revisions }) => role.kind === 'candidate' && role.key === key && revisions.get(key)?.kind === 'ready',
  );
  return candidate === undefined ? arm : { ...arm, socket: candidate.socket };
}

function knownNames(model: string, { arms }: ModelTarget, alive: readonly ReplicaView[]): readonly string[] {
  const names = new Set<string>();
  for (const { revision } of arms)
    for (const replica of alive) {
      const state = replica.revisions.get(keyOf(model, revision));
      if (state?.kind === 'ready') for (const name of state.knows) names.add(name);
    }
  return [...names];
}

/** Revisions that need a process of their own: leased arms, what runs apart, and those that a table in force still turns to. */
function candidateKeys({ models, failed, resting, apart }: Situation, orders: readonly Orders[]): ReadonlySet<string> {
  const needed = new Set<string>();
  for (const model of models)
    for (const target of targetsOf(model))
      for (const arm of target.arms) {
        const key = keyOf(model.model, arm.revision);
        if ((runsApart(arm) && target === model.target) || (apart.has(key) && !resting.has(model.model)))
          needed.add(key);
      }
  for (const { tables } of orders)
    for (const { model, arms, waits } of tables)
      for (const arm of arms)
        if (arm.socket !== undefined && waits !== 'resting') needed.add(keyOf(model, arm.revision));
  for (const key of failed.keys()) needed.delete(key);
  return needed;
}

/** Revisions of arms that nobody has loaded yet; one that gets a process of its own proves itself there. */
function unprovenKeys({ models, failed }: Situation, apart: ReadonlySet<string>): readonly string[] {
  return models.flatMap((model) =>
    (model.target?.arms ?? [])
      .filter(({ revision }) => storedOf(model, revision)?.provenMs === undefined)
      .map(({ revision }) => keyOf(model.model, revision))
      .filter((key) => !apart.has(key) && !failed.has(key)),
  );
}

/** Which prover is to prove what: each keeps what it has begun, and the next in line goes to one that is free. */
function provingOf(
  unproven: readonly string[],
  provers: readonly ReplicaView[],
): { readonly given: ReadonlyMap<number, string>; readonly missing: number } {
  const given = new Map<number, string>();
  for (const { id, revisions } of provers) {
    const begun = unproven.find((key) => revisions.has(key));
    if (begun !== undefined) given.set(id, begun);
  }
  const taken = new Set(given.values());
  const left = unproven.filter((key) => !taken.has(key));
  for (const { id } of provers) {
    const next = given.has(id) ? undefined : left.shift();
    if (next !== undefined) given.set(id, next);
  }
  return { given, missing: Math.min(left.length, Math.max(0, PROVERS - provers.length)) };
}

/** A replica that drains still turns to the candidates of its last tables. */
function ordersInForce({ tables }: ReplicaView): Orders {
  return { revisions: [], tables: [...tables.values()] };
}

/** In its own process a candidate is the whole table: which share it gets is decided where callers come in. */
function candidateOrders(key: string, models: readonly StoredModel[], alive: readonly ReplicaView[]): Orders {
  for (const model of models)
    for (const { target } of model.revisions)
      if (keyOf(model.model, target.revision) === key) {
        const { revision, version } = target;
        const arms: readonly ArmOrder[] = [{ revision, version, weight: 100, leased: false }];
        return {
          revisions: [key],
          tables: [
            {
              model: model.model,
              generation: model.generation,
              arms,
              salt: '',
              knows: model.target === undefined ? [] : knownNames(model.model, model.target, alive),
            },
          ],
        };
      }
  return { revisions: [], tables: [] };
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
        arm.socket !== undefined ||
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
