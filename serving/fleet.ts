/**
 * The fleet as the control plane sees it. Glossary: a *revision* is an exact specification of a model; an *arm* is a
 * revision's share of the traffic; *desired* is what should be, *observed* is what is, an *action* leads from one to the other.
 */

/** Shares are percentages, 0 to 100, and add up to 100 over the arms that are not shadows. */
export interface Arm {
  readonly revision: string;
  readonly weight: number;
  /** Answers a copy of the requests, in a process of its own; its answers are compared and thrown away. Its weight is 0. */
  readonly shadow?: boolean;
  /** The weight counts only while the model's lease lives; when it lapses the first arm without a lease takes it. */
  readonly leased?: boolean;
}

export type Sticky = { readonly header: string } | { readonly column: string };

/** Why a fleet does not follow git: written by a rollback, ended by git agreeing or by /unhold. */
export interface Hold {
  readonly by: string;
  readonly because: string;
  /** ISO date-time. */
  readonly since: string;
  /** The revision that was turned away from. */
  readonly quarantined?: string;
}

/** What a model should be: the body of `PUT /fleet/models/{model}` without its generation. */
export interface ModelTarget {
  readonly arms: readonly Arm[];
  readonly sticky?: Sticky;
  readonly salt: string;
  readonly replicas: { readonly min: number; readonly max: number; readonly target: number };
  /** Each public replica keeps so many bytes of the model's answers, for requests that are equal; undefined: none. */
  readonly cacheBytes?: number;
  /** How long recorded predictions are kept, where that is shorter than the fleet's own retention. */
  readonly retentionMs?: number;
  readonly held?: Hold;
  /** Opaque to the fleet: the control plane's rollout state. */
  readonly state?: unknown;
}

/** Which commit, pull request, approvals and checks allowed a revision: recorded with it, told with every prediction. */
export interface Provenance {
  readonly repository?: string;
  readonly commit?: string;
  readonly pullRequest?: number;
  readonly approvals: readonly string[];
  readonly checks: readonly { readonly name: string; readonly conclusion: string }[];
  /** Adopted at installation, or served by hand: nothing was checked. */
  readonly unchecked?: boolean;
}

/** One record with what it must answer before a replica may take live requests. */
export interface SelfTest {
  readonly record: Readonly<Record<string, unknown>>;
  readonly score: number | readonly number[];
  readonly tolerance: number;
}

/** The body of `PUT /fleet/models/{model}/revisions/{revision}`. The files must be there first (PUT /fleet/artifacts). */
export interface RevisionTarget {
  readonly model: string;
  readonly version: string;
  readonly revision: string;
  /** The manifest's YAML. */
  readonly manifest: string;
  /** `uri` of the manifest -> `sha256` hex. */
  readonly files: Readonly<Record<string, string>>;
  readonly selfTests: readonly SelfTest[];
  readonly provenance: Provenance;
}

export interface ObservedRevision {
  readonly revision: string;
  readonly version: string;
  /** `sha256:…` of the model file. */
  readonly digest: string;
  readonly state: 'known' | 'loading' | 'ready' | 'failed';
  readonly reason?: string;
  readonly loadMs?: number;
  readonly provenance: Provenance;
  /** Replicas (process ids on this machine) that have it loaded, verified and self-tested. */
  readonly replicas: readonly string[];
}

export interface ObservedModel extends ModelTarget {
  readonly model: string;
  readonly generation: number;
  readonly revisions: readonly ObservedRevision[];
  /** ISO date-time; undefined when no arm is leased. */
  readonly leaseUntil?: string;
  /** The shares that requests really get now: a lapsed lease or a dead candidate shows here. */
  readonly effective: readonly { readonly revision: string; readonly weight: number }[];
  readonly health: 'healthy' | 'degraded' | 'down';
  /** A caller has unloaded it (`--model-control`): it gets no request until one loads it. */
  readonly unloaded?: boolean;
  /** No public replica has it loaded: the first request loads it, and waits for that. */
  readonly resting?: boolean;
  /** The last wish of a caller that it be trained anew, whatever became of it. */
  readonly retrain?: TrainingRequest;
}

/** A caller's wish that a model be trained anew: the control plane starts the workflow that `lifetime.retrain` of its manifest names. */
export interface TrainingRequest {
  readonly id: string;
  /** ISO date-time. */
  readonly at: string;
  readonly because?: string;
}

/** How much of its machine a fleet takes, and where that is less than it would need. */
export interface ObservedCapacity {
  /** After the limits of control groups. */
  readonly cores: number;
  readonly memoryBytes: number;
  /** Public replicas that there should be now. */
  readonly replicas: number;
  /** Requests under way over the last second, in replicas: divided by each model's `replicas.target`. */
  readonly load: number;
  /** For loaded models, over all public replicas. */
  readonly memoryBudgetBytes: number;
  readonly maxLoaded?: number;
  /** Models that do not rest. */
  readonly loaded: number;
  /** Replicas that were replaced because they had grown. */
  readonly recycled: number;
  /** Models that public replicas ask in so many processes of their own: `slow` runs, or `heavy` to load. Left out: none. */
  readonly apart?: readonly { readonly model: string; readonly why: 'slow' | 'heavy'; readonly replicas: number }[];
  /** What is wanted and not given, in words. */
  readonly notes: readonly string[];
}

