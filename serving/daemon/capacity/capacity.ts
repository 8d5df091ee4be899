import type { ObservedCapacity } from '../../fleet.ts';
import { type ReplicaReport, keyOf } from '../../replica/messages.ts';
import { Apart } from './apart.ts';
import { Demand } from './demand.ts';
import type { Limits } from './limits.ts';
import type { Machine } from './machine.ts';
import { type ModelUse, restingOf } from './rest.ts';
import { type Load, type Scale, nextScale } from './scale.ts';
import type { ReplicaProcess } from '../replica-process.ts';
import type { StoredModel } from '../store.ts';
import { canAnswer, isLoadable } from '../tables.ts';
import type { ReplicaView, Role, Situation } from '../turn.ts';
import { Wear } from './wear.ts';

/** What a model takes in a process beyond its files twice (as bytes and as prepared weights): session, tables, counters. */
const MODEL_BYTES = 2 ** 20;
const COPIES_OF_FILES = 2;
/** Of a process that runs one revision alone, before it has loaded anything. */
const PROCESS_BYTES = 100 * 2 ** 20;

/** What is looked at of a replica; whether it is `worn` is said back. */
export type SampledReplica = Pick<
  ReplicaProcess,
  'id' | 'role' | 'draining' | 'report' | 'openedAtMs' | 'revisions' | 'worn'
>;

/**
 * How much of the machine a fleet takes: how many public replicas there should be, which models rest, and which run apart. It remembers the
 * demand (demand.ts); the decisions are the pure functions of scale.ts and rest.ts.
 */
export class Capacity {
  readonly #machine: Machine;
  readonly #limits: Limits;
  readonly #sizeOf: (key: string) => number;
  readonly #demand = new Demand();
  readonly #wear: Wear;
  readonly #own: Apart;
  #loads: readonly Load[] = [];
  #sampledAtMs = 0;
  #scale: Scale = { replicas: 1, downAtMs: 0, panicUntilMs: 0 };
  #resting: ReadonlySet<string> = new Set();
  #apart: ReadonlyMap<string, number> = new Map();

  /** `sizeOf`: bytes of a revision's files, by its key. */
  constructor(machine: Machine, limits: Limits, sizeOf: (key: string) => number) {
    this.#machine = machine;
    this.#limits = limits;
    this.#sizeOf = sizeOf;
    this.#wear = new Wear(limits.replicaBytes);
    this.#own = new Apart(machine.cores, limits.scale);
  }

  get machine(): Machine {
    return this.#machine;
  }

  heard(replicaId: number, report: ReplicaReport, before: ReplicaReport | undefined): void {
    this.#demand.heard(replicaId, report, before);
  }

  ended(replicaId: number): void {
    this.#demand.ended(replicaId);
  }

  /** Somebody waits for a model that rests. True where a turn is due. */
  wake(model: string, nowMs: number): boolean {
    return this.#demand.wake(model, nowMs);
  }

  /** To be called once a second: how much was under way since, and how large the replicas have become. */
  sample(models: readonly StoredModel[], replicas: readonly SampledReplica[], nowMs: number): void {
    const publics = replicas.filter(({ role, draining }) => role.kind === 'public' && !draining);
    const reports = publics.flatMap(({ report }) => report ?? []);
    const relayed = relayedOf(reports);
    const waiting = waitingOf(reports);
    const underWay = reports.reduce((sum, { inFlight }) => sum + inFlight, 0);
    const elsewhere = [...relayed.values()].reduce((sum, inFlight) => sum + inFlight, 0);
    this.#sampleLoad(models, { underWay: underWay - elsewhere, waiting }, nowMs);
    this.#own.sample(models, added(relayed, waiting), nowMs);
    const wearing = replicas.filter(
      ({ role, draining }) => !draining && (role.kind === 'public' || this.#runsIn(role)),
    );
    const worn = this.#wear.wornOf(
      wearing.map(({ id, report, openedAtMs, revisions }) => ({
        id,
        rssBytes: report?.rssBytes ?? 0,
        openedAtMs,
        loadedBytes: [...revisions.keys()].reduce((sum, key) => sum + this.#bytesOf(key), 0),
      })),
      nowMs,
    );
    for (const replica of wearing) replica.worn = replica.id === worn;
  }

  /** Whether a process is one of those that a model has of its own. */
  #runsIn(role: Role): boolean {
    return role.kind === 'candidate' && this.#apart.has(role.key);
  }

