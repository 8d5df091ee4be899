import { type ArmOrder, type RevisionState, type TableOrder, keyOf } from '../replica/messages.ts';
import type { StoredModel } from './store.ts';
import { besideShadows, knownNames, runsApart, storedOf, tablesFor, targetsOf } from './tables.ts';

/**
 * One turn of the daemon: from what should be and what runs, which processes to start, what to order of each, and which to let go. Pure, and
 * called again after every event, so that it need not remember what it began.
 *
 * Glossary: a *public* replica answers on the public port and runs every proven revision that an arm without a lease names. A *candidate*
 * replica runs one revision alone: for a leased arm, or, perhaps as one of several, for one that is to run *apart*. A *prover* loads revisions one after the other, alone,
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
  /** Keys of revisions that public replicas ask in processes of their own, instead of loading them, and in how many. */
  readonly apart: ReadonlyMap<string, number>;
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
  const all = situation.replicas.filter(({ draining }) => !draining);
  const surplus = surplusOf(situation, all);
  const alive = all.filter((replica) => !surplus.includes(replica));
  const publics = alive.filter(({ role }) => role.kind === 'public');
  const wanted = publicRevisions(situation);
  const count = situation.publics;

  const fit = publics.filter((replica) => isFit(replica, wanted));
  const orders = new Map<number, Orders>();
  for (const replica of publics)
    orders.set(replica.id, publicOrders(replica, fit.includes(replica) ? wanted : new Map(), situation, alive));

  // Somebody always waits for something to wake where there are many models: that keeps no replica from callers.
  const settled = publicRevisions({ ...situation, resting: new Set([...situation.resting, ...situation.waking]) });
  const open = fit.filter(
    (replica) =>
      replica.listening &&
      isComplete(replica, settled) &&
      (replica.opened || !waitsForOthers(orders.get(replica.id), situation)),
  );
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
  for (const { id, role } of surplus)
    if (role.kind === 'candidate') orders.set(id, candidateOrders(role.key, situation.models, alive));
  const provers = alive.filter(({ role }) => role.kind === 'prover');
  const proving = provingOf(unprovenKeys(situation, needed), provers);
  for (const [id, key] of proving.given) orders.set(id, { revisions: [key], tables: [] });
  return {
    start: [
      ...Array.from({ length: proving.missing }, (): Role => ({ kind: 'prover' })),
      ...Array.from({ length: Math.max(0, count - fit.length) }, (): Role => ({ kind: 'public' })),
      ...[...needed].flatMap(([key, processes]) => {
        const there = candidates.filter((candidate) => candidate.key === key && !candidate.replica.worn).length;
        return Array.from({ length: Math.max(0, processes - there) }, (): Role => ({ kind: 'candidate', key }));
      }),
    ],
    drain: [
      ...spare.map(({ id }) => id),
      ...candidates.filter(({ key }) => !needed.has(key)).map(({ replica }) => replica.id),
      // A replica that drains turns to them as it was told last.
      ...surplus.filter(({ socket }) => !leaving.some((each) => asks(each, socket))).map(({ id }) => id),
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
          .filter(({ sockets }) => sockets === undefined)
          .map(({ revision }) => keyOf(model, revision))
          .filter((key) => replica.revisions.get(key)?.kind === 'ready'),
  );
  return { revisions: [...new Set([...wanted.keys(), ...inUse])], tables };
}

/**
 * Revisions that need processes of their own, and how many: leased arms, what runs apart, and those that a table in force still turns to. An arm with a lease gets
 * them by its share, of as many as the stable one has.
 */
function candidateKeys(
  { models, failed, resting, apart }: Situation,
  orders: readonly Orders[],
): ReadonlyMap<string, number> {
  const needed = new Map<string, number>();
  const need = (key: string, processes: number): void => {
    needed.set(key, Math.max(needed.get(key) ?? 0, processes));
  };
  for (const model of models)
    for (const target of targetsOf(model))
      for (const arm of target.arms) {
        const key = keyOf(model.model, arm.revision);
        const processes = apart.get(key) ?? 1;
        if (runsApart(arm)) {
          if (target === model.target) need(key, Math.max(1, Math.ceil((processes * arm.weight) / PERCENT)));
        } else if (apart.has(key) && !resting.has(model.model)) need(key, processes);
      }
  for (const { tables } of orders)
    for (const { model, arms, waits } of tables)
      for (const arm of arms) if (arm.sockets !== undefined && waits !== 'resting') need(keyOf(model, arm.revision), 1);
  for (const key of failed.keys()) needed.delete(key);
  return needed;
}

const PERCENT = 100;

/** Processes of revisions that have more of them than they need: those that are not ready go first, then the youngest; worn ones once others are ready. */
function surplusOf(situation: Situation, alive: readonly ReplicaView[]): readonly ReplicaView[] {
  const needed = candidateKeys(situation, []);
  const byKey = new Map<string, ReplicaView[]>();
  for (const replica of alive)
    if (replica.role.kind === 'candidate')
      byKey.set(replica.role.key, [...(byKey.get(replica.role.key) ?? []), replica]);
  return [...byKey].flatMap(([key, processes]) => {
    const isReady = ({ revisions }: ReplicaView): boolean => revisions.get(key)?.kind === 'ready';
    // What nobody needs is kept for as long as a table turns to it, and then goes as a whole.
    const wanted = needed.get(key);
    if (wanted === undefined) return [];
    const sound = processes
      .filter(({ worn }) => !worn)
      .toSorted((a, b) => Number(isReady(b)) - Number(isReady(a)) || a.id - b.id);
    const extra = sound.slice(wanted);
    return sound.filter(isReady).length < wanted ? extra : [...extra, ...processes.filter(({ worn }) => worn)];
  });
}

function asks({ tables }: ReplicaView, socket: string): boolean {
  return [...tables.values()].some(({ arms }) => arms.some(({ sockets }) => sockets?.includes(socket) === true));
}

/** Whether a model would be answered as soon as a process of its own has loaded it: nobody should be sent to wait for that while others can answer. */
function waitsForOthers(orders: Orders | undefined, { apart, waking }: Situation): boolean {
  return (orders?.tables ?? []).some(
    ({ model, arms, waits }) =>
      waits === 'loading' && !waking.has(model) && arms.some(({ revision }) => apart.has(keyOf(model, revision))),
  );
}

/** Revisions of arms that nobody has loaded yet; one that gets a process of its own proves itself there. */
function unprovenKeys({ models, failed }: Situation, apart: ReadonlyMap<string, number>): readonly string[] {
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

/**
 * In its own process a revision is the whole table: which share it gets is decided where callers come in. The stable one keeps answers, and hands copies to
 * shadows, as it would among callers.
 */
function candidateOrders(key: string, models: readonly StoredModel[], alive: readonly ReplicaView[]): Orders {
  for (const model of models)
    for (const { target } of model.revisions)
      if (keyOf(model.model, target.revision) === key) {
        const { revision, version } = target;
        const own: ArmOrder = { revision, version, weight: PERCENT, leased: false };
        const isAmongCallers = targetsOf(model).some(({ arms }) =>
          arms.some((arm) => arm.revision === revision && !runsApart(arm)),
        );
        const table: TableOrder = {
          model: model.model,
          generation: model.generation,
          arms: [own],
          salt: '',
          knows: model.target === undefined ? [] : knownNames(model.model, model.target, alive),
        };
        return { revisions: [key], tables: [isAmongCallers ? besideShadows(table, model, alive) : table] };
      }
  return { revisions: [], tables: [] };
}
