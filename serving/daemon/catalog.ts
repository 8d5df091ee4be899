import { parseManifest } from '../../checks/manifest/parse-manifest.ts';
import type { RevisionTarget } from '../fleet.ts';
import type { Specification } from '../model/specification.ts';
import { type RevisionOrder, keyOf } from '../replica/messages.ts';
import type { Failures } from './failures.ts';
import type { Store, StoredModel, StoredRevision } from './store.ts';

interface Known {
  readonly specification: Specification;
  readonly privateColumns: readonly string[];
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

  /** `changed` is called whenever what should be is another than before. */
  constructor(store: Store, failures: Failures, changed: () => void) {
    this.store = store;
    this.#failures = failures;
    this.#changed = changed;
  }

  async open(): Promise<void> {
    for (const model of await this.store.open()) this.#set(model);
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
    this.#set(model);
    const kept = this.#keep(() => this.store.save(model));
    this.#changed();
    await kept;
  }

  /** Forgets a model and the artifacts that no other one has. */
  async retire(name: string): Promise<void> {
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
    const { specification, privateColumns } = known;
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
      selfTests: target.selfTests,
    };
  }

  /** `sha256:…` of a revision's model file. */
  digestOf(target: RevisionTarget): string {
    return `sha256:${this.#knownOf(target)?.specification.artifact.sha256 ?? 'unknown'}`;
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
    const found = { specification, privateColumns };
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
    const kept = this.#saving.then(write);
    this.#saving = kept.catch(() => undefined);
    return kept;
  }
}

/** Every file of a revision with the digest that its manifest says. */
export function filesOf({
  artifact,
  features,
}: Specification): readonly { readonly uri: string; readonly sha256: string }[] {
  return [artifact, ...artifact.files, ...(features === undefined ? [] : [features])];
}
