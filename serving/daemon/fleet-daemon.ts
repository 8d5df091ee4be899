import { join } from 'node:path';
import { parseManifest } from '../../checks/manifest/parse-manifest.ts';
import type { ModelTarget, ObservedFleet, RevisionTarget } from '../fleet.ts';
import { targetProblemOf } from '../drivers/target-problem.ts';
import type { Specification } from '../model/specification.ts';
import { Refusal } from '../protocol/refusal.ts';
import { type ArmCounts, addedCounts } from '../replica/counters.ts';
import { type FromReplica, type ReplicaReport, type RevisionOrder, type Told, keyOf } from '../replica/messages.ts';
import { Lake } from '../lake/lake.ts';
import type { MessagingSettings } from '../messaging/messaging-settings.ts';
import { answerQuestion } from './answer-question.ts';
import { Door } from './door.ts';
import { Failures } from './failures.ts';
import { observedFleet } from './observed-fleet.ts';
import { ReplicaProcess } from './replica-process.ts';
import { type RunFolder, claimRunFolder } from './run-folder.ts';
import { type StoredModel, Store } from './store.ts';
import { type Role, type Turn, isTurnable, turnOf } from './turn.ts';

export interface DaemonOptions {
  /** Where the fleet remembers: see store.ts. */
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  /** Undefined: gRPC is not spoken. */
  readonly grpcPort?: number;
  readonly callerToken: string | undefined;
  /** The bus on which models answer, too; undefined: none. */
  readonly messaging?: MessagingSettings;
  readonly serverVersion: string;
  /** Where predictions are recorded and for how long; undefined: nowhere. */
  readonly log: { readonly folder: string; readonly retentionMs: number } | undefined;
}

/** Outcome of a change that was asked for. */
export type Changed =
  | { readonly kind: 'changed'; readonly generation: number }
  | { readonly kind: 'conflict'; readonly generation: number }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * The fleet daemon: remembers what should be, keeps replicas that make it so, owns the public port, and answers for all replicas what
 * one of them cannot.
 *
 * Every event (a change that was asked for, a replica that loaded, failed or died) leads to one turn (turn.ts), which is pure; this class only
 * carries out what it says.
 */
