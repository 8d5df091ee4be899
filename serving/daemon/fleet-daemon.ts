import type { ModelTarget, ObservedFleet, RevisionTarget, TrainingRequest } from '../fleet.ts';
import { Refusal } from '../protocol/refusal.ts';
import type { FromReplica, ReplicaReport, Told } from '../replica/messages.ts';
import { Lake } from '../lake/lake.ts';
import type { LogSettings } from '../lake/log-settings.ts';
import type { MessagingSettings } from '../messaging/messaging-settings.ts';
import type { TracesSettings } from '../replica/call-trace.ts';
import { answerQuestion } from './answer-question.ts';
import { type CertificateFiles, CertificateKeeper } from './certificate.ts';
import { Capacity } from './capacity/capacity.ts';
import { Catalog } from './catalog.ts';
import { type Changed, Changes } from './changes.ts';
import { Crew } from './crew.ts';
import { Failures } from './failures.ts';
import { FleetCounts } from './fleet-counts.ts';
import { type Limits, limitsOf } from './capacity/limits.ts';
import { machineOf } from './capacity/machine.ts';
import { JoinedFeedback } from './joined-feedback.ts';
import { loadingOf } from './model-control.ts';
import { observedFleet } from './observed-fleet.ts';
import { Proofs } from './proofs.ts';
import { PublicDoors, type PublicPorts } from './public-doors.ts';
import { logSocketIn, replicaSettings } from './replica-settings.ts';
import { SlowModels } from './capacity/slow-models.ts';
import type { ReplicaProcess } from './replica-process.ts';
import { type RunFolder, claimRunFolder, joinRunFolder } from './run-folder.ts';
import { type StoredModel, Store } from './store.ts';
import { isTurnable } from './tables.ts';
import { turnOf } from './turn.ts';

export type { Changed } from './changes.ts';

export interface DaemonOptions {
  /** Where the fleet remembers: see store.ts. */
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  /** Undefined: gRPC is not spoken. */
  readonly grpcPort?: number;
  /** About how long a connection of gRPC lasts; Infinity: without an end. */
  readonly grpcConnectionMs: number;
  readonly callerToken: string | undefined;
  /** The bus on which models answer, too; undefined: none. */
  readonly messaging?: MessagingSettings;
  /** Public ports speak TLS with these; undefined: they do not. */
  readonly tls?: CertificateFiles;
  readonly serverVersion: string;
  /** Callers may load and unload models over V2. */
  readonly modelControl?: boolean;
  /** Requests are traced; undefined: they are not. */
  readonly traces?: TracesSettings;
  /** Where predictions are recorded and for how long; undefined: nowhere. */
  readonly log: LogSettings | undefined;
  /** How far it may spread; left out: as limits.ts says. */
  readonly limits?: Limits;
}

/**
 * The fleet daemon: remembers what should be (catalog.ts, changes.ts), keeps replicas that make it so (crew.ts, proofs.ts), owns the public port
 * (door.ts), and answers for all replicas what one of them cannot (tally.ts, answer-question.ts).
 *
 * Every event (a change that was asked for, a replica that loaded, failed or died) leads to one turn (turn.ts), which is pure; this class only
 * says when.
 */
