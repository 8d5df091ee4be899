import type { Socket } from 'node:net';
import type { Explainer } from '../explain/explainer.ts';
import type { LogSchema } from '../lake/entry.ts';
import type { Messaging } from '../messaging/messaging.ts';
import { Awakening } from './awakening.ts';
import { type ArmCounts, ArmCounter } from './counters.ts';
import { Journal } from './journal.ts';
import { type LoadedRevision, loadRevision } from './load-revision.ts';
import { Neighbours } from './neighbours.ts';
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
import type { Tracing } from './call-trace.ts';
import { type CopyTaker, takeCopies } from './copy-taker.ts';
import { ShadowArms } from './shadow-arms.ts';
import type { RouteContext } from './routes.ts';
import type { Serving } from './serve-call.ts';
import { type Table, tableOf } from './table.ts';
import { watchVitals } from './vitals.ts';

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
  #explained = (): number => 0;
  readonly #secure: SecureDoor | undefined;
  readonly #vitals = watchVitals();
  #tracing: Tracing | undefined;
  /** By model, then by revision: asked for several times a request, so that no key is put together. */
  readonly #counters = new Map<string, Map<string, ArmCounter>>();
  readonly #loaded = new Map<string, LoadedRevision>();
  readonly #neighbours = new Neighbours();
  /** By key. */
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
      tracing: () => this.#tracing,
      countUnused: (names) => {
        this.#unused += names;
      },
      listener: () => this.#messaging?.listener,
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
    Promise.all([opened, this.#openTracing()]).then(
      () => this.#http.listen(this.#settings.socket, () => this.#say({ kind: 'listening' })),
      (error: unknown) => {
        console.error('gRPC or tracing could not be opened', error);
        process.exit(1);
      },
    );
  }

  /** OpenTelemetry's SDK is loaded only where an exporter is configured. */
  async #openTracing(): Promise<void> {
    const { traces, serverVersion } = this.#settings;
    if (traces === undefined) return;
    const { openTelemetry } = await import('./open-telemetry.ts');
    this.#tracing = openTelemetry(traces, serverVersion);
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
    this.#explainer ??= import('../explain/explainer.ts').then(({ Explainer: Opened }) => {
      const explainer = new Opened();
      this.#explained = () => explainer.answered;
      return explainer;
    });
    return this.#explainer;
  }

  /** So many connections end: of HTTP with their next answer, of gRPC once their calls have; of each kind by its share. */
  shed(connections: number): void {
    this.#toShed = connections;
    void this.#grpc?.then((grpc) => {
      const ofGrpc = Math.round((connections * grpc.connections) / Math.max(1, this.#sockets.size));
      this.#toShed = Math.max(0, this.#toShed - ofGrpc);
      grpc.shed(ofGrpc);
    });
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
    const left = this.#followRemotes(tables);
    this.#shadows.follow(tables);
    this.#turn();
    this.#say({ kind: 'turned', sequence });
    // Unwanted and wanted again before it was let go: whoever ordered it must hear that it is here.
    for (const key of this.#wanted.keys()) {
      const loaded = before.has(key) ? undefined : this.#loaded.get(key);
      if (loaded !== undefined) this.#sayReady(key, loaded);
    }
    for (const remote of left) remote.close();
    if (this.#loading) return;
    this.#loading = true;
    void this.#load();
  }

  /** Opens the ways to arms of other processes, and returns those that no table needs any more. What has lost its process waits for the next one. */
  #followRemotes(tables: readonly TableOrder[]): readonly RemoteArm[] {
    const unneeded = new Set(this.#remotes.keys());
    for (const { model, arms } of tables) {
      const isSlow = arms.some(({ sockets, leased, shadow }) => sockets !== undefined && !leased && shadow !== true);
      for (const { revision, sockets, leased, shadow, schema } of arms) {
        const key = keyOf(model, revision);
        if (schema !== undefined) this.#journal.describe(schema);
        unneeded.delete(key);
        const remote = this.#remotes.get(key) ?? (sockets === undefined ? undefined : new RemoteArm());
        if (remote === undefined) continue;
        this.#remotes.set(key, remote);
        remote.isStable = !leased && shadow !== true;
        remote.isSlow = isSlow;
        remote.follow(sockets ?? []);
      }
    }
    const left = [...unneeded].flatMap((key) => this.#remotes.get(key) ?? []);
    for (const key of unneeded) this.#remotes.delete(key);
    return left;
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
    if (this.#grpc !== undefined) (await this.#grpc).close();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all([
      this.#journal.close(LOG_CLOSE_MS),
      Promise.race([this.#tracing?.close(), new Promise((resolve) => setTimeout(resolve, LOG_CLOSE_MS))]),
    ]);
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
    const relayed = this.#relayed();
    for (const { model } of relayed) busy.add(model);
    const handed = this.#journal.handOver();
    return {
      arms: this.#changedArms(),
      busy: [...busy],
      inFlight: this.#inFlight + this.#http.inFlight + (this.#messaging?.inFlight ?? 0),
      queued,
      connections: this.#sockets.size,
      rssBytes: process.memoryUsage.rss(),
      vitals: this.#vitals(),
      log: {
        written: this.#journal.written,
        dropped: this.#journal.dropped,
        ...(handed === undefined ? {} : { handed }),
      },
      unusedInputs: this.#unused,
      explanations: this.#explained(),
      runMs: [...this.#loaded].flatMap(([key, { batcher }]) => {
        const { runTime } = batcher;
        return runTime === undefined ? [] : [{ key, ...runTime }];
      }),
      ...(relayed.length === 0 ? {} : { relayed }),
      ...(this.#messaging === undefined ? {} : { messaging: this.#messaging.report() }),
    };
  }

  #relayed(): NonNullable<ReplicaReport['relayed']> {
    return this.#orders.flatMap(({ model, arms }) => {
      const inFlight = arms.reduce(
        (sum, { revision }) => sum + (this.#remotes.get(keyOf(model, revision))?.inFlight ?? 0),
        0,
      );
      return inFlight === 0 ? [] : [{ model, inFlight }];
    });
  }

  #changedArms(): readonly ArmCounts[] {
    const changed: ArmCounts[] = [];
    for (const counter of [...this.#counters.values()].flatMap((ofModel) => [...ofModel.values()])) {
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
      this.#orders.map((order) => {
        const known = before.get(order.model);
        const isSame = known?.order === order && order.model !== changed;
        return [order.model, isSame ? known : tableOf(order, this.#loaded, this.#remotes, this.#shadows, known?.cache)];
      }),
    );
    for (const model of this.#awakening.models)
      if (this.#tables.get(model)?.isAsleep !== true) this.#awakening.settle(model);
    this.#messaging?.turned();
  }

  /** Loads what is wanted, one after the other, and lets go of what is not, until both agree. */
  async #load(): Promise<void> {
    for (;;) {
      for (const [key, loaded] of this.#loaded)
        if (!this.#wanted.has(key)) {
          this.#loaded.delete(key);
          this.#turn(loaded.order.model);
          void this.#release(loaded);
        }
      const next = [...this.#wanted].find(([key]) => !this.#loaded.has(key) && !this.#failed.has(key));
      if (next === undefined) {
        // At once: orders that come in one breath are told before any promise settles, and the second must not find this busy.
        this.#loading = false;
        return;
      }
      await this.#loadOne(...next);
    }
  }

  async #loadOne(key: string, order: RevisionOrder): Promise<void> {
    this.#sayState(key, { kind: 'loading' });
    try {
      const loaded = await loadRevision(
        order,
        this.#counterOf(order.model, order.revision),
        this.#settings.proves,
        this.#neighbours,
      );
      this.#loaded.set(key, loaded);
      this.#journal.describe(schemaOf(loaded));
      this.#turn(order.model);
      this.#sayReady(key, loaded);
    } catch (error) {
      this.#failed.add(key);
      const reason = error instanceof Error ? error.message : String(error);
      this.#sayState(key, { kind: 'failed', reason });
    }
  }

  #sayReady(key: string, loaded: LoadedRevision): void {
    const { loadMs, knows } = loaded;
    this.#sayState(key, {
      kind: 'ready',
      loadMs,
      knows: [...knows],
      ...(this.#settings.proves ? { schema: schemaOf(loaded) } : {}),
    });
  }

  #sayState(key: string, state: RevisionState): void {
    this.#say({ kind: 'revision', key, state, sequence: this.#sequence });
  }

  /** Requests that were assigned before the table turned still come to it for a moment. */
  async #release({ batcher, session }: LoadedRevision): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, RELEASE_MS));
    await batcher.settled();
    await session.close();
  }

  #counterOf(model: string, revision: string): ArmCounter {
    const known = this.#counters.get(model)?.get(revision);
    if (known !== undefined) return known;
    const counter = new ArmCounter(model, revision);
    const ofModel = this.#counters.get(model) ?? new Map<string, ArmCounter>();
    ofModel.set(revision, counter);
    this.#counters.set(model, ofModel);
    return counter;
  }

  #ask(question: Question): Promise<Told> {
    const ask = this.#asks++;
    return new Promise((resolve) => {
      const limit = setTimeout(
        () => {
          this.#asked.delete(ask);
          resolve({
            status: 503,
            contentType: 'application/json',
            body: '{"error":"the fleet daemon did not answer"}',
          });
        },
        question.kind === 'control' ? CONTROL_LIMIT_MS : ASK_LIMIT_MS,
      );
      this.#asked.set(ask, (told) => {
        clearTimeout(limit);
        resolve(told);
      });
      this.#say({ kind: 'ask', ask, question });
    });
  }
}