  #sampleLoad(
    models: readonly StoredModel[],
    { underWay, waiting }: { readonly underWay: number; readonly waiting: ReadonlyMap<string, number> },
    nowMs: number,
  ): void {
    const spent = this.#demand.takeSpentMs();
    const overMs = nowMs - this.#sampledAtMs;
    const isFirst = this.#sampledAtMs === 0;
    this.#sampledAtMs = nowMs;
    this.#demand.forget(new Set(models.map(({ model }) => model)));
    if (isFirst || overMs <= 0) return;
    const here = models.filter((stored) => !this.#own.has(stored));
    const targetOf = new Map(here.map(({ model, target }) => [model, target?.replicas.target ?? 1]));
    const spentHere = [...spent].filter(([model]) => targetOf.has(model));
    let replicas = 0;
    for (const [model, ms] of spentHere) replicas += ms / overMs / (targetOf.get(model) ?? 1);
    // Runs longer than the time between samples have not been counted by anybody yet.
    if (spentHere.length === 0 && underWay > 0) replicas = underWay / Math.max(...targetOf.values(), 1);
    // What waits on the bus is under way as soon as there is somebody to take it.
    for (const [model, requests] of waiting) replicas += requests / (targetOf.get(model) ?? Infinity);
    const kept = this.#loads.filter(({ atMs }) => atMs > nowMs - KEPT_WINDOWS * this.#limits.scale.stableMs);
    this.#loads = [...kept, { atMs: nowMs, replicas }];
  }

  /** What a turn is to know. */
  decide(
    models: readonly StoredModel[],
    open: readonly ReplicaView[],
    failed: Situation['failed'],
    nowMs: number,
  ): Pick<Situation, 'publics' | 'resting' | 'waking' | 'apart'> {
    const byName = new Map(models.map((model) => [model.model, model]));
    for (const name of this.#demand.waiting) {
      const model = byName.get(name);
      const done = model === undefined || !isLoadable(model, failed) || open.every((each) => canAnswer(name, each));
      if (done) this.#demand.woken(name, nowMs);
    }
    const { min, max } = this.#bounds(models);
    this.#scale = nextScale(this.#scale, this.#loads, { min, max }, nowMs, this.#limits.scale);
    const busy = this.#demand.busyModels();
    const uses = models.flatMap((model) => this.#useOf(model, busy));
    const { memoryBudgetBytes, maxLoaded, idleMs } = this.#limits;
    const room = { models: maxLoaded, bytes: memoryBudgetBytes / this.#scale.replicas, idleMs };
    this.#resting = restingOf(uses, room, nowMs);
    this.#own.haveRested(this.#resting);
    this.#apart = this.#own.decide(models, this.#scale.replicas, nowMs);
    return {
      publics: this.#scale.replicas,
      resting: this.#resting,
      waking: new Set(this.#demand.waiting),
      apart: this.#apart,
    };
  }

  /** Names of the models that rest. */
  get resting(): ReadonlySet<string> {
    return this.#resting;
  }

  observe(models: readonly StoredModel[]): ObservedCapacity {
    const { cores, memoryBytes } = this.#machine;
    const { memoryBudgetBytes, maxLoaded } = this.#limits;
    const { max, asked } = this.#bounds(models);
    const load = this.#loads.at(-1)?.replicas ?? 0;
    const wanted = Math.min(asked, Math.max(this.#scale.replicas, Math.ceil(load)));
    const processors = cores === 1 ? '1 core' : `${cores} cores`;
    const crowded = models.filter(({ model, target }) => target?.replicas.min !== 0 && this.#resting.has(model)).length;
    return {
      cores,
      memoryBytes,
      replicas: this.#scale.replicas,
      load: Number(load.toFixed(LOAD_DIGITS)),
      memoryBudgetBytes,
      ...(maxLoaded === Infinity ? {} : { maxLoaded }),
      loaded: models.length - this.#resting.size,
      recycled: this.#wear.recycled,
      ...(this.#apart.size === 0 ? {} : { apart: this.#own.observe(models) }),
      notes: [
        ...(wanted > Math.min(max, cores) ? [`replicas wanted ${wanted}, ${processors}`] : []),
        ...(crowded > 0 ? [`${crowded} models rest for want of room (--max-loaded, --memory-budget)`] : []),
      ],
    };
  }

  /**
   * The most demanding model that they run decides. What is asked for by `min` is given, even beyond the cores; autoscaling never goes beyond them, since
   * processes that share a core answer nobody sooner.
   */
  #bounds(models: readonly StoredModel[]): { readonly min: number; readonly max: number; readonly asked: number } {
    const wishes = models.flatMap((stored) => (this.#own.has(stored) ? [] : (stored.target?.replicas ?? [])));
    const min = Math.max(1, ...wishes.map((wish) => wish.min));
    const asked = Math.max(min, ...wishes.map((wish) => wish.max));
    return { min, max: Math.max(min, Math.min(asked, this.#machine.cores)), asked };
  }

  #useOf(stored: StoredModel, busy: ReadonlySet<string>): readonly ModelUse[] {
    const { model, target } = stored;
    if (target === undefined) return [];
    const keys = target.arms.map(({ revision }) => keyOf(model, revision));
    return [
      {
        model,
        comparing: target.arms.some(({ leased, shadow }) => leased === true || shadow === true),
        mayRest: target.replicas.min === 0,
        sizeBytes: keys.reduce((sum, key) => sum + this.#bytesOf(key), 0),
        usedAtMs: this.#demand.usedAtMs(model),
        waitingSinceMs: this.#demand.waitingSinceMs(model),
        busy: busy.has(model),
      },
    ];
  }

  #bytesOf(key: string): number {
    const bytes = MODEL_BYTES + COPIES_OF_FILES * this.#sizeOf(key);
    const processes = this.#apart.get(key);
    // Of the room of one public replica: all of them are there for each process that they share.
    return processes === undefined ? bytes : ((bytes + PROCESS_BYTES) * processes) / this.#scale.replicas;
  }
}

/** Requests that other processes have in hand for public replicas, by model. */
function relayedOf(reports: readonly ReplicaReport[]): ReadonlyMap<string, number> {
  return reports
    .map(({ relayed = [] }) => new Map(relayed.map(({ model, inFlight }) => [model, inFlight])))
    .reduce(added, new Map<string, number>());
}

/** Kept requests on the bus that nobody has taken yet, by model: every replica sees all of them, each at another moment. */
function waitingOf(reports: readonly ReplicaReport[]): ReadonlyMap<string, number> {
  const waiting = new Map<string, number>();
  for (const { messaging } of reports)
    for (const [model, pending] of Object.entries(messaging?.pending ?? {}))
      waiting.set(model, Math.max(waiting.get(model) ?? 0, pending.waiting));
  return waiting;
}

function added(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const sums = new Map(a);
  for (const [key, value] of b) sums.set(key, (sums.get(key) ?? 0) + value);
  return sums;
}

/** Loads are kept a little longer than the window that is asked about. */
const KEPT_WINDOWS = 1.5;
const LOAD_DIGITS = 3;