export class FleetDaemon {
  readonly #options: DaemonOptions;
  readonly #store: Store;
  readonly #door: Door;
  readonly #grpcDoor: Door;
  readonly #models = new Map<string, StoredModel>();
  readonly #specifications = new Map<
    string,
    { readonly specification: Specification; readonly privateColumns: readonly string[] }
  >();
  readonly #replicas = new Map<number, ReplicaProcess>();
  readonly #failures = new Failures();
  /** Counts of processes that have ended. */
  readonly #retained = new Map<string, ArmCounts>();
  readonly #retainedTotals = { written: 0, dropped: 0, unusedInputs: 0 };
  #lake: Lake | undefined;
  readonly #epoch = `${process.pid}-${Date.now()}`;
  #open: readonly ReplicaProcess[] = [];
  #run: RunFolder | undefined;
  #nextId = 1;
  #asks = 0;
  #turnPlanned = false;
  #stopping = false;
  #waiters: (() => void)[] = [];
  #saving: Promise<void> = Promise.resolve();
  #watchdog: NodeJS.Timeout | undefined;

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.#store = new Store(options.folder);
    this.#door = new Door(() => this.#open, 'http');
    this.#grpcDoor = new Door(() => this.#open, 'grpc');
  }

  get store(): Store {
    return this.#store;
  }

  /** Resolves with the public ports once they are open; models become ready after that. */
  async start(): Promise<{ readonly port: number; readonly grpcPort?: number }> {
    this.#run = await claimRunFolder(this.#options.folder);
    for (const model of await this.#store.open()) this.#models.set(model.model, model);
    const { log } = this.#options;
    if (log !== undefined) this.#lake = new Lake({ ...log, socket: this.#logSocket });
    const { host, grpcPort } = this.#options;
    const port = await this.#door.listen(host, this.#options.port);
    const openGrpc = grpcPort === undefined ? undefined : await this.#grpcDoor.listen(host, grpcPort);
    this.#watchdog = setInterval(() => this.#watch(), WATCH_MS);
    this.#plan();
    return { port, ...(openGrpc === undefined ? {} : { grpcPort: openGrpc }) };
  }

  /** Answers what has come in, then ends every process. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#watchdog);
    this.#door.close();
    this.#grpcDoor.close();
    for (const replica of this.#replicas.values()) replica.drain(STOP_LIMIT_MS, 'cut');
    while (this.#replicas.size > 0) await this.#changed();
    await this.#lake?.stop();
    await this.#saving;
    await this.#run?.release();
  }

  // What is asked of the fleet.

  async putRevision(target: RevisionTarget): Promise<Changed> {
    const parsed = parseManifest(target.manifest, `models/${target.model}/model.yaml`);
    if (parsed.kind === 'refused')
      return refused(
        `the manifest of ${target.model} ${target.version} does not hold: ${parsed.problems.map(({ reason }) => reason).join('; ')}`,
      );
    const { manifest, specification, revision } = parsed.loaded;
    if (manifest.name !== target.model || manifest.version !== target.version)
      return refused(
        `the manifest is of ${manifest.name} ${manifest.version}, not of ${target.model} ${target.version}`,
      );
    if (revision !== target.revision) return refused(`the manifest's revision is ${revision}, not ${target.revision}`);
    for (const { uri, sha256 } of filesOf(specification)) {
      if (target.files[uri] !== undefined && target.files[uri] !== sha256)
        return refused(`${uri}: the manifest says sha256 ${sha256}, the revision ${target.files[uri]}`);
      if (!(await this.#store.hasArtifact(sha256)))
        return refused(`${uri}: no artifact ${sha256} is here; put it first`);
    }
    const model = this.#models.get(target.model) ?? { model: target.model, generation: 0, revisions: [] };
    const known = model.revisions.find((each) => each.target.revision === target.revision);
    // Told again, it is tried again.
    this.#failures.forgive(keyOf(target.model, target.revision));
    const kept = { ...known, target };
    await this.#save({
      ...model,
      revisions: [...model.revisions.filter((each) => each !== known), kept],
    });
    return { kind: 'changed', generation: model.generation };
  }

  async putModel(name: string, generation: number, target: ModelTarget): Promise<Changed> {
    const model = this.#models.get(name) ?? { model: name, generation: 0, revisions: [] };
    if (model.generation !== generation) return { kind: 'conflict', generation: model.generation };
    const problem = targetProblemOf(name, target, new Set(model.revisions.map((each) => each.target.revision)));
    if (problem !== undefined) return refused(problem);
    const next = generation + 1;
    await this.#save({ ...model, generation: next, target });
    await this.#inForce(TURN_LIMIT_MS);
    return { kind: 'changed', generation: next };
  }

  async renewLease(name: string, generation: number, seconds: number): Promise<Changed> {
    const model = this.#models.get(name);
    if (model?.target === undefined) return refused(`${name}: no such model here`);
    if (model.generation !== generation) return { kind: 'conflict', generation: model.generation };
    await this.#save({ ...model, leaseUntilMs: Date.now() + seconds * 1000 });
    await this.#inForce(TURN_LIMIT_MS);
    return { kind: 'changed', generation };
  }

  async retireModel(name: string, generation: number): Promise<Changed> {
    const model = this.#models.get(name);
    if (model?.target === undefined) return refused(`${name}: no such model here`);
    if (model.generation !== generation) return { kind: 'conflict', generation: model.generation };
    this.#models.delete(name);
    await this.#keep(() => this.#store.forget(name));
    this.#plan();
    await this.#inForce(TURN_LIMIT_MS);
    await this.#store.sweepArtifacts(this.#artifactsInUse(), Date.now());
    return { kind: 'changed', generation };
  }

  observe(): ObservedFleet {
    return observedFleet({
      models: [...this.#models.values()],
      replicas: [...this.#replicas.values()],
      open: this.#open,
      failures: this.#failures,
      nowMs: Date.now(),
      digestOf: (target) => `sha256:${this.#specificationOf(target)?.specification.artifact.sha256 ?? 'unknown'}`,
    });
  }

  /** What each arm did, over all processes since the daemon started, after asking every process for its latest. */
  async counts(): Promise<{ readonly epoch: string; readonly arms: readonly ArmCounts[] }> {
    await this.#freshReports(REPORT_LIMIT_MS);
    const arms = new Map(this.#retained);
    for (const { report } of this.#replicas.values()) for (const counts of report?.arms ?? []) addTo(arms, counts);
    return { epoch: this.#epoch, arms: [...arms.values()] };
  }

  modelOf(name: string): StoredModel | undefined {
    return this.#models.get(name);
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
    await this.#freshReports(HANDOVER_LIMIT_MS);
    const handed = [...this.#replicas.values()].flatMap(({ report }) => report?.log.handed ?? []);
    return this.#lake.read(query, handed, format, this.runFolder);
  }

  /** A private folder for what lives only as long as the daemon. */
  get runFolder(): string {
    if (this.#run === undefined) throw new Error('the daemon has not started');
    return this.#run.path;
  }

  /** What the processes wrote to the log, and could not. */
  totals(): { readonly written: number; readonly dropped: number; readonly unusedInputs: number } {
    const totals = { ...this.#retainedTotals };
    for (const { report } of this.#replicas.values()) addTotals(totals, report);
    return totals;
  }

  get inFlight(): number {
    return [...this.#replicas.values()].reduce((sum, { report }) => sum + (report?.inFlight ?? 0), 0);
  }

  get restarts(): number {
    return this.#failures.restarts;
  }

  // How it is done.

  /** No two daemons' sockets have one name: a process that outlives its daemon removes its own when it ends. */
  #socketPath(name: string): string {
    return join(this.runFolder, `${process.pid}-${name}.sock`);
  }

  get #logSocket(): string {
    return this.#socketPath('log');
  }

  async #save(model: StoredModel): Promise<void> {
    this.#models.set(model.model, model);
    await this.#keep(() => this.#store.save(model));
    this.#plan();
  }

  /** One write after the other. Who asked for one is told when it fails; the next is tried all the same. */
  async #keep(write: () => Promise<void>): Promise<void> {
    const kept = this.#saving.then(write);
    this.#saving = kept.catch(() => undefined);
    await kept;
  }

  #plan(): void {
    if (this.#turnPlanned || this.#stopping) return;
    this.#turnPlanned = true;
    setImmediate(() => {
      this.#turnPlanned = false;
      if (!this.#stopping) this.#carryOut(turnOf(this.#situation()));
    });
  }

  #situation() {
    return {
      models: [...this.#models.values()],
      replicas: [...this.#replicas.values()],
      failed: this.#failures.givenUp(),
    };
  }

  #carryOut(turn: Turn): void {
    for (const [id, { revisions, tables }] of turn.orders)
      this.#replicas.get(id)?.order(
        revisions.flatMap((key) => {
          const order = this.#orderOf(key);
          return order === undefined ? [] : [{ key, order }];
        }),
        tables,
      );
    this.#open = turn.open.flatMap((id) => this.#replicas.get(id) ?? []);
    for (const replica of this.#open) replica.opened = true;
    for (const role of turn.start) this.#startWhenDue(role);
    const publics = [...this.#replicas.values()].filter(({ role, draining }) => role.kind === 'public' && !draining);
    for (const id of turn.drain) {
      const replica = this.#replicas.get(id);
      // A candidate goes once nobody can still turn to it.
      if (replica?.role.kind === 'candidate' && !publics.every(({ settled }) => settled)) continue;
      replica?.drain(DRAIN_LIMIT_MS, replica.role.kind === 'candidate' ? 'cut' : 'leave');
    }
    this.#noteServed();
    this.#door.serveWaiting();
    this.#grpcDoor.serveWaiting();
    this.#wake();
  }

  /** Remembers what all open replicas have in force, so that a restart in the middle of a change can go on serving it. */
  #noteServed(): void {
    const failed = this.#failures.givenUp();
    for (const model of this.#models.values()) {
      const { target, generation, served } = model;
      if (target === undefined || served?.generation === generation || this.#open.length === 0) continue;
      const inForce = this.#open.every((replica) => {
        const table = replica.tables.get(model.model);
        return table?.generation === generation && isTurnable(table, replica, failed);
      });
      if (inForce)
        this.#save({ ...model, served: { generation, target } }).catch((error: unknown) =>
          console.error('what is served could not be remembered', error),
        );
    }
  }

  #startWhenDue(role: Role): void {
    const key = roleKeyOf(role);
    const waitMs = this.#failures.waitMs(key);
    if (waitMs > 0) {
      setTimeout(() => this.#plan(), waitMs).unref();
      return;
    }
    const id = this.#nextId++;
    const replica = new ReplicaProcess(
      id,
      role,
      {
        socket: this.#socketPath(String(id)),
        ...(this.#lake === undefined ? {} : { logSocket: this.#logSocket }),
        ...(this.#options.callerToken === undefined ? {} : { callerToken: this.#options.callerToken }),
        loopback: isLoopback(this.#options.host),
        keepAliveMs: role.kind === 'public' ? KEEP_ALIVE_MS : CANDIDATE_KEEP_ALIVE_MS,
        serverVersion: this.#options.serverVersion,
        speaksGrpc: role.kind === 'public' && this.#options.grpcPort !== undefined,
        ...(role.kind === 'public' && this.#options.messaging !== undefined
          ? { messaging: this.#options.messaging }
          : {}),
        proves: role.kind === 'candidate',
      },
      {
        changed: (changed) => this.#learn(changed),
        asked: (asking, message) => this.#answer(asking, message),
        ended: (ended, how) => this.#bury(ended, how),
      },
    );
    this.#replicas.set(id, replica);
    this.#plan();
  }

  #learn(replica: ReplicaProcess): void {
    // What a process that is on its way out found may have been forgiven since.
    if (replica.draining) return;
    for (const [key, state] of replica.revisions) {
      if (state.kind === 'failed') this.#giveUp(key, state.reason);
      else if (state.kind === 'ready' && replica.role.kind === 'candidate') this.#prove(key, state.loadMs);
    }
    this.#plan();
    this.#wake();
  }

  #giveUp(key: string, reason: string): void {
    if (this.#failures.givenUp().has(key)) return;
    this.#failures.giveUp(key, reason);
    const files = [...this.#models.values()].flatMap(({ model, revisions }) =>
      revisions.flatMap(({ target }) => (keyOf(model, target.revision) === key ? Object.values(target.files) : [])),
    );
    for (const sha256 of files)
      this.#store.dropSpoiled(sha256).catch((error: unknown) => {
        console.error(`artifact ${sha256} could not be read again`, error);
      });
  }

  /** A revision that was loaded, warmed and self-tested in a process of its own may be loaded by those that serve. */
  #prove(key: string, loadMs: number): void {
    for (const model of this.#models.values()) {
      const stored = model.revisions.find((each) => keyOf(model.model, each.target.revision) === key);
      if (stored === undefined || stored.provenMs !== undefined) continue;
      const proven = { ...stored, provenMs: loadMs };
      this.#save({ ...model, revisions: model.revisions.map((each) => (each === stored ? proven : each)) }).catch(
        (error: unknown) => console.error('a proof could not be remembered', error),
      );
    }
  }

  #bury(replica: ReplicaProcess, how: string): void {
    this.#replicas.delete(replica.id);
    this.#open = this.#open.filter((each) => each !== replica);
    for (const counts of replica.report?.arms ?? []) addTo(this.#retained, counts);
    addTotals(this.#retainedTotals, replica.report);
    if (!replica.draining && !this.#stopping) {
      console.error(`replica ${replica.pid} (${replica.role.kind}) ended by ${how}`);
      this.#failures.died(roleKeyOf(replica.role), performance.now() - replica.startedAt);
      for (const [key, state] of replica.revisions)
        if (state.kind === 'loading') this.#failures.blame(key, `the process that loaded it ended by ${how}`);
        else if (state.kind === 'ready' && replica.role.kind === 'candidate')
          this.#failures.crashed(key, `its process ended by ${how} while it served`);
    }
    this.#plan();
    this.#wake();
  }

  #orderOf(key: string): RevisionOrder | undefined {
    for (const { model, revisions } of this.#models.values())
      for (const { target } of revisions)
        if (keyOf(model, target.revision) === key) {
          const known = this.#specificationOf(target);
          if (known === undefined) return undefined;
          const { specification, privateColumns } = known;
          return {
            model,
            version: target.version,
            revision: target.revision,
            digest: `sha256:${specification.artifact.sha256}`,
            specification,
            paths: Object.fromEntries(
              filesOf(specification).map(({ uri, sha256 }) => [uri, this.#store.artifactPath(sha256)]),
            ),
            privateColumns,
            selfTests: target.selfTests,
          };
        }
    return undefined;
  }

  #specificationOf(target: RevisionTarget) {
    const known = this.#specifications.get(target.manifest);
    if (known !== undefined) return known;
    const parsed = parseManifest(target.manifest, `models/${target.model}/model.yaml`);
    // It held when it was put, under a program that has been replaced since: given up, so that the others are served.
    if (parsed.kind === 'refused') {
      const reasons = parsed.problems.map(({ reason }) => reason).join('; ');
      this.#failures.giveUp(keyOf(target.model, target.revision), `its manifest does not hold any more: ${reasons}`);
      return undefined;
    }
    const { manifest, specification } = parsed.loaded;
    const privateColumns = Object.entries(manifest.columns).flatMap(([name, { pii }]) => (pii ? [name] : []));
    const found = { specification, privateColumns };
    this.#specifications.set(target.manifest, found);
    return found;
  }

  #artifactsInUse(): ReadonlySet<string> {
    return new Set(
      [...this.#models.values()].flatMap(({ revisions }) =>
        revisions.flatMap(({ target }) => Object.values(target.files)),
      ),
    );
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

  /** Asks every process for its latest counts; one that is busy is not waited for. */
  async #freshReports(limitMs: number): Promise<void> {
    const ask = this.#asks++;
    const asked = [...this.#replicas.values()];
    for (const replica of asked) replica.tell({ kind: 'report', ask });
    const until = performance.now() + limitMs;
    const isWaiting = (): boolean => asked.some(({ id, answered }) => answered < ask && this.#replicas.has(id));
    while (isWaiting() && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }

  /** Waits until every open replica has its last orders in force, or the limit has passed. */
  async #inForce(limitMs: number): Promise<void> {
    const limit = AbortSignal.timeout(limitMs);
    do await Promise.race([this.#changed(), aborted(limit)]);
    while (!limit.aborted && (this.#turnPlanned || !this.#open.every(({ settled }) => settled)));
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }

  /** A process that has not said a word for so long is stuck, unless it is still loading or in one very long run. */
  #watch(): void {
    for (const replica of this.#replicas.values())
      if (performance.now() - replica.heardAt > SILENCE_LIMIT_MS) replica.kill();
    this.#plan();
  }
}

const STOP_LIMIT_MS = 5_000;
/** Longer than the keep-alive limit, so that idle connections end by it. */
const DRAIN_LIMIT_MS = 10_000;
const KEEP_ALIVE_MS = 5_000;
/** Among processes of one fleet a kept connection costs nothing, and its end at the wrong moment would. */
const CANDIDATE_KEEP_ALIVE_MS = 3_600_000;
const TURN_LIMIT_MS = 1_000;
const WATCH_MS = 1_000;
const SILENCE_LIMIT_MS = 120_000;
const REPORT_LIMIT_MS = 250;
const HANDOVER_LIMIT_MS = 3_000;
const POLL_MS = 5;
function roleKeyOf(role: Role): string {
  return role.kind === 'public' ? 'public' : role.key;
}

function filesOf({ artifact, features }: Specification): readonly { readonly uri: string; readonly sha256: string }[] {
  return [artifact, ...artifact.files, ...(features === undefined ? [] : [features])];
}

function addTo(arms: Map<string, ArmCounts>, counts: ArmCounts): void {
  const key = keyOf(counts.model, counts.revision);
  const before = arms.get(key);
  arms.set(key, before === undefined ? counts : addedCounts(before, counts));
}

function addTotals(
  totals: { written: number; dropped: number; unusedInputs: number },
  report: ReplicaReport | undefined,
): void {
  totals.written += report?.log.written ?? 0;
  totals.dropped += report?.log.dropped ?? 0;
  totals.unusedInputs += report?.unusedInputs ?? 0;
}

function refused(reason: string): Changed {
  return { kind: 'refused', reason };
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
