import type { Report } from '../../checks/report/report.ts';
import type { Arm, ObservedModel, ObservedReplica, Provenance } from '../../serving/fleet.ts';
import type { LedgerLine } from '../ledger/ledger.ts';

/**
 * The read model: what the rooms of the dashboard are drawn from. Plain data, facts only: a room decides what is urgent,
 * what is said first and how a number is rounded. Instants are ISO date-times, shares are 0 to 1, weights are percentages.
 */

/** A version that a person would name, with what it is bound to. */
export interface RevisionLabel {
  readonly version: string;
  readonly revision: string;
  /** `sha256:…` of the model file. */
  readonly digest?: string;
  readonly commit?: string;
  readonly pullRequest?: number;
}

export interface FleetView {
  /** When the fleet was looked at. */
  readonly at: string;
  /** `acme/models`. */
  readonly repository: string;
  /** The fleet's name in the policy: `production`. */
  readonly fleet: string;
  readonly models: readonly ModelView[];
  readonly replicas: readonly ObservedReplica[];
  /** Set when the fleet could not be asked: then everything else is as it was last seen, at `at`. */
  readonly unreachable?: { readonly since: string; readonly reason: string };
}

/** One model: what should be (git), what is (the fleet), and what people must know about the difference. */
export interface ModelView {
  readonly model: string;
  /** `acme/models`; a fleet may serve several repositories. */
  readonly repository: string;
  /** What the default branch names; undefined for a model that git no longer has. */
  readonly desired?: RevisionLabel;
  /** What the fleet says; undefined while it does not run the model yet. */
  readonly observed?: ObservedModel;
  /** Over the last seconds, from two looks at ModelStats (`trafficOf`); undefined before the second look. */
  readonly traffic?: Traffic;
  /** The rollout that is under way, or the last one while it still explains what runs (aborted, waiting for a revert). */
  readonly rollout?: RolloutView;
  /** The hold's facts beyond `observed.held`: where it was asked, and the pull request that would end it. */
  readonly hold?: {
    readonly source?: string;
    readonly revertPullRequest?: number;
    readonly revertState?: 'open' | 'merged' | 'closed';
    /** From the comment to the first request that the earlier revision answered alone. */
    readonly tookMs?: number;
  };
  /** Where `/rollback` would lead, and how long that revision stays loaded. */
  readonly previous?: RevisionLabel & { readonly warmUntil?: string };
  /** What monitors found and nobody has resolved; worst first is the room's business. */
  readonly alerts: readonly Alert[];
  /** Set when what the fleet runs differs from git and no rollout or hold explains it. */
  readonly difference?: {
    readonly reason: string;
    readonly since: string;
    readonly attempt?: number;
    /** Nothing is wrong: what git names is being judged before it is rolled out. */
    readonly isJudged?: boolean;
  };
}

export interface Traffic {
  /** Length of the interval that the numbers are of. */
  readonly seconds: number;
  readonly requests: number;
  readonly errors: number;
  /** Undefined when nothing was asked in the interval. Upper bound of the histogram's bucket that holds the 99th percentile. */
  readonly p99Ms?: number;
  /** Requests per second of the last looks, oldest first, for the sparkline; at most 60. */
  readonly recent?: readonly number[];
}

export interface Alert {
  readonly kind: 'failing' | 'drifted' | 'advisory';
  /** One sentence with the number that decided. */
  readonly reason: string;
  readonly since: string;
  readonly issue?: number;
  /** Who or what is on it. */
  readonly onIt?: string;
}

export type RolloutPhase =
  | 'queued'
  | 'preparing'
  | 'stepping'
  | 'paused'
  | 'promoting'
  | 'baking'
  | 'done'
  | 'aborting'
  | 'aborted'
  | 'superseded';

export interface RolloutView {
  readonly phase: RolloutPhase;
  /** `canary`, `blue-green`, … as the manifest says. */
  readonly strategy: string;
  /** The stable arm; undefined for a first version. */
  readonly from?: RevisionLabel;
  readonly to: RevisionLabel;
  readonly approvals: readonly string[];
  readonly startedAt: string;
  /** Every station in order, the last two being `promote` and `bake`. */
  readonly steps: readonly RolloutStepView[];
  /** What the present step needs, and what it has; empty when nothing is being measured. */
  readonly evidence: readonly EvidenceView[];
  /** What happens next and when, one sentence in plain words; for an abort, the numbers that decided. */
  readonly says?: string;
  readonly revertPullRequest?: number;
}

export interface RolloutStepView {
  readonly kind: 'prepare' | 'shadow' | 'weight' | 'pause' | 'promote' | 'bake';
  /** For `weight`. */
  readonly weight?: number;
  readonly state: 'done' | 'now' | 'next' | 'failed';
  /** What the manifest asks for. */
  readonly forMs?: number;
  /** How long it took, or has taken. */
  readonly tookMs?: number;
  /** One short fact each: `2,214 requests, 0 errors`. */
  readonly facts: readonly string[];
}

