import { join } from 'node:path';
import type { ReplicaSettings } from '../replica/messages.ts';
import type { Catalog } from './catalog.ts';
import type { Failures } from './failures.ts';
import { type ReplicaEvents, ReplicaProcess } from './replica-process.ts';
import { type Role, type Turn, roleKeyOf } from './turn.ts';

export interface CrewOptions {
  /** A private folder for the processes' sockets. */
  readonly runFolder: () => string;
  /** What every replica is started with; the rest follows from its role. */
  readonly settings: (role: Role) => Omit<ReplicaSettings, 'socket' | 'proves'>;
}

/** `ended`: it is no member any more. */
export interface CrewEvents extends ReplicaEvents {
  /** A process that had to wait may be started now. */
  due(): void;
}

/** The processes that run, and which of them take callers. */
export class Crew {
  readonly #options: CrewOptions;
  readonly #events: CrewEvents;
  readonly #catalog: Catalog;
  readonly #failures: Failures;
  readonly #members = new Map<number, ReplicaProcess>();
  #open: readonly ReplicaProcess[] = [];
  #nextId = 1;
  #asks = 0;

  constructor(catalog: Catalog, failures: Failures, options: CrewOptions, events: CrewEvents) {
    this.#catalog = catalog;
    this.#failures = failures;
    this.#options = options;
    this.#events = events;
  }

  get members(): readonly ReplicaProcess[] {
    return [...this.#members.values()];
  }

  /** Those that get new connections, in the order of the last turn. */
  get open(): readonly ReplicaProcess[] {
    return this.#open;
  }

  /** Starts, orders and lets go as a turn says. */
  carryOut(turn: Turn): void {
    for (const [id, { revisions, tables }] of turn.orders)
      this.#members.get(id)?.order(revisions, tables, (key) => this.#catalog.orderOf(key));
    this.#open = turn.open.flatMap((id) => this.#members.get(id) ?? []);
    if (this.#open.some(({ opened }) => !opened)) this.#share();
    for (const replica of this.#open) replica.open();
    for (const role of turn.start) this.#startWhenDue(role);
    const turning = this.members.filter(({ role, draining }) => role.kind !== 'prover' && !draining);
    for (const id of turn.drain) {
      const replica = this.#members.get(id);
      // A candidate goes once nobody can still turn to it.
      if (replica?.role.kind === 'candidate' && !turning.every(({ settled }) => settled)) continue;
      if (replica !== undefined) drain(replica);
    }
  }

  /** Callers keep their connections, so a replica that opens would get none of their work: those with more than their share let some of them go. */
  #share(): void {
    const total = this.#open.reduce((sum, { connections }) => sum + connections, 0);
    const share = Math.ceil(total / this.#open.length);
    for (const replica of this.#open)
      if (replica.connections > share) replica.tell({ kind: 'shed', connections: replica.connections - share });
  }

  #startWhenDue(role: Role): void {
    const waitMs = this.#failures.waitMs(roleKeyOf(role));
    if (waitMs > 0) {
      setTimeout(() => this.#events.due(), waitMs).unref();
      return;
    }
    const id = this.#nextId++;
    const settings = {
      ...this.#options.settings(role),
      socket: socketPath(this.#options.runFolder(), String(id)),
      proves: role.kind !== 'public',
    };
    const replica = new ReplicaProcess(id, role, settings, {
      changed: (changed) => this.#events.changed(changed),
      asked: (asking, message) => this.#events.asked(asking, message),
      reported: (reporting, before) => this.#events.reported(reporting, before),
      woke: (asking, model) => this.#events.woke(asking, model),
      ended: (ended, how) => {
        this.#members.delete(ended.id);
        this.#open = this.#open.filter((each) => each !== ended);
        this.#events.ended(ended, how);
      },
    });
    this.#members.set(id, replica);
    this.#events.due();
  }

  /** A process that has not said a word for so long is stuck, unless it is still loading or in one very long run. */
  killSilent(): void {
    for (const replica of this.#members.values())
      if (performance.now() - replica.heardAt > SILENCE_LIMIT_MS) replica.kill();
  }

  /** Lets every process answer what it has and what still comes on its connections, and end: candidates once nobody turns to them any more. */
  retire(): void {
    const publics = this.members.filter(({ role }) => role.kind === 'public');
    for (const replica of publics.length > 0 ? publics : this.members) drain(replica);
  }

  /** Lets every process answer what it has and end: those first that turn to others. */
  dismiss(): void {
    const publics = this.members.filter(({ role }) => role.kind === 'public');
    for (const replica of publics.length > 0 ? publics : this.members) replica.drain(STOP_LIMIT_MS, 'cut');
  }

  /** Asks every process for its latest counts; one that is busy is not waited for beyond the limit. */
  async freshReports(limitMs: number): Promise<void> {
    const ask = this.#asks++;
    const asked = this.members;
    for (const replica of asked) replica.tell({ kind: 'report', ask });
    const until = performance.now() + limitMs;
    const isWaiting = (): boolean => asked.some(({ id, answered }) => answered < ask && this.#members.has(id));
    while (isWaiting() && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** No two daemons' sockets have one name: a process that outlives its daemon removes its own when it ends. */
export function socketPath(runFolder: string, name: string): string {
  return join(runFolder, `${process.pid}-${name}.sock`);
}

/** Callers may use a connection once more before they notice; processes of this fleet are told first. */
function drain(replica: ReplicaProcess): void {
  const { kind } = replica.role;
  replica.drain(kind === 'candidate' ? CANDIDATE_DRAIN_LIMIT_MS : DRAIN_LIMIT_MS, kind === 'public' ? 'leave' : 'cut');
}

const STOP_LIMIT_MS = 5_000;
/** Longer than the keep-alive limit, so that idle connections end by it. */
const DRAIN_LIMIT_MS = 10_000;
/** As long as a request may wait for its run, and for a long run. */
const CANDIDATE_DRAIN_LIMIT_MS = 40_000;
const SILENCE_LIMIT_MS = 120_000;
const POLL_MS = 5;
