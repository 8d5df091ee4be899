import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { entryFile } from '../model/entry-file.ts';
import { replicaEnvironment } from '../config.ts';
import type {
  FromReplica,
  ReplicaReport,
  ReplicaSettings,
  RevisionOrder,
  RevisionState,
  TableOrder,
  ToReplica,
} from '../replica/messages.ts';
import type { Taker } from './door.ts';
import type { ReplicaView, Role } from './turn.ts';

const ENTRY = entryFile('../replica/main.ts', import.meta.url);

export interface ReplicaEvents {
  /** Something that a turn may want to know has changed. */
  changed(replica: ReplicaProcess): void;
  asked(replica: ReplicaProcess, message: Extract<FromReplica, { kind: 'ask' }>): void;
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
  /** Was ready for callers, as opposed to having died before. */
  opened = false;
  report: ReplicaReport | undefined;
  /** The last question for a report that it has answered. */
  answered = -1;
  heardAt = performance.now();
  #handed = 0;
  #sequence = 0;
  #turned = 0;
  #ordered = '';

  constructor(id: number, role: Role, settings: ReplicaSettings, events: ReplicaEvents) {
    this.id = id;
    this.role = role;
    this.socket = settings.socket;
    this.#events = events;
    this.#child = fork(ENTRY, [], {
      execArgv: [],
      serialization: 'advanced',
      env: replicaEnvironment(),
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message: FromReplica) => this.#hear(message));
    this.#child.on('error', (error) => console.error(`replica ${this.pid}: ${error.message}`));
    this.#child.on('exit', (status, signal) => events.ended(this, signal ?? `exit status ${status}`));
    this.#send({ kind: 'start', settings });
  }

  get pid(): string {
    return String(this.#child.pid ?? `unborn ${this.id}`);
  }

  get connections(): number {
    return (this.report?.connections ?? 0) + this.#handed;
  }

  /** Whether the last orders are in force. */
  get settled(): boolean {
    return this.#turned === this.#sequence;
  }

  order(
    revisions: readonly { readonly key: string; readonly order: RevisionOrder }[],
    tables: readonly TableOrder[],
  ): void {
    const ordered = JSON.stringify([revisions.map(({ key }) => key), tables]);
    if (ordered === this.#ordered) return;
    this.#ordered = ordered;
    this.#sequence += 1;
    const keys = new Set(revisions.map(({ key }) => key));
    for (const key of this.revisions.keys()) if (!keys.has(key)) this.revisions.delete(key);
    for (const key of keys) if (!this.revisions.has(key)) this.revisions.set(key, { kind: 'loading' });
    this.tables.clear();
    for (const table of tables) this.tables.set(table.model, table);
    this.#send({ kind: 'orders', sequence: this.#sequence, revisions: revisions.map(({ order }) => order), tables });
  }

  take(socket: Socket, speaks: 'http' | 'grpc' = 'http'): Promise<boolean> {
    this.#handed += 1;
    return new Promise((resolve) => {
      if (!this.#child.connected) resolve(false);
      else
        this.#child.send({ kind: 'connection', speaks } satisfies ToReplica, socket, {}, (error) =>
          resolve(error === null),
        );
    });
  }

  tell(message: Extract<ToReplica, { kind: 'told' | 'report' | 'tls' }>): void {
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
        // A revision that is no longer wanted may still report.
        if (this.revisions.has(message.key)) this.revisions.set(message.key, message.state);
        break;
      case 'report':
        this.report = message.report;
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

const KILL_AFTER_MS = 5_000;
