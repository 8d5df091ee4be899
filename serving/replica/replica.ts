import type { Socket } from 'node:net';
import type { Explainer } from '../explain/explainer.ts';
import type { LogSchema } from '../lake/entry.ts';
import type { Messaging } from '../messaging/messaging.ts';
import { Awakening } from './awakening.ts';
import { type ArmCounts, ArmCounter } from './counters.ts';
import { Journal } from './journal.ts';
import { type LoadedRevision, loadRevision } from './load-revision.ts';
import {
  type FromReplica,
  type Question,
  type ReplicaReport,
  type ReplicaSettings,
  type RevisionOrder,
  type RevisionState,
  type TableOrder,
  type TlsOrder,
  type Told,
  keyOf,
} from './messages.ts';
import type { GrpcDoor } from './grpc.ts';
import { HttpDoor } from './http-door.ts';
import { type SecureDoor, openSecureDoor } from './secure-door.ts';
import { RemoteArm } from './remote-arm.ts';
import { type CopyTaker, takeCopies } from './copy-taker.ts';
import { ShadowArms } from './shadow-arms.ts';
import type { RouteContext } from './routes.ts';
import type { Serving } from './serve-call.ts';
import { type Table, tableOf } from './table.ts';

/**
 * One replica: the revisions it runs, its tables of arms, and one HTTP server fed by its own Unix socket and by connections that the daemon
 * hands over.
 *
 * starting → (orders) → serving → (drain) → draining → gone. Draining: every answer closes its connection, idle connections end by the usual
 * keep-alive limit, and when none is left or the limit has passed the process ends.
 */
export class Replica {
  readonly #settings: ReplicaSettings;
  readonly #say: (message: FromReplica) => void;
  readonly #journal: Journal;
  readonly #context: RouteContext;
  readonly #http: HttpDoor;
  #grpc: Promise<GrpcDoor> | undefined;
  #explainer: Promise<Explainer> | undefined;
  readonly #secure: SecureDoor | undefined;
  readonly #counters = new Map<string, ArmCounter>();
  readonly #loaded = new Map<string, LoadedRevision>();
  readonly #remotes = new Map<string, RemoteArm>();
  readonly #shadows = new ShadowArms((model, revision) => this.#counterOf(model, revision));
  #copies: CopyTaker | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #asked = new Map<number, (told: Told) => void>();
  #wanted = new Map<string, RevisionOrder>();
  readonly #failed = new Set<string>();
  #orders: readonly TableOrder[] = [];
  #tables: ReadonlyMap<string, Table> = new Map();
  #loading = false;
  #inFlight = 0;
  #unused = 0;
  #asks = 0;
  #draining = false;
  /** Connections that are still to end, so that others get a share of their callers. */
  #toShed = 0;
  #sequence = 0;
  readonly #awakening = new Awakening((model) => this.#say({ kind: 'wake', model }));
  /** What was counted when an arm was reported last. */
  readonly #reported = new Map<ArmCounter, number>();
  #messaging: Messaging | undefined;
  #reporter: NodeJS.Timeout;