export interface ObservedFleet {
  /** ISO date-time. */
  readonly at: string;
  readonly capacity?: ObservedCapacity;
  readonly models: readonly ObservedModel[];
  readonly replicas: readonly ObservedReplica[];
  /** Left out by a fleet that records no predictions, or whose log has not begun yet. */
  readonly log?: ObservedLog;
}

/** The prediction log behind the replicas, cumulative since its writer started. */
export interface ObservedLog {
  /** Why nothing is written now; replicas keep a little meanwhile, and drop and count the rest. */
  readonly failing?: string;
  /** Requests that came in, and rows that the disk did not take. */
  readonly written: number;
  readonly lost: number;
  /** CPU time of the writer's process. */
  readonly cpuMs: number;
  /** Where closed segments go to a bucket. */
  readonly upload?: {
    /** Files that wait for the bucket. */
    readonly pending: number;
    readonly pendingBytes: number;
    readonly uploaded: number;
    readonly failures: number;
    /** Segments given up, since the bucket was away until as much waited as may. */
    readonly abandoned: number;
    /** Why the last attempt failed; left out: it did not. */
    readonly lastError?: string;
  };
}

export interface ObservedReplica {
  readonly id: string;
  readonly state: 'starting' | 'ready' | 'draining' | 'dead';
  readonly role: 'public' | 'candidate';
  readonly restarts: number;
  readonly rssBytes: number;
}

/** Cumulative since the arm's processes started; `processes` changes when counters start anew. Histograms are cumulative counts by upper bound. */
export interface ArmStats {
  readonly revision: string;
  readonly processes: readonly string[];
  readonly requests: number;
  readonly errors: number;
  /** Requests that the arm could not serve for lack of an input and the stable arm answered. */
  readonly unservable: number;
  readonly latencyMs: Histogram;
  readonly computeMs: Histogram;
  /** Compute time at each batch size (rows): for comparing arms at equal batch size. */
  readonly computeByRows: readonly { readonly rows: number; readonly histogram: Histogram }[];
  readonly score: { readonly count: number; readonly sum: number; readonly sumOfSquares: number };
  /** What it did with copies of requests; undefined: none came. */
  readonly shadow?: ShadowStats;
  /** What labels that callers sent back say of its answers; only where it was asked for. */
  readonly feedback?: FeedbackStats;
}

/** Not cumulative: of all labels of answers since the instant that was asked for, the last label of a row. */
export interface FeedbackStats {
  /** Rows with a label. */
  readonly rows: number;
  /** Rows for which a class was decided; it was the label in `correct` of them. */
  readonly decided: number;
  readonly correct: number;
  /** Absolute differences of score and label, where the label is a number. */
  readonly distance: { readonly count: number; readonly sum: number; readonly sumOfSquares: number };
}

/** A shadow arm's copies, each row compared with what the stable arm answered. */
export interface ShadowStats {
  /** Copies that it took; `errors` of them it failed. */
  readonly requests: number;
  readonly errors: number;
  /** Copies that were not sent, since too many were under way. */
  readonly skipped: number;
  /** Rows compared; both arms decided a class in `decided` of them, and not the same one in `flips`. */
  readonly rows: number;
  readonly decided: number;
  readonly flips: number;
  /** Absolute differences of scores. */
  readonly distance: { readonly count: number; readonly sum: number; readonly sumOfSquares: number };
}

export interface Histogram {
  readonly bounds: readonly number[];
  /** One count a bound, plus one for what lies above the last; not cumulative over bounds. */
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
}
export interface ModelStats {
  readonly model: string;
  readonly generation: number;
  readonly arms: readonly ArmStats[];
}

export type Action =
  | { readonly kind: 'put-artifact'; readonly sha256: string; readonly sizeBytes: number }
  | { readonly kind: 'put-revision'; readonly target: RevisionTarget }
  | { readonly kind: 'put-model'; readonly model: string; readonly generation: number; readonly target: ModelTarget }
  | { readonly kind: 'renew-lease'; readonly model: string; readonly generation: number; readonly seconds: number }
  | { readonly kind: 'retire-model'; readonly model: string; readonly generation: number };

export type Applied =
  | { readonly kind: 'applied' }
  /** Somebody else was first: look again. */
  | { readonly kind: 'conflict'; readonly generation: number }
  | { readonly kind: 'refused'; readonly reason: string };

/** Where `put-artifact` gets its bytes from. */
export type ArtifactSource = (sha256: string, signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>;

/** One contract test holds for every driver: serving/drivers/contract.test.ts. */
export interface FleetDriver {
  observe(signal: AbortSignal): Promise<ObservedFleet>;
  apply(action: Action, source: ArtifactSource, signal: AbortSignal): Promise<Applied>;
}

/** Reading what a fleet recorded; every fleet can be asked, whatever drives it. */
export interface FleetRecords {
  /** `feedbackSince`: with what labels say of answers since then. */
  stats(model: string, signal: AbortSignal, feedbackSince?: Date): Promise<ModelStats>;
  /** Recorded rows between two instants, newest first, at most `limit`, as a Parquet file written to `file`; how many rows it holds. */
  predictions(
    query: {
      readonly model: string;
      readonly from: Date;
      readonly to: Date;
      readonly limit: number;
      readonly arm?: string;
    },
    file: string,
    signal: AbortSignal,
  ): Promise<number>;
}
