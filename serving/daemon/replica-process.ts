import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { entryFile } from '../model/entry-file.ts';
import { replicaEnvironment } from '../config.ts';
import type { ArmCounts } from '../replica/counters.ts';
import {
  type FromReplica,
  type ReplicaReport,
  type ReplicaSettings,
  type RevisionOrder,
  type RevisionState,
  type TableOrder,
  type ToReplica,
  keyOf,
} from '../replica/messages.ts';
import type { Taker } from './door.ts';
import type { ReplicaView, Role } from './turn.ts';

const ENTRY = entryFile('../replica/main.ts', import.meta.url);

export interface ReplicaEvents {
  /** Something that a turn may want to know has changed. */
  changed(replica: ReplicaProcess): void;
  asked(replica: ReplicaProcess, message: Extract<FromReplica, { kind: 'ask' }>): void;
  /** It has a report; `before` is what it had reported until then. */
  reported(replica: ReplicaProcess, before: ReplicaReport | undefined): void;
  /** Somebody asks it for a model that rests. */
  woke(replica: ReplicaProcess, model: string): void;
  ended(replica: ReplicaProcess, how: string): void;
}

/** One replica as the daemon sees it. */
export class ReplicaProcess implements ReplicaView, Taker {
  readonly id: number;
  readonly role: Role;
  readonly socket: string;
  readonly startedAt = performance.now();
  readonly revisions = new Map<string, RevisionState>();
  readonly tables = new Map<string, TableOrder>();
  readonly #child: ChildProcess;
  readonly #events: ReplicaEvents;
  listening = false;
  draining = false;
  /** When it was first ready for callers, in milliseconds since the epoch; undefined: it never was. */
  openedAtMs: number | undefined;
  worn = false;
  report: ReplicaReport | undefined;
  /** The last question for a report that it has answered. */
  answered = -1;
  heardAt = performance.now();
  #handed = 0;
  /** Callers whose connection was not sent yet. */
  readonly #handing = new Set<(taken: boolean) => void>();
  #sequence = 0;
  #turned = 0;
  /** What it was told of each model, to tell what has changed. */
  readonly #told = new Map<string, string>();
  /** The orders with which a revision began to be wanted: what it says of it from before is out of date. */
  readonly #wantedSince = new Map<string, number>();
  readonly #arms = new Map<string, ArmCounts>();