export interface EvidenceView {
  /** `requests`, `errors`, `latency`, `predictions`. */
  readonly name: string;
  /** `0 of 1,002; at worst 0.98 %`. */
  readonly soFar: string;
  /** `at most 1 %`. */
  readonly needed: string;
  readonly verdict: 'pass' | 'fail' | 'waiting';
}

export interface ModelRoomView {
  readonly at: string;
  readonly repository: string;
  readonly fleet: string;
  readonly model: ModelView;
  readonly description?: string;
  readonly owners: readonly string[];
  /** Newest first. */
  readonly versions: readonly VersionView[];
  /** Shares over time, oldest first: each entry holds until the next. */
  readonly weights: readonly { readonly at: string; readonly arms: readonly (Arm & { readonly version: string })[] }[];
  /** The model's ledger lines, newest first. */
  readonly history: readonly LedgerLine[];
  /** How to ask it; undefined when the fleet has no public address. */
  readonly ask?: {
    /** `http://127.0.0.1:8000`. */
    readonly http: string;
    /** One record that the model answers, for `:predict`. */
    readonly record: Readonly<Record<string, unknown>>;
    /** The body of a V2 `infer` request for the same record. */
    readonly infer?: unknown;
  };
}

export interface VersionView extends RevisionLabel {
  readonly state: 'running' | 'rolling' | 'warm' | 'known' | 'quarantined' | 'retired';
  readonly provenance: Provenance;
  readonly mergedAt?: string;
  /** Digest of the report that allowed it. */
  readonly report?: string;
  readonly because?: string;
}

export interface ProposalSummary {
  readonly owner: string;
  readonly repo: string;
  readonly number: number;
  readonly title: string;
  readonly author: string;
  /** The pull request's page on GitHub. */
  readonly url: string;
  readonly state: 'open' | 'merged' | 'closed';
  readonly headSha: string;
  /** Of the newest commit. */
  readonly checkedAt?: string;
  /** One a model; empty while nothing was judged. */
  readonly models: readonly {
    readonly model: string;
    readonly version: string;
    readonly conclusion: Report['conclusion'] | 'running';
    /** The title of the check that decided. */
    readonly title: string;
  }[];
}

export interface ProposalView {
  readonly at: string;
  readonly owner: string;
  readonly repo: string;
  readonly number: number;
  readonly title: string;
  readonly author: string;
  readonly url: string;
  readonly state: 'open' | 'merged' | 'closed';
  readonly headSha: string;
  readonly checkedAt?: string;
  readonly models: readonly ProposedModel[];
  /** Who may waive, as the policy says: `maintain`, `@acme/ml-leads`. */
  readonly waivedBy?: string;
}

export interface ProposedModel {
  readonly model: string;
  readonly version: string;
  /** Undefined while the checks run. */
  readonly report?: Report;
  /** `sha256:…`, for the drawings' addresses. */
  readonly reportDigest?: string;
  /** Names of checks that have not finished. */
  readonly running: readonly string[];
  /** What would change in production, if merged. */
  readonly plan: readonly PlanRow[];
  /** Check name -> its run's page on GitHub. */
  readonly checkRuns: Readonly<Record<string, string>>;
}

/** One line of the model plan, as in the pull request's comment. */
export interface PlanRow {
  readonly subject: string;
  readonly champion?: string;
  readonly candidate?: string;
  readonly note?: string;
}

export interface LedgerView {
  readonly at: string;
  readonly repository: string;
  /** Verified, oldest first. */
  readonly lines: readonly LedgerLine[];
  /** What did not verify: told, never mixed in. */
  readonly problems: readonly string[];
}

/** What changed; every listener looks again at what it shows. */
export interface Change {
  readonly room: 'fleet' | 'proposals' | 'ledger';
}

/** Where the rooms get their facts. Undefined means that there is no such thing (a page of its own, 404). */
export interface DashboardSource {
  fleet(signal: AbortSignal): Promise<FleetView>;
  model(name: string, signal: AbortSignal): Promise<ModelRoomView | undefined>;
  /** Newest first. */
  proposals(signal: AbortSignal): Promise<readonly ProposalSummary[]>;
  proposal(owner: string, repo: string, number: number, signal: AbortSignal): Promise<ProposalView | undefined>;
  ledger(signal: AbortSignal): Promise<LedgerView>;
  /** A report by its digest (`sha256:…`), for drawings. */
  report(digest: string, signal: AbortSignal): Promise<Report | undefined>;
  /** Calls the listener when something changed; the returned function ends that. */
  subscribe(listener: (change: Change) => void): () => void;
}
