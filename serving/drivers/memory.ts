import { createHash } from 'node:crypto';
import type {
  Action,
  Applied,
  Arm,
  ArmStats,
  ArtifactSource,
  FleetDriver,
  FleetRecords,
  ModelTarget,
  ObservedFleet,
  ObservedModel,
  ObservedRevision,
  RevisionTarget,
  ShadowStats,
} from '../fleet.ts';
import { targetProblemOf } from './target-problem.ts';

/** A fleet in this process's memory that serves nobody: for tests, and as the shortest account of what a driver promises. */
export interface MemoryFleet extends FleetDriver, Pick<FleetRecords, 'stats'> {
  /** What loading a revision leads to; asked at every look. Ready unless told otherwise. */
  readonly loading: Map<string, ObservedRevision['state']>;
  /** Counts requests as if an arm had answered them. */
  answer(model: string, revision: string, traffic: Traffic): void;
  /** Counters of an arm start anew, as after a crash. */
  restart(model: string, revision: string): void;
  /** Forgets everything, as a machine that burned down. */
  lose(): void;
}

export interface Traffic {
  readonly requests: number;
  readonly errors?: number;
  /** Copies that it answered as a shadow, one row each; `flips` of them otherwise than the stable arm. */
  readonly copies?: number;
  readonly flips?: number;
  /** Compute time of every request, one row each. */
  readonly computeMs?: number;
  readonly score?: number;
}

interface Entry {
  generation: number;
  target?: ModelTarget;
  leaseUntil?: number;
  readonly revisions: Map<string, RevisionTarget>;
  readonly counters: Map<string, ArmStats>;
}

const BOUNDS_MS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];

export function createMemoryFleet(clock: () => Date): MemoryFleet {
  const artifacts = new Set<string>();
  const models = new Map<string, Entry>();
  const loading = new Map<string, ObservedRevision['state']>();
  let processes = 0;

  const stateOf = (revision: string) => loading.get(revision) ?? 'ready';

  const entryOf = (model: string): Entry => {
    const entry = models.get(model) ?? { generation: 0, revisions: new Map(), counters: new Map() };
    models.set(model, entry);
    return entry;
  };

  const observedOf = (model: string, entry: Entry, target: ModelTarget): ObservedModel => {
    const effective = effectiveOf(target.arms, {
      isLeaseAlive: (entry.leaseUntil ?? 0) > clock().getTime(),
      isReady: (revision) => stateOf(revision) === 'ready',
    });
    return {
      model,
      generation: entry.generation,
      ...structuredClone(target),
      revisions: [...entry.revisions.values()].map((each) =>
        observedRevisionOf(each, target.arms, stateOf(each.revision)),
      ),
      ...(target.arms.some(({ leased }) => leased) && entry.leaseUntil !== undefined
        ? { leaseUntil: new Date(entry.leaseUntil).toISOString() }
        : {}),
      effective,
      health: target.arms.every(({ revision }) => stateOf(revision) === 'ready') ? 'healthy' : 'degraded',
    };
  };

  const putRevision = (target: RevisionTarget): Applied => {
    const missing = Object.entries(target.files).find(([, sha256]) => !artifacts.has(sha256));
    if (missing !== undefined)
      return refused(`${target.model} ${target.version}: file ${missing[0]} (${missing[1]}) is not here; put it first`);
    entryOf(target.model).revisions.set(target.revision, structuredClone(target));
    return { kind: 'applied' };
  };

  const putModel = ({ model, generation, target }: Extract<Action, { kind: 'put-model' }>): Applied => {
    const entry = models.get(model);
    const current = entry?.generation ?? 0;
    if (generation !== current) return { kind: 'conflict', generation: current };
    const problem = targetProblemOf(model, target, new Set(entry?.revisions.keys()));
    if (problem !== undefined || entry === undefined) return refused(problem ?? `${model}: no revision is known`);
    entry.generation += 1;
    entry.target = structuredClone(target);
    return { kind: 'applied' };
  };

  const renew = ({ model, generation, seconds }: Extract<Action, { kind: 'renew-lease' }>): Applied => {
    const entry = models.get(model);
    if (entry?.target === undefined) return refused(`${model} is not served here`);
    if (generation !== entry.generation) return { kind: 'conflict', generation: entry.generation };
    entry.leaseUntil = clock().getTime() + seconds * 1000;
    return { kind: 'applied' };
  };

  const retire = ({ model, generation }: Extract<Action, { kind: 'retire-model' }>): Applied => {
    const entry = models.get(model);
    if (entry !== undefined && generation !== entry.generation)
      return { kind: 'conflict', generation: entry.generation };
    models.delete(model);
    return { kind: 'applied' };
  };

  const putArtifact = async (sha256: string, source: ArtifactSource, signal: AbortSignal): Promise<Applied> => {
    if (artifacts.has(sha256)) return { kind: 'applied' };
    const hash = createHash('sha256');
    for await (const chunk of await source(sha256, signal)) hash.update(chunk);
    const found = hash.digest('hex');
    if (found !== sha256) return refused(`artifact ${sha256}: the bytes that came have the digest ${found}`);
    artifacts.add(sha256);
    return { kind: 'applied' };
  };

  return {
    loading,
    observe: async () =>
      ({
        at: clock().toISOString(),
        models: [...models].flatMap(([model, entry]) =>
          entry.target === undefined ? [] : [observedOf(model, entry, entry.target)],
        ),
        replicas: [],
      }) satisfies ObservedFleet,
    apply: async (action, source, signal) => {
      signal.throwIfAborted();
      switch (action.kind) {
        case 'put-artifact':
          return putArtifact(action.sha256, source, signal);
        case 'put-revision':
          return putRevision(action.target);
        case 'put-model':
          return putModel(action);
        case 'renew-lease':
          return renew(action);
        case 'retire-model':
          return retire(action);
      }
    },
    stats: async (model) => {
      const entry = models.get(model);
      return {
        model,
        generation: entry?.generation ?? 0,
        arms: structuredClone([...(entry?.counters.values() ?? [])]),
      };
    },
    answer: (model, revision, traffic) => {
      const { counters } = entryOf(model);
      const before = counters.get(revision) ?? freshStats(revision, `process ${++processes}`);
      counters.set(revision, counted(before, traffic));
    },
    restart: (model, revision) => {
      entryOf(model).counters.set(revision, freshStats(revision, `process ${++processes}`));
    },
    lose: () => {
      models.clear();
      artifacts.clear();
    },
  };
}