  constructor(id: number, role: Role, settings: ReplicaSettings, events: ReplicaEvents) {
    this.id = id;
    this.role = role;
    this.socket = settings.socket;
    this.#events = events;
    this.#child = fork(ENTRY, [], {
      execArgv: [YOUNG_GENERATION],
      serialization: 'advanced',
      env: replicaEnvironment(),
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message: FromReplica) => this.#hear(message));
    this.#child.on('error', (error) => console.error(`replica ${this.pid}: ${error.message}`));
    this.#child.on('exit', (status, signal) => {
      events.ended(this, signal ?? `exit status ${status}`);
      this.#giveBack();
    });
    this.#send({ kind: 'start', settings });
  }

  get pid(): string {
    return String(this.#child.pid ?? `unborn ${this.id}`);
  }

  get connections(): number {
    return (this.report?.connections ?? 0) + this.#handed;
  }

  get opened(): boolean {
    return this.openedAtMs !== undefined;
  }

  /** It gets callers from now on. */
  open(): void {
    this.openedAtMs ??= Date.now();
  }

  /** Whether the last orders are in force. */
  get settled(): boolean {
    return this.#turned === this.#sequence;
  }

  /** Says what it is to hold from now on, as far as that is another than before. `orderOf`: undefined where a revision cannot be loaded any more. */
  order(
    wanted: readonly string[],
    tables: readonly TableOrder[],
    orderOf: (key: string) => RevisionOrder | undefined,
  ): void {
    const keys = new Set(wanted);
    const unwanted = [...this.revisions.keys()].filter((key) => !keys.has(key));
    const revisions = wanted.flatMap((key) => (this.revisions.has(key) ? [] : (orderOf(key) ?? [])));
    const models = new Set(tables.map(({ model }) => model));
    const retired = [...this.tables.keys()].filter((model) => !models.has(model));
    const changed = tables.filter((table) => this.#isNews(table));
    if (unwanted.length + revisions.length + retired.length + changed.length === 0) return;
    this.#sequence += 1;
    for (const key of unwanted) this.revisions.delete(key);
    for (const { model, revision } of revisions) {
      this.revisions.set(keyOf(model, revision), { kind: 'loading' });
      this.#wantedSince.set(keyOf(model, revision), this.#sequence);
    }
    for (const model of retired) {
      this.tables.delete(model);
      this.#told.delete(model);
    }
    for (const table of changed) this.tables.set(table.model, table);
    this.#send({ kind: 'orders', sequence: this.#sequence, revisions, unwanted, tables: changed, retired });
  }

  #isNews(table: TableOrder): boolean {
    const text = JSON.stringify(table);
    if (this.#told.get(table.model) === text) return false;
    this.#told.set(table.model, text);
    return true;
  }

  take(socket: Socket, speaks: 'http' | 'grpc' = 'http'): Promise<boolean> {
    this.#handed += 1;
    return new Promise((resolve) => {
      if (!this.#child.connected) {
        resolve(false);
        return;
      }
      this.#handing.add(resolve);
      this.#child.send({ kind: 'connection', speaks } satisfies ToReplica, socket, {}, (error) => {
        this.#handing.delete(resolve);
        resolve(error === null);
      });
    });
  }

  /**
   * Node sends one connection after the other, each when the one before was confirmed, and forgets all of them when the process dies: those callers would wait
   * for ever. Who was not sent yet is offered to another; the one that was sent and not confirmed is closed, since the process may have begun to answer it.
   */
  #giveBack(): void {
    for (const resolve of this.#handing) resolve(false);
    this.#handing.clear();
    const { _pendingMessage: unconfirmed }: { _pendingMessage?: { handle?: { close?(): void } } | null } = Object(
      this.#child,
    );
    unconfirmed?.handle?.close?.();
  }

  tell(message: Extract<ToReplica, { kind: 'told' | 'report' | 'tls' | 'shed' }>): void {
    this.#send(message);
  }

  drain(limitMs: number, idle: 'cut' | 'leave'): void {
    if (this.draining) return;
    this.draining = true;
    this.#send({ kind: 'drain', limitMs, idle });
    // What does not end by itself is ended: a run that never returns hears no message.
    setTimeout(() => this.kill(), limitMs + KILL_AFTER_MS).unref();
  }

  kill(): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
  }

  #send(message: ToReplica): void {
    if (this.#child.connected)
      this.#child.send(message, (error) => {
        if (error !== null) console.error(`replica ${this.pid} cannot be told: ${error.message}`);
      });
  }

  #keepReport(report: ReplicaReport): void {
    const before = this.report;
    this.report = withKept(report, this.#arms, before);
    this.#events.reported(this, before);
  }

  #hear(message: FromReplica): void {
    this.heardAt = performance.now();
    switch (message.kind) {
      case 'listening':
        this.listening = true;
        break;
      case 'turned':
        this.#turned = message.sequence;
        break;
      case 'revision':
        // A revision that is no longer wanted, or that was not and is again, may still report.
        if (this.revisions.has(message.key) && message.sequence >= (this.#wantedSince.get(message.key) ?? 0))
          this.revisions.set(message.key, message.state);
        if (message.state.kind === 'ready' && this.role.kind === 'candidate') this.open();
        break;
      case 'wake':
        this.#events.woke(this, message.model);
        return;
      case 'report':
        this.#keepReport(message.report);
        if (message.ask !== undefined) this.answered = message.ask;
        this.#handed = 0;
        return;
      case 'ask':
        this.#events.asked(this, message);
        return;
    }
    this.#events.changed(this);
  }
}

/** Arms of which nothing is reported have the counts that they had. */
function withKept(
  report: ReplicaReport,
  kept: Map<string, ArmCounts>,
  before: ReplicaReport | undefined,
): ReplicaReport {
  for (const counts of report.arms) kept.set(keyOf(counts.model, counts.revision), counts);
  return { ...report, arms: report.arms.length === 0 && before !== undefined ? before.arms : [...kept.values()] };
}

const KILL_AFTER_MS = 5_000;
/** What a request leaves behind dies before it is copied: twice V8's usual room for the young costs tens of megabytes and saves a tenth of the time. */
const YOUNG_GENERATION = '--max-semi-space-size=32';
