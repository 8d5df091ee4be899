import type { ObservedCapacity } from '../../fleet.ts';
import { keyOf } from '../../replica/messages.ts';
import { type Load, type Scale, type ScaleTimes, nextScale } from './scale.ts';
import type { StoredModel } from '../store.ts';
import { runsApart } from '../tables.ts';
import { LIGHT_LOAD_MS } from '../turn.ts';

interface Own {
  scale: Scale;
  loads: readonly Load[];
}

/**
 * Which revisions run in processes of their own, and in how many: those of slow models (slow.ts), and what is heavy to load and may have to be loaded while callers
 * of others are answered. Each such model has as many processes as its own load asks for, within its own bounds.
 */
export class Apart {
  readonly #cores: number;
  readonly #times: ScaleTimes;
  readonly #own = new Map<string, Own>();
  /** Models that have rested: heavy ones of them are loaded apart from then on, so that waking holds up nobody. */
  readonly #rested = new Set<string>();

  constructor(cores: number, times: ScaleTimes) {
    this.#cores = cores;
    this.#times = times;
  }

  haveRested(models: ReadonlySet<string>): void {
    for (const model of models) this.#rested.add(model);
  }

  /** Whether public replicas run nothing of a model. */
  has(stored: StoredModel): boolean {
    const keys = new Set(this.#keysOf(stored));
    const arms = (stored.target?.arms ?? []).filter((arm) => !runsApart(arm));
    return arms.length > 0 && arms.every(({ revision }) => keys.has(keyOf(stored.model, revision)));
  }

  /** `underWay`: requests, by model. */
  sample(models: readonly StoredModel[], underWay: ReadonlyMap<string, number>, nowMs: number): void {
    for (const stored of models) {
      const own = this.#own.get(stored.model);
      if (own === undefined) continue;
      const replicas = (underWay.get(stored.model) ?? 0) / (stored.target?.replicas.target ?? 1);
      const kept = own.loads.filter(({ atMs }) => atMs > nowMs - KEPT_WINDOWS * this.#times.stableMs);
      own.loads = [...kept, { atMs: nowMs, replicas }];
    }
  }

  /** Keys of the revisions with the number of their processes. `publics`: how many public replicas there are, which ran a slow model until it moved. */
  decide(models: readonly StoredModel[], publics: number, nowMs: number): ReadonlyMap<string, number> {
    const apart = new Map<string, number>();
    const names = new Set<string>();
    for (const stored of models) {
      const keys = this.#keysOf(stored);
      if (keys.length === 0) continue;
      names.add(stored.model);
      const processes = this.#processesOf(stored, stored.slow === true ? publics : 1, nowMs);
      for (const key of keys) apart.set(key, processes);
    }
    for (const model of this.#own.keys()) if (!names.has(model)) this.#own.delete(model);
    return apart;
  }

  /** Models with processes of their own, and how many there should be of them. */
  observe(models: readonly StoredModel[]): NonNullable<ObservedCapacity['apart']> {
    return models.flatMap((stored) => {
      const own = this.#own.get(stored.model);
      if (own === undefined) return [];
      const why = stored.slow === true ? 'slow' : 'heavy';
      return [{ model: stored.model, why, replicas: own.scale.replicas } as const];
    });
  }

  #processesOf({ model, target }: StoredModel, first: number, nowMs: number): number {
    const min = Math.max(1, target?.replicas.min ?? 1);
    const max = Math.max(min, Math.min(target?.replicas.max ?? 1, this.#cores));
    const own = this.#own.get(model) ?? { scale: { replicas: first, downAtMs: nowMs, panicUntilMs: 0 }, loads: [] };
    own.scale = nextScale(own.scale, own.loads, { min, max }, nowMs, this.#times);
    this.#own.set(model, own);
    return own.scale.replicas;
  }

  #keysOf({ model, target, revisions, slow }: StoredModel): readonly string[] {
    if (target === undefined) return [];
    const mayWake = target.replicas.min === 0 || this.#rested.has(model);
    return revisions
      .filter(({ provenMs = 0 }) => slow === true || (mayWake && provenMs > LIGHT_LOAD_MS))
      .map(({ target: { revision } }) => keyOf(model, revision));
  }
}

/** Loads are kept a little longer than the window that is asked about. */
const KEPT_WINDOWS = 1.5;