/** A share that its arm cannot take now (its lease lapsed, it is not ready) falls to the first arm without a lease. */
function effectiveOf(
  arms: readonly Arm[],
  { isLeaseAlive, isReady }: { readonly isLeaseAlive: boolean; readonly isReady: (revision: string) => boolean },
): ObservedModel['effective'] {
  const stable = arms.find(({ leased, shadow }) => leased !== true && shadow !== true);
  const takes = (arm: Arm) => arm === stable || ((arm.leased !== true || isLeaseAlive) && isReady(arm.revision));
  const fallen = arms.filter((arm) => !takes(arm)).reduce((sum, { weight }) => sum + weight, 0);
  return arms.map((arm) => {
    const own = takes(arm) ? arm.weight : 0;
    return { revision: arm.revision, weight: arm === stable ? own + fallen : own };
  });
}

function observedRevisionOf(
  target: RevisionTarget,
  arms: readonly Arm[],
  state: ObservedRevision['state'],
): ObservedRevision {
  const { revision, version, files, provenance } = target;
  const isAsked = arms.some((arm) => arm.revision === revision);
  return {
    revision,
    version,
    digest: `sha256:${Object.values(files)[0] ?? ''}`,
    state: isAsked ? state : 'known',
    ...(state === 'failed' ? { reason: 'the graph could not be loaded' } : {}),
    provenance,
    replicas: isAsked && state === 'ready' ? ['memory'] : [],
  };
}

function freshStats(revision: string, process: string): ArmStats {
  const histogram = { bounds: BOUNDS_MS, counts: BOUNDS_MS.map(() => 0).concat(0), sum: 0, count: 0 };
  return {
    revision,
    processes: [process],
    requests: 0,
    errors: 0,
    unservable: 0,
    latencyMs: histogram,
    computeMs: histogram,
    computeByRows: [{ rows: 1, histogram }],
    score: { count: 0, sum: 0, sumOfSquares: 0 },
  };
}

function counted(
  stats: ArmStats,
  { requests, errors = 0, computeMs = 0.3, score = 0.5, copies = 0, flips = 0 }: Traffic,
): ArmStats {
  const bucket = BOUNDS_MS.findIndex((bound) => computeMs <= bound);
  const histogram = {
    ...stats.computeMs,
    counts: stats.computeMs.counts.map((count, i) =>
      i === (bucket === -1 ? BOUNDS_MS.length : bucket) ? count + requests : count,
    ),
    sum: stats.computeMs.sum + requests * computeMs,
    count: stats.computeMs.count + requests,
  };
  return {
    ...stats,
    requests: stats.requests + requests,
    errors: stats.errors + errors,
    latencyMs: histogram,
    computeMs: histogram,
    computeByRows: [{ rows: 1, histogram }],
    score: {
      count: stats.score.count + requests,
      sum: stats.score.sum + requests * score,
      sumOfSquares: stats.score.sumOfSquares + requests * score ** 2,
    },
    ...(copies === 0 ? {} : { shadow: copied(stats, copies, flips) }),
  };
}

function copied({ shadow }: ArmStats, copies: number, flips: number): ShadowStats {
  const rows = (shadow?.rows ?? 0) + copies;
  return {
    requests: rows,
    errors: 0,
    skipped: 0,
    rows,
    decided: rows,
    flips: (shadow?.flips ?? 0) + flips,
    distance: { count: rows, sum: 0, sumOfSquares: 0 },
  };
}

function refused(reason: string): Applied {
  return { kind: 'refused', reason };
}