  constructor(settings: ReplicaSettings, say: (message: FromReplica) => void) {
    this.#settings = settings;
    this.#say = say;
    this.#journal = new Journal(settings.logSocket);
    const serving: Serving = {
      table: (model) => this.#tables.get(model),
      counter: (model, revision) => this.#counterOf(model, revision),
      journal: this.#journal,
      countUnused: (names) => {
        this.#unused += names;
      },
      awaken: async (model) => {
        await this.#awakening.wait(model);
        return this.#tables.get(model);
      },
    };
    const http: Omit<RouteContext, 'isRelay'> = {
      settings,
      serving,
      tables: () => this.#tables,
      ask: (question: Question) => this.#ask(question),
      loaded: (model, revision) => this.#loaded.get(keyOf(model, revision)),
      explainer: () => this.#openExplainer(),
      draining: () => this.#isLastAnswer(),
      track: async (work) => {
        this.#inFlight += 1;
        try {
          return await work;
        } finally {
          this.#inFlight -= 1;
        }
      },
    };
    this.#http = new HttpDoor(http, this.#sockets);
    const context: RouteContext = { ...http, isRelay: (socket) => this.#http.isRelay(socket) };
    this.#context = context;
    this.#reporter = setInterval(() => this.report(), REPORT_MS);
    const { messaging } = settings;
    if (messaging !== undefined)
      import('../messaging/messaging.ts').then(
        (room) => {
          this.#messaging = new room.Messaging(messaging, context);
        },
        (error: unknown) => console.error('NATS: the bus cannot be used', error),
      );
    if (settings.tls !== undefined)
      this.#secure = openSecureDoor(settings.tls, (socket, speaks) => this.#welcome(socket, speaks));
  }

  listen(): void {
    if (this.#settings.proves) this.#copies = takeCopies(this.#settings.socket, this.#context.serving);
    const opened = this.#settings.speaksGrpc ? this.#openGrpc() : Promise.resolve();
    opened.then(
      () => this.#http.listen(this.#settings.socket, () => this.#say({ kind: 'listening' })),
      (error: unknown) => {
        console.error('gRPC could not be opened', error);
        process.exit(1);
      },
    );
  }

  /** A caller's connection, accepted by the daemon. */
  accept(socket: Socket, speaks: 'http' | 'grpc'): void {
    socket.setNoDelay(true);
    if (this.#secure === undefined) {
      this.#welcome(socket, speaks);
      return;
    }
    // Counted while it shakes hands: a replica that drains waits for it.
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    this.#secure.accept(socket, speaks);
  }

  /** For connections from now on. */
  renew(tls: TlsOrder): void {
    this.#secure?.renew(tls);
  }

  #welcome(socket: Socket, speaks: 'http' | 'grpc'): void {
    if (speaks === 'grpc') {
      this.#acceptGrpc(socket).catch((error: unknown) => {
        console.error('a gRPC connection could not be taken', error);
        socket.destroy();
      });
      return;
    }
    this.#http.accept(socket);
  }

  /** Loaded when the first connection comes, or when the fleet has the port: most fleets never do. */
  async #acceptGrpc(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    const door = await this.#openGrpc();
    door.accept(socket);
    socket.resume();
  }

  #openGrpc(): Promise<GrpcDoor> {
    this.#grpc ??= import('./grpc.ts').then(({ openGrpcDoor }) => openGrpcDoor(this.#context));
    return this.#grpc;
  }

  /** Loaded when somebody asks: most processes never explain. */
  #openExplainer(): Promise<Explainer> {
    this.#explainer ??= import('../explain/explainer.ts').then(({ Explainer: Opened }) => new Opened());
    return this.#explainer;
  }

  /** So many connections end with their next answer. */
  shed(connections: number): void {
    this.#toShed = connections;
  }

  /** Asked once for every answer. */
  #isLastAnswer(): boolean {
    if (this.#draining) return true;
    if (this.#toShed === 0) return false;
    this.#toShed -= 1;
    return true;
  }

  order(sequence: number, revisions: readonly RevisionOrder[], tables: readonly TableOrder[]): void {
    const before = this.#wanted;
    this.#sequence = sequence;
    this.#wanted = new Map(revisions.map((order) => [keyOf(order.model, order.revision), order]));
    for (const key of this.#failed) if (!this.#wanted.has(key)) this.#failed.delete(key);
    this.#orders = tables;
    const sockets = new Set(tables.flatMap(({ arms }) => arms.flatMap(({ socket }) => socket ?? [])));
    for (const socket of sockets) if (!this.#remotes.has(socket)) this.#remotes.set(socket, new RemoteArm(socket));
    this.#shadows.follow(tables);
    this.#turn();
    this.#say({ kind: 'turned', sequence });
    // Unwanted and wanted again before it was let go: whoever ordered it must hear that it is here.
    for (const key of this.#wanted.keys()) {
      const loaded = before.has(key) ? undefined : this.#loaded.get(key);
      if (loaded !== undefined) this.#sayReady(key, loaded);
    }
    for (const [socket, remote] of this.#remotes)
      if (!sockets.has(socket)) {
        this.#remotes.delete(socket);
        remote.close();
      }
    if (this.#loading) return;
    this.#loading = true;
    void this.#load();
  }

  told(ask: number, answer: Told): void {
    this.#asked.get(ask)?.(answer);
    this.#asked.delete(ask);
  }

  /** Ends when the last connection has; at the limit, whatever is still open is cut. */
  async drain(limitMs: number, idle: 'cut' | 'leave'): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    this.#copies?.close();
    this.#http.drain(idle);
    if (this.#grpc !== undefined) (await this.#grpc).drain(limitMs);
    const left = this.#messaging?.drain(limitMs, idle === 'cut' ? 0 : HANDOVER_MS);
    const until = performance.now() + limitMs;
    while (this.#sockets.size > 0 && performance.now() < until)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    await left;
    clearInterval(this.#reporter);
    this.#http.close();
    for (const socket of this.#sockets) socket.destroy();
    await this.#journal.close(LOG_CLOSE_MS);
    this.report();
  }

  report(ask?: number): void {
    this.#say({ kind: 'report', report: this.#report(), ...(ask === undefined ? {} : { ask }) });
  }

  #report(): ReplicaReport {
    let queued = 0;
    for (const { batcher } of this.#loaded.values()) queued += batcher.queued;
    const busy = new Set(this.#awakening.models);
    for (const { order, batcher } of this.#loaded.values()) if (batcher.queued > 0) busy.add(order.model);
    const handed = this.#journal.handOver();
    return {
      arms: this.#changedArms(),
      busy: [...busy],
      inFlight: this.#inFlight + this.#http.inFlight,
      queued,
      connections: this.#sockets.size,
      rssBytes: process.memoryUsage.rss(),
      log: {
        written: this.#journal.written,
        dropped: this.#journal.dropped,
        ...(handed === undefined ? {} : { handed }),
      },
      unusedInputs: this.#unused,
    };
  }

  #changedArms(): readonly ArmCounts[] {
    const changed: ArmCounts[] = [];
    for (const counter of this.#counters.values()) {
      const { stamp } = counter;
      if (this.#reported.get(counter) === stamp) continue;
      this.#reported.set(counter, stamp);
      changed.push(counter.snapshot());
    }
    return changed;
  }

  /** Puts the tables in force with what is loaded now; `changed` is the model of which something was loaded or let go. */
  #turn(changed?: string): void {
    const before = this.#tables;
    this.#tables = new Map(
