import { type ChildProcess, type SendHandle, fork } from 'node:child_process';
import { entryFile } from '../model/entry-file.ts';
import type { FromDaemon, PortName, ReadyLine, ToDaemon } from './keeper-messages.ts';

const DAEMON = entryFile('main.ts', import.meta.url);

export interface KeeperEvents {
  /** Once, when the first daemon's ports are open. `daemon` is its process. */
  ready(line: ReadyLine, daemon: number): void;
  /** All daemons have ended, or the first never became ready. */
  ended(status: number): void;
}

/**
 * Keeps one fleet daemon running, under a process id that stays the same for whoever started the fleet, and holds a copy of its listening sockets, so
 * that what is queued on them outlives any daemon. A daemon that dies is followed by an heir; asked to restart, the keeper starts a successor from the
 * program on disk and lets the old one go when the new one answers.
 *
 * first → running → (restart) preparing → handing over → taking over → running. Whatever goes wrong before the successor is ready ends the
 * successor, and the old daemon goes on.
 */
export class Keeper {
  readonly #args: readonly string[];
  readonly #events: KeeperEvents;
  readonly #ports = new Map<PortName, SendHandle>();
  readonly #all = new Set<ChildProcess>();
  #current: ChildProcess | undefined;
  #currentSince = 0;
  #successor: ChildProcess | undefined;
  #limit: NodeJS.Timeout | undefined;
  #wasReady = false;
  #stopping = false;
  #deaths = 0;

  /** `args`: of every daemon. */
  constructor(args: readonly string[], events: KeeperEvents) {
    this.#args = args;
    this.#events = events;
  }

  start(): void {
    this.#current = this.#fork('first');
  }

  /** Does nothing while a restart, or the start, is under way. */
  restart(): void {
    if (!this.#wasReady || this.#successor !== undefined || this.#stopping || this.#current === undefined) return;
    console.error('the fleet daemon restarts: its successor prepares');
    this.#successor = this.#fork('successor');
    this.#giveUpAfter(PREPARE_LIMIT_MS);
  }

  /** Lets every daemon answer what it has, and end. */
  stop(): void {
    this.#stopping = true;
    clearTimeout(this.#limit);
    if (this.#all.size === 0) this.#events.ended(0);
    for (const daemon of this.#all) tell(daemon, { kind: 'stop' });
  }

  #fork(as: 'first' | 'heir' | 'successor'): ChildProcess {
    const daemon = fork(DAEMON, [...this.#args], {
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#all.add(daemon);
    if (as !== 'successor') this.#currentSince = performance.now();
    daemon.on('message', (message: FromDaemon, handle: unknown) => this.#hear(daemon, message, handle));
    daemon.on('error', (error) => console.error(`the fleet daemon: ${error.message}`));
    daemon.on('exit', (status, signal) => this.#bury(daemon, status, signal));
    for (const name of this.#ports.keys()) this.#givePort(daemon, name);
    tell(daemon, { kind: 'start', as });
    return daemon;
  }

  #givePort(daemon: ChildProcess, name: PortName): void {
    tell(daemon, { kind: 'port', name }, this.#ports.get(name));
  }

  #hear(daemon: ChildProcess, message: FromDaemon, handle: unknown): void {
    switch (message.kind) {
      case 'port':
        // A handle of Node's own, which stays open without taking connections for as long as it is held.
        this.#ports.set(message.name, handle as SendHandle);
        return;
      case 'prepared':
        if (daemon !== this.#successor || this.#current === undefined) return;
        tell(this.#current, { kind: 'hand-over' });
        this.#giveUpAfter(HAND_OVER_LIMIT_MS);
        return;
      case 'handed-over':
        if (daemon !== this.#current || this.#successor === undefined) return;
        tell(this.#successor, { kind: 'take-over' });
        this.#giveUpAfter(TAKE_OVER_LIMIT_MS);
        return;
      case 'ready':
        this.#ready(daemon, message.line);
        return;
      case 'restart':
        this.restart();
        return;
      case 'stop':
        this.stop();
    }
  }

  #ready(daemon: ChildProcess, line: ReadyLine): void {
    if (!this.#wasReady) this.#events.ready(line, daemon.pid ?? 0);
    this.#wasReady = true;
    clearTimeout(this.#limit);
    if (daemon !== this.#successor) return;
    if (this.#current !== undefined) tell(this.#current, { kind: 'retire' });
    this.#current = daemon;
    this.#currentSince = performance.now();
    this.#successor = undefined;
    console.error(`the fleet daemon has restarted as process ${daemon.pid}`);
  }

  #giveUpAfter(limitMs: number): void {
    clearTimeout(this.#limit);
    this.#limit = setTimeout(() => {
      console.error(`the successor did not get on for ${limitMs} ms, and is ended`);
      this.#successor?.kill('SIGKILL');
    }, limitMs);
  }

  #bury(daemon: ChildProcess, status: number | null, signal: string | null): void {
    this.#all.delete(daemon);
    const how = signal ?? `exit status ${status}`;
    if (this.#stopping || !this.#wasReady) {
      if (this.#all.size === 0) this.#events.ended(this.#wasReady && status === 0 ? 0 : (status ?? 1));
    } else if (daemon === this.#successor) {
      clearTimeout(this.#limit);
      this.#successor = undefined;
      console.error(`the successor ended by ${how}; the fleet daemon of before goes on`);
      if (this.#current !== undefined) {
        // The one port that it may have left already.
        this.#givePort(this.#current, 'admin');
        tell(this.#current, { kind: 'resume' });
      }
    } else if (daemon === this.#current) this.#replace(how);
  }

  /** Connections wait on the ports, which are open all the while. */
  #replace(how: string): void {
    console.error(`the fleet daemon ended by ${how}`);
    this.#current = undefined;
    if (this.#successor !== undefined) {
      tell(this.#successor, { kind: 'take-over' });
      this.#giveUpAfter(TAKE_OVER_LIMIT_MS);
      this.#current = this.#successor;
      this.#successor = undefined;
      return;
    }
    this.#deaths = performance.now() - this.#currentSince > STABLE_MS ? 0 : this.#deaths + 1;
    const waitMs = this.#deaths === 0 ? 0 : Math.min(MOST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#deaths);
    setTimeout(() => {
      if (this.#stopping) this.#events.ended(0);
      else this.#current = this.#fork('heir');
    }, waitMs);
  }
}

/** Loading models of some gigabytes from a slow disk, twice. */
const PREPARE_LIMIT_MS = 600_000;
const HAND_OVER_LIMIT_MS = 15_000;
const TAKE_OVER_LIMIT_MS = 30_000;
/** A daemon that lived this long died of something new. */
const STABLE_MS = 10_000;
const FIRST_WAIT_MS = 125;
const MOST_WAIT_MS = 10_000;

function tell(daemon: ChildProcess, message: ToDaemon, handle?: SendHandle): void {
  if (daemon.connected)
    daemon.send(message, handle, {}, (error) => {
      if (error !== null) console.error(`the fleet daemon cannot be told: ${error.message}`);
    });
}
