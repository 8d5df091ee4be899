import type { Catalog } from './catalog.ts';
import type { Failures } from './failures.ts';
import type { ReplicaProcess } from './replica-process.ts';
import { roleKeyOf } from './turn.ts';

/** What processes found out about revisions: which may be loaded by those that serve, and which are given up. */
export class Proofs {
  readonly #catalog: Catalog;
  readonly #failures: Failures;

  constructor(catalog: Catalog, failures: Failures) {
    this.#catalog = catalog;
    this.#failures = failures;
  }

  learn(replica: ReplicaProcess): void {
    // What a process that is on its way out found may have been forgiven since.
    if (replica.draining) return;
    for (const [key, state] of replica.revisions) {
      if (state.kind === 'failed') this.#giveUp(key, state.reason);
      else if (state.kind === 'ready' && replica.role.kind !== 'public') this.#prove(key, state.loadMs);
    }
  }

  /** A process ended by itself: what it was loading, or alone served, is to blame. */
  ended(replica: ReplicaProcess, how: string): void {
    this.#failures.died(roleKeyOf(replica.role), performance.now() - replica.startedAt);
    for (const [key, state] of replica.revisions)
      if (state.kind === 'loading') this.#failures.blame(key, `the process that loaded it ended by ${how}`);
      else if (state.kind === 'ready' && replica.role.kind === 'candidate' && !this.#isStable(key))
        this.#failures.crashed(key, `its process ended by ${how} while it served`);
  }

  /** What serves without a lease goes on being tried: there is nobody in whose favour to give it up. */
  #isStable(key: string): boolean {
    const owner = this.#catalog.ownerOf(key);
    const arms = (owner === undefined ? undefined : this.#catalog.modelOf(owner.model)?.target?.arms) ?? [];
    const arm = arms.find(({ revision }) => revision === owner?.stored.target.revision);
    return arm !== undefined && arm.leased !== true && arm.shadow !== true;
  }

  #giveUp(key: string, reason: string): void {
    if (this.#failures.givenUp().has(key)) return;
    this.#failures.giveUp(key, reason);
    for (const sha256 of Object.values(this.#catalog.ownerOf(key)?.stored.target.files ?? {}))
      this.#catalog.store.dropSpoiled(sha256).catch((error: unknown) => {
        console.error(`artifact ${sha256} could not be read again`, error);
      });
  }

  /** A revision that was loaded, warmed and self-tested in a process of its own may be loaded by those that serve. */
  #prove(key: string, loadMs: number): void {
    const owner = this.#catalog.ownerOf(key);
    const model = owner === undefined ? undefined : this.#catalog.modelOf(owner.model);
    if (owner === undefined || model === undefined || owner.stored.provenMs !== undefined) return;
    const proven = { ...owner.stored, provenMs: loadMs };
    this.#catalog
      .save({ ...model, revisions: model.revisions.map((each) => (each === owner.stored ? proven : each)) })
      .catch((error: unknown) => console.error('a proof could not be remembered', error));
  }
}