/** Longer than any request that is on its way from the choice of its arm to that arm's queue. */
const RELEASE_MS = 1_000;
/** The replicas that take over have time to be heard on the bus: nobody holds its subscriptions as the daemon holds the port. */
const HANDOVER_MS = 1_000;
const REPORT_MS = 500;
const POLL_MS = 25;
const LOG_CLOSE_MS = 2_000;
const ASK_LIMIT_MS = 10_000;
/** Longer than the daemon waits for a model to be loaded. */
const CONTROL_LIMIT_MS = 130_000;

function schemaOf({ order, records, score, session }: LoadedRevision): LogSchema {
  const hidden = new Set(order.privateColumns);
  const { model, version, revision, digest, specification } = order;
  const columns =
    records.kind === 'signature'
      ? records.signature.columns.map(({ name, type }) => ({ name, type }))
      : session.inputs.map(({ name }) => ({ name, type: 'list' as const }));
  const declared = Object.entries(specification.columns)
    .filter(([name, { type }]) => type !== undefined && !columns.some((column) => column.name === name))
    .map(([name, { type }]) => ({ name, type: type ?? 'text' }));
  return {
    model,
    version,
    revision,
    digest,
    columns: [...columns, ...declared].filter(({ name }) => !hidden.has(name)),
    inputs: records.kind === 'signature' ? records.signature.inputs : [],
    withheld: order.privateColumns,
    ...(order.hashedColumns === undefined ? {} : { hashed: order.hashedColumns }),
    ...(score === undefined ? {} : { score }),
  };
}