export class FleetDaemon {
  readonly #options: DaemonOptions;
  readonly #failures = new Failures();
  readonly #catalog: Catalog;
  readonly #changes: Changes;
  readonly #proofs: Proofs;
  readonly #crew: Crew;
  readonly #capacity: Capacity;
  readonly #slowModels: SlowModels;
  /** What its processes count. */
  readonly counted: FleetCounts;
  readonly #doors: PublicDoors;
  #lake: Lake | undefined;
  #certificate: CertificateKeeper | undefined;
  #run: RunFolder | undefined;
  #taking: () => Promise<void> = () => Promise.resolve();
  #turnPlanned = false;
  #stopping = false;
  #waiters: (() => void)[] = [];
  #watchdog: NodeJS.Timeout | undefined;

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.#catalog = new Catalog(new Store(options.folder), this.#failures, () => this.#plan());
    this.#changes = new Changes(this.#catalog, this.#failures);
    this.#proofs = new Proofs(this.#catalog, this.#failures);
    const machine = machineOf();
    const limits = options.limits ?? limitsOf({}, machine);
    this.#capacity = new Capacity(machine, limits, (key) => this.#catalog.sizeOf(key));
    this.#slowModels = new SlowModels(this.#catalog, limits);
    this.#crew = new Crew(
      this.#catalog,
      this.#failures,
      { runFolder: () => this.runFolder, settings: (role) => replicaSettings(role, options, this.#settings()) },
      {
        changed: (replica) => this.#learn(replica),
        asked: (replica, message) => this.#answer(replica, message),
        reported: (replica, before) => this.#hear(replica, before),
        woke: (_, model) => this.#awaken(model),
        ended: (replica, how) => this.#bury(replica, how),
        due: () => this.#plan(),
      },
    );
    this.#doors = new PublicDoors(this.#crew, options.tls !== undefined);
    this.counted = new FleetCounts(this.#crew, options.messaging !== undefined);
  }

  get store(): Store {
    return this.#catalog.store;
  }

  /** Claims the fleet's folder and starts replicas. */
  async claim(): Promise<void> {
    this.#run = await claimRunFolder(this.#options.folder);
    await this.#catalog.open();
    await this.#start();
  }

  /** Starts replicas beside a daemon that goes on meanwhile. Resolves when they can take over what it serves. */
  async prepare(): Promise<void> {
    const run = await joinRunFolder(this.#options.folder);
    this.#run = run;
    this.#taking = () => run.take();
    await this.#catalog.openBeside();
    await this.#start();
    while (!this.#isPrepared() && !this.#stopping) await this.#changed();
  }

  /** What the daemon before left is this one's from now on. */
  async takeOver(): Promise<void> {
    await this.#taking();
    await this.#catalog.takeOver();
  }

  /** Resolves once everything that was asked for is on disk, for the successor; more is refused, until `resume`. Callers are answered all the while. */
  handOver(): Promise<void> {
    return this.#catalog.handOver();
  }

  resume(): void {
    this.#catalog.resume();
  }

  /** Another daemon listens on the ports: answers what has come in here, and what still comes on open connections. */
  async retire(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#watchdog);
    this.#certificate?.close();
    this.#doors.leave();
    while (this.#crew.members.length > 0) {
      this.#crew.retire();
      await this.#changed();
    }
    await this.#lake?.stop();
  }

  #isPrepared(): boolean {
    if (!this.#isSettled()) return false;
    return this.observe().models.every(({ arms, revisions }) =>
      arms.every(
        ({ revision, weight }) =>
          weight === 0 || revisions.find((each) => each.revision === revision)?.state !== 'loading',
      ),
    );
  }

  #retentions(): ReadonlyMap<string, number> {
    return new Map(
      this.observe().models.flatMap(({ model, retentionMs }) =>
        retentionMs === undefined ? [] : [[model, retentionMs] as const],
      ),
    );
  }

  async #start(): Promise<void> {
    const { log, tls } = this.#options;
    if (tls !== undefined)
      this.#certificate = await CertificateKeeper.open(tls, (order) => {
        for (const replica of this.#crew.members) replica.tell({ kind: 'tls', tls: order });
      });
    if (log !== undefined)
      this.#lake = new Lake({ ...log, socket: logSocketIn(this.runFolder) }, () => this.#retentions());
    this.#watchdog = setInterval(() => this.#watch(), WATCH_MS);
    this.#plan();
  }

  /** Opens the public ports, or goes on listening on those that were held; resolves with their numbers. */
  listen(held: PublicPorts = {}): ReturnType<PublicDoors['listen']> {
    return this.#doors.listen(this.#options, held);
  }

