import { BACKGROUND_FILE } from '../../checks/explain/background.ts';
import { parseManifest } from '../../checks/manifest/parse-manifest.ts';
import { targetProblemOf } from '../drivers/target-problem.ts';
import type { ModelTarget, RevisionTarget, TrainingRequest } from '../fleet.ts';
import { keyOf } from '../replica/messages.ts';
import { type Catalog, filesOf } from './catalog.ts';
import type { Failures } from './failures.ts';

/** Outcome of a change that was asked for. */
export type Changed =
  | { readonly kind: 'changed'; readonly generation: number }
  | { readonly kind: 'conflict'; readonly generation: number }
  | { readonly kind: 'refused'; readonly reason: string };

/** What may be asked of a fleet: each change is looked at, written down, and in force a turn later. */
export class Changes {
  readonly #catalog: Catalog;
  readonly #failures: Failures;

  constructor(catalog: Catalog, failures: Failures) {
    this.#catalog = catalog;
    this.#failures = failures;
  }

  async putRevision(target: RevisionTarget): Promise<Changed> {
    const problem = await this.#revisionProblemOf(target);
    if (problem !== undefined) return refused(problem);
    const model = this.#catalog.modelOrNew(target.model);
    const known = model.revisions.find((each) => each.target.revision === target.revision);
    // Told again, it is tried again.
    this.#failures.forgive(keyOf(target.model, target.revision));
    const kept = { ...known, target };
    await this.#catalog.save({ ...model, revisions: [...model.revisions.filter((each) => each !== known), kept] });
    return { kind: 'changed', generation: model.generation };
  }

  async #revisionProblemOf(target: RevisionTarget): Promise<string | undefined> {
    const parsed = parseManifest(target.manifest, `models/${target.model}/model.yaml`);
    if (parsed.kind === 'refused') {
      const reasons = parsed.problems.map(({ reason }) => reason).join('; ');
      return `the manifest of ${target.model} ${target.version} does not hold: ${reasons}`;
    }
    const { manifest, specification, revision } = parsed.loaded;
    if (manifest.name !== target.model || manifest.version !== target.version)
      return `the manifest is of ${manifest.name} ${manifest.version}, not of ${target.model} ${target.version}`;
    if (revision !== target.revision) return `the manifest's revision is ${revision}, not ${target.revision}`;
    for (const { uri, sha256 } of filesOf(specification)) {
      if (target.files[uri] !== undefined && target.files[uri] !== sha256)
        return `${uri}: the manifest says sha256 ${sha256}, the revision ${target.files[uri]}`;
      if (!(await this.#catalog.store.hasArtifact(sha256)))
        return `${uri}: no artifact ${sha256} is here; put it first`;
    }
    const background = target.files[BACKGROUND_FILE];
    if (background !== undefined && !(await this.#catalog.store.hasArtifact(background)))
      return `${BACKGROUND_FILE}: no artifact ${background} is here; put it first`;
    return undefined;
  }

  async putModel(name: string, generation: number, target: ModelTarget): Promise<Changed> {
    const model = this.#catalog.modelOrNew(name);
    if (model.generation !== generation) return conflict(model.generation);
    const problem = targetProblemOf(name, target, new Set(model.revisions.map((each) => each.target.revision)));
    if (problem !== undefined) return refused(problem);
    const next = generation + 1;
    await this.#catalog.save({ ...model, generation: next, target });
    return { kind: 'changed', generation: next };
  }

  /** `revision`: gets every request from then on. What failed to load before is tried again. */
  async setLoaded(name: string, isLoaded: boolean, revision: string | undefined): Promise<void> {
    const { unloaded, ...model } = this.#catalog.modelOrNew(name);
    if (model.target === undefined) return;
    for (const { target } of isLoaded ? model.revisions : []) this.#failures.forgive(keyOf(name, target.revision));
    const turned =
      revision === undefined
        ? model
        : {
            ...model,
            generation: model.generation + 1,
            target: { ...model.target, arms: [{ revision, weight: 100 }] },
          };
    if (isLoaded !== (unloaded !== true) || turned !== model)
      await this.#catalog.save(isLoaded ? turned : { ...turned, unloaded: true });
  }

  async noteTraining(name: string, request: TrainingRequest): Promise<void> {
    await this.#catalog.save({ ...this.#catalog.modelOrNew(name), retrain: request });
  }

  async renewLease(name: string, generation: number, seconds: number): Promise<Changed> {
    const model = this.#catalog.modelOf(name);
    if (model?.target === undefined) return refused(`${name}: no such model here`);
    if (model.generation !== generation) return conflict(model.generation);
    await this.#catalog.save({ ...model, leaseUntilMs: Date.now() + seconds * 1000 });
    return { kind: 'changed', generation };
  }

  async retireModel(name: string, generation: number): Promise<Changed> {
    const model = this.#catalog.modelOf(name);
    if (model?.target === undefined) return refused(`${name}: no such model here`);
    if (model.generation !== generation) return conflict(model.generation);
    await this.#catalog.retire(name);
    return { kind: 'changed', generation };
  }
}

function refused(reason: string): Changed {
  return { kind: 'refused', reason };
}

function conflict(generation: number): Changed {
  return { kind: 'conflict', generation };
}
