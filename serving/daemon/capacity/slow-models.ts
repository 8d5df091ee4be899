import { type ReplicaReport, keyOf } from '../../replica/messages.ts';
import type { Catalog } from '../catalog.ts';
import type { Limits } from './limits.ts';
import { RunLengths } from './run-lengths.ts';
import { type Misplaced, type RunView, type SlowTimes, movesOf } from './slow.ts';
import type { StoredModel } from '../store.ts';
import { runsApart } from '../tables.ts';

/** A reason to move a model holds for a twentieth of the window in which load is judged; a reason to move it back for all of it. */
const ENTER_SHARE = 0.05;

/** Moves models that are slow apart, and back: what was decided is remembered with the model, so that a restart goes on with it. */
export class SlowModels {
  readonly #catalog: Catalog;
  readonly #times: SlowTimes;
  readonly #lengths = new RunLengths();
  #misplaced: Misplaced = new Map();

  constructor(catalog: Catalog, { slowRunMs, scale }: Limits) {
    this.#catalog = catalog;
    this.#times = { slowRunMs, enterMs: ENTER_SHARE * scale.stableMs, leaveMs: scale.stableMs };
  }

  heard(replicaId: number, report: ReplicaReport): void {
    this.#lengths.heard(replicaId, report);
  }

  ended(replicaId: number): void {
    this.#lengths.ended(replicaId);
  }

  /** To be called once a second. */
  look(resting: ReadonlySet<string>, nowMs: number): void {
    const { models } = this.#catalog;
    this.#lengths.forget(new Set(models.flatMap(keysOf)));
    const served = models.filter(({ target, unloaded }) => target !== undefined && unloaded !== true);
    const views = served.map(
      (stored): RunView => ({
        model: stored.model,
        isAwake: !resting.has(stored.model),
        isApart: stored.slow === true,
        runMs: this.#lengths.medianMsOf(keysAmongCallers(stored)),
      }),
    );
    const { misplaced, moves } = movesOf(this.#misplaced, views, nowMs, this.#times);
    this.#misplaced = misplaced;
    for (const name of moves) this.#move(name);
  }

  #move(name: string): void {
    const stored = this.#catalog.modelOf(name);
    if (stored === undefined) return;
    const { slow, ...model } = stored;
    this.#catalog
      .save(slow === true ? model : { ...model, slow: true })
      .catch((error: unknown) => console.error(`where ${name} runs could not be remembered`, error));
  }
}

function keysOf({ model, revisions }: StoredModel): readonly string[] {
  return revisions.map(({ target }) => keyOf(model, target.revision));
}

/** What holds up callers, where it is loaded beside others: arms that get requests without a lease. */
function keysAmongCallers({ model, target }: StoredModel): readonly string[] {
  const arms = (target?.arms ?? []).filter((arm) => !runsApart(arm) && arm.weight > 0);
  return arms.map(({ revision }) => keyOf(model, revision));
}