  /** Answers what has come in, then ends every process. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#watchdog);
    this.#certificate?.close();
    this.#doors.close();
    while (this.#crew.members.length > 0) {
      this.#crew.dismiss();
      await this.#changed();
    }
    await this.#lake?.stop();
    await this.#catalog.settled();
    await this.#run?.release();
  }

  // What is asked of the fleet.

  putRevision(target: RevisionTarget): Promise<Changed> {
    return this.#changes.putRevision(target);
  }

  /** Resolves when it is in force, or after a second. */
  putModel(name: string, generation: number, target: ModelTarget): Promise<Changed> {
    return this.#inForceAfter(this.#changes.putModel(name, generation, target));
  }

  renewLease(name: string, generation: number, seconds: number): Promise<Changed> {
    return this.#inForceAfter(this.#changes.renewLease(name, generation, seconds));
  }

  /** Writes down that a caller wishes a model to be trained anew. */
  async noteTraining(name: string, request: TrainingRequest): Promise<void> {
    await this.#changes.noteTraining(name, request);
  }

  /** Lets callers ask a model, or nobody. Resolves when it is so; with the reason when it cannot be loaded. `revision`: gets every request from then on. */
  async setLoaded(name: string, isLoaded: boolean, revision: string | undefined): Promise<string | undefined> {
    await this.#changes.setLoaded(name, isLoaded, revision);
    const limit = AbortSignal.timeout(CONTROL_LIMIT_MS);
    while (!limit.aborted) {
      const loading = loadingOf(this.observe().models.find(({ model }) => model === name));
      if (isLoaded && loading.failure !== undefined) return loading.failure;
      if (this.#isSettled() && (isLoaded ? loading.isReady : !loading.isAsked)) return undefined;
      await Promise.race([this.#changed(), aborted(limit)]);
    }
    return `it took longer than ${CONTROL_LIMIT_MS / 1000} s`;
  }

  #isSettled(): boolean {
    return !this.#turnPlanned && this.#crew.open.length > 0 && this.#crew.open.every(({ settled }) => settled);
  }

  async retireModel(name: string, generation: number): Promise<Changed> {
    const changed = await this.#inForceAfter(this.#changes.retireModel(name, generation));
    if (changed.kind === 'changed') await this.#catalog.sweepArtifacts();
    return changed;
  }

  observe(): ObservedFleet {
    const log = this.#lake?.status;
    const observed = observedFleet({
      models: this.#catalog.models,
      replicas: this.#crew.members,
      open: this.#crew.open,
      failures: this.#failures,
      capacity: this.#capacity.observe(this.#catalog.models),
      resting: this.#capacity.resting,
      nowMs: Date.now(),
      digestOf: (target) => this.#catalog.digestOf(target),
    });
    return log === undefined ? observed : { ...observed, log };
  }

  modelOf(name: string): StoredModel | undefined {
    return this.#catalog.modelOf(name);
  }

  get lake(): Lake | undefined {
    return this.#lake;
  }

  /** Reads the log, everything that was answered before included. The caller removes the file. */
  async readLog(
    query: Parameters<Lake['read']>[0],
    format: Parameters<Lake['read']>[2],
  ): Promise<{ readonly file: string; readonly rows: number }> {
    if (this.#lake === undefined) throw new Refusal(404, 'this fleet records no predictions (--no-log)');
    await this.#crew.freshReports(HANDOVER_LIMIT_MS);
    const handed = this.counted.reports.flatMap((report) => report?.log.handed ?? []);
    return this.#lake.read(query, handed, format, this.runFolder);
  }

  /** What callers' labels say of the answers. */
  readonly feedback = new JoinedFeedback(this);

  /** A private folder for what lives only as long as the daemon. */
  get runFolder(): string {
    if (this.#run === undefined) throw new Error('the daemon has not started');
    return this.#run.path;
  }

  /** Connections that no replica has taken yet. */
  get waiting(): number {
    return this.#doors.waiting;
  }

  get serverVersion(): string {
    return this.#options.serverVersion;
  }

  get restarts(): number {
    return this.#failures.restarts;
  }

  // How it is done.

  #settings(): Parameters<typeof replicaSettings>[2] {
    return {
      logSocket: this.#lake === undefined ? undefined : logSocketIn(this.runFolder),
      tls: this.#certificate?.order,
    };
  }

  #plan(): void {
    if (this.#turnPlanned || this.#stopping) return;
    this.#turnPlanned = true;
    setImmediate(() => {
      this.#turnPlanned = false;
      if (!this.#stopping) this.#turn();
    });
  }

  #turn(): void {
    const failed = this.#failures.givenUp();
    const models = this.#catalog.models.filter(({ unloaded }) => unloaded !== true);
    const decided = this.#capacity.decide(models, this.#crew.open, failed, Date.now());
    this.#crew.carryOut(turnOf({ models, replicas: this.#crew.members, failed, ...decided }));
    this.#noteServed(failed);
    this.#doors.serveWaiting();
    this.#wake();
  }

  /** Remembers what all open replicas have in force, so that a restart in the middle of a change can go on serving it. */
  #noteServed(failed: ReadonlyMap<string, string>): void {
    const { open } = this.#crew;
    for (const model of this.#catalog.models) {
      const { target, generation, served } = model;
      if (target === undefined || served?.generation === generation || open.length === 0) continue;
      const inForce = open.every((replica) => {
        const table = replica.tables.get(model.model);
        if (table?.generation !== generation) return false;
        return table.waits === 'resting' || isTurnable(table, replica, failed);
      });
      if (inForce)
        this.#catalog
          .save({ ...model, served: { generation, target } })
          .catch((error: unknown) => console.error('what is served could not be remembered', error));
    }
  }

  #learn(replica: ReplicaProcess): void {
    this.#proofs.learn(replica);
    this.#plan();
    this.#wake();
  }

  #hear(replica: ReplicaProcess, before: ReplicaReport | undefined): void {
    if (replica.report === undefined) return;
    this.#slowModels.heard(replica.id, replica.report);
    if (replica.role.kind === 'public') this.#capacity.heard(replica.id, replica.report, before);
  }

