import { BACKGROUND_FILE } from '../../checks/explain/background.ts';
import { parseManifest } from '../../checks/manifest/parse-manifest.ts';
import type { RevisionTarget } from '../fleet.ts';
import type { Specification } from '../model/specification.ts';
import { Refusal } from '../protocol/refusal.ts';
import { type RevisionOrder, keyOf } from '../replica/messages.ts';
import type { Failures } from './failures.ts';
import type { Store, StoredModel, StoredRevision } from './store.ts';

interface Known {
  readonly specification: Specification;
  readonly privateColumns: readonly string[];
  readonly hashedColumns: readonly string[];
}

/** What the fleet should be: its models in memory, and on disk by the store. Found by name, and by the key of a revision. */
export class Catalog {
  readonly store: Store;
  readonly #failures: Failures;
  readonly #changed: () => void;
  readonly #models = new Map<string, StoredModel>();
  readonly #byKey = new Map<string, { readonly model: string; readonly stored: StoredRevision }>();
  readonly #specifications = new Map<string, Known>();
  #list: readonly StoredModel[] | undefined;
  #saving: Promise<void> = Promise.resolve();
  /** `held`: another daemon writes, what is found out here stays in memory. `refused`: another daemon takes over what is written. */
  #writes: 'on' | 'held' | 'refused' = 'on';

  /** `changed` is called whenever what should be is another than before. */
  constructor(store: Store, failures: Failures, changed: () => void) {
    this.store = store;
    this.#failures = failures;
    this.#changed = changed;
  }

  async open(): Promise<void> {
    for (const model of await this.store.open()) this.#set(model);
  }

  /** As `open`, beside a daemon that goes on writing until it hands over. */
  async openBeside(): Promise<void> {
    this.#writes = 'held';
    for (const model of await this.store.read()) this.#set(model);
  }

  /** What should be as the daemon before left it; and what was proven here meanwhile. */
  async takeOver(): Promise<void> {
    const before = this.models;
    const left = await this.store.read();
    this.#writes = 'on';
    for (const { model } of before) this.#unset(model);
    for (const model of left)
      this.#set(
        withProofs(
          model,
          before.find((each) => each.model === model.model),
        ),
      );
    this.#changed();
  }

  /** Resolves once everything is on disk; from then on changes are refused, until `resume`. */
  async handOver(): Promise<void> {
    this.#writes = 'refused';
    await this.#saving;
  }

  resume(): void {
    this.#writes = 'on';
  }

  get models(): readonly StoredModel[] {
    this.#list ??= [...this.#models.values()];
    return this.#list;
  }

  modelOf(name: string): StoredModel | undefined {
    return this.#models.get(name);
  }

  /** The model, or one of which nothing has been said yet. */
  modelOrNew(name: string): StoredModel {
    return this.#models.get(name) ?? { model: name, generation: 0, revisions: [] };
  }

  ownerOf(key: string): { readonly model: string; readonly stored: StoredRevision } | undefined {
    return this.#byKey.get(key);
  }

  /** In force at once, and on disk when it resolves. */
  async save(model: StoredModel): Promise<void> {
    this.#refuseInHandOver();
    this.#set(model);
    const kept = this.#keep(() => this.store.save(model));
    this.#changed();
    await kept;
  }

  /** Forgets a model and the artifacts that no other one has. */
  async retire(name: string): Promise<void> {
    this.#refuseInHandOver();
    this.#unset(name);
    const kept = this.#keep(() => this.store.forget(name));
    this.#changed();
    await kept;
  }

  async sweepArtifacts(): Promise<void> {
    const inUse = this.models.flatMap(({ revisions }) =>
      revisions.flatMap(({ target }) => Object.values(target.files)),
    );
    await this.store.sweepArtifacts(new Set(inUse), Date.now());
  }

  /** Resolves once everything that was saved is on disk. */
  async settled(): Promise<void> {
    await this.#saving;
  }

  /** What a process must know of a revision to load it; undefined where its manifest does not hold any more. */
  orderOf(key: string): RevisionOrder | undefined {
    const owner = this.#byKey.get(key);
    if (owner === undefined) return undefined;
    const { target } = owner.stored;
    const known = this.#knownOf(target);
    if (known === undefined) return undefined;
    const { specification, privateColumns, hashedColumns } = known;
    const background = target.files[BACKGROUND_FILE];
    return {
      model: owner.model,
      version: target.version,
      revision: target.revision,
      digest: `sha256:${specification.artifact.sha256}`,
      specification,
      paths: Object.fromEntries(
        filesOf(specification).map(({ uri, sha256 }) => [uri, this.store.artifactPath(sha256)]),
      ),
      privateColumns,
      ...(hashedColumns.length === 0 ? {} : { hashedColumns }),
      selfTests: target.selfTests,
      ...(background === undefined
        ? {}
        : { background: { path: this.store.artifactPath(background), sha256: background } }),
    };
  }

  /** Bytes of a revision's files. */
  sizeOf(key: string): number {
    const owner = this.#byKey.get(key);
    const digests = new Set(Object.values(owner?.stored.target.files ?? {}));
    return [...digests].reduce((sum, sha256) => sum + this.store.artifactBytes(sha256), 0);
  }

  /** `sha256:…` of a revision's model file. */
  digestOf(target: RevisionTarget): string {
    return `sha256:${this.#knownOf(target)?.specification.artifact.sha256 ?? 'unknown'}`;
  }

  #refuseInHandOver(): void {
    if (this.#writes === 'refused')
      throw new Refusal(503, 'the fleet daemon hands over to its successor: ask again', { retryAfterSeconds: 1 });
  }

  #knownOf(target: RevisionTarget): Known | undefined {
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
    const hashedColumns = Object.entries(manifest.columns).flatMap(([name, { hashed }]) => (hashed ? [name] : []));
    const found = { specification, privateColumns, hashedColumns };
    this.#specifications.set(target.manifest, found);
    return found;
  }

  #set(model: StoredModel): void {
    this.#unset(model.model);
    this.#models.set(model.model, model);
    for (const stored of model.revisions)
      this.#byKey.set(keyOf(model.model, stored.target.revision), { model: model.model, stored });
  }

  #unset(name: string): void {
    for (const { target } of this.#models.get(name)?.revisions ?? []) this.#byKey.delete(keyOf(name, target.revision));
    this.#models.delete(name);
    this.#list = undefined;
  }

  /** One write after the other. Who asked for one is told when it fails; the next is tried all the same. */
  #keep(write: () => Promise<void>): Promise<void> {
    if (this.#writes === 'held') return Promise.resolve();
    const kept = this.#saving.then(write);
    this.#saving = kept.catch(() => undefined);
    return kept;
  }
}

function withProofs(model: StoredModel, before: StoredModel | undefined): StoredModel {
  const provenMsOf = ({ target, provenMs }: StoredRevision): number | undefined =>
    provenMs ?? before?.revisions.find((each) => each.target.revision === target.revision)?.provenMs;
  return {
    ...model,
    revisions: model.revisions.map((stored) => {
      const provenMs = provenMsOf(stored);
      return { ...stored, ...(provenMs === undefined ? {} : { provenMs }) };
    }),
  };
}

/** Every file of a revision with the digest that its manifest says. */
export function filesOf({
  artifact,
  features,
}: Specification): readonly { readonly uri: string; readonly sha256: string }[] {
  return [artifact, ...artifact.files, ...(features === undefined ? [] : [features])];
}