  #awaken(model: string): void {
    if (this.#capacity.wake(model, Date.now())) this.#plan();
  }

  #bury(replica: ReplicaProcess, how: string): void {
    this.#capacity.ended(replica.id);
    this.#slowModels.ended(replica.id);
    this.counted.retain(replica.report);
    if (!replica.draining && !this.#stopping) {
      console.error(`replica ${replica.pid} (${replica.role.kind}) ended by ${how}`);
      this.#proofs.ended(replica, how);
    }
    this.#plan();
    this.#wake();
  }

  #answer(replica: ReplicaProcess, { ask, question }: Extract<FromReplica, { kind: 'ask' }>): void {
    answerQuestion(this, question)
      .catch(
        (error: unknown): Told => ({
          status: 500,
          contentType: 'application/json',
          body: JSON.stringify({ error: error instanceof Error ? error.message : String(error) }),
        }),
      )
      .then((answer) => replica.tell({ kind: 'told', ask, answer }))
      .catch((error: unknown) => console.error('an answer could not be given to a replica', error));
  }

  /** Waits until every open replica has its last orders in force, or the limit has passed. */
  async #inForceAfter(changing: Promise<Changed>): Promise<Changed> {
    const changed = await changing;
    if (changed.kind !== 'changed') return changed;
    const limit = AbortSignal.timeout(TURN_LIMIT_MS);
    while (!limit.aborted && (this.#turnPlanned || !this.#crew.open.every(({ settled }) => settled)))
      await Promise.race([this.#changed(), aborted(limit)]);
    return changed;
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }

  #watch(): void {
    this.#crew.killSilent();
    this.#capacity.sample(this.#catalog.models, this.#crew.members, Date.now());
    this.#slowModels.look(this.#capacity.resting, Date.now());
    this.#plan();
  }
}

const CONTROL_LIMIT_MS = 120_000;
const TURN_LIMIT_MS = 1_000;
const WATCH_MS = 1_000;
const HANDOVER_LIMIT_MS = 3_000;

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
