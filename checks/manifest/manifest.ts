import type { metricFacts } from './metric-defaults.ts';
import type {
  ArtifactReference,
  ColumnDomain,
  InputMapping,
  Specification,
} from '../../serving/model/specification.ts';
import type { Place } from '../report/report.ts';

/**
 * A manifest after parsing: every default that does not depend on data is filled in, names as in `model.schema.json`.
 * `slipway/v1` is a public contract: see docs/manifest.md.
 */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly owners: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly artifact: Specification['artifact'];
  readonly features?: ArtifactReference;
  readonly inputs: readonly InputMapping[];
  readonly columns: Readonly<Record<string, ManifestColumn>>;
  readonly outputs: Specification['outputs'];
  /** `cacheMb` decides no answer, and so is no part of the revision. */
  readonly serving: Specification['serving'] & { readonly cacheMb?: number };
  readonly evaluation: Evaluation;
  readonly baseline: 'production' | 'simple' | { readonly version: string };
  readonly breaking?: string;
  readonly reproducibility: {
    readonly tolerance: { readonly relative: number; readonly absolute: number };
    readonly training?: Training;
  };
  readonly drift: {
    readonly reference?: ArtifactReference;
    readonly windowMs: number;
    readonly alpha: number;
    readonly effect: Readonly<Record<string, number>>;
  };
  readonly performance?: {
    readonly p99Ms?: number;
    readonly memoryMb?: number;
    readonly loadMs?: number;
    readonly slowdown?: number;
  };
  /** Share of recorded requests whose decision may change; undefined: told, never judged. */
  readonly replay?: { readonly flips?: number };
  readonly explanation: { readonly background: number; readonly stable: number };
  readonly impact?: Impact;
  readonly attest: readonly {
    readonly test: string;
    readonly evidence: string;
    readonly by: string;
    readonly on: string;
    /** The last day on which it counts; left out: a year after `on`. */
    readonly until?: string;
    /** A check run or status of the same commit that runs the test automatically. */
    readonly check?: string;
  }[];
  readonly readiness?: { readonly minimum?: number };
  readonly rollout: RolloutPlan;
  readonly replicas: { readonly min: number; readonly max: number; readonly target: number };
  readonly lifetime?: {
    readonly reviewBy?: string;
    readonly retrain?: { readonly schedule?: string; readonly workflow?: string };
  };
}

export interface ManifestColumn extends ColumnDomain {
  /** Largest share of missing values, 0 to 1. */
  readonly missing?: number;
  readonly protected: boolean;
  readonly pii: boolean;
  /** Logged as a keyed hash, where others with `pii` are not logged at all. */
  readonly hashed?: true;
  readonly input?: 'justified';
  readonly why?: string;
}

export interface Evaluation {
  readonly data: ArtifactReference;
  readonly label: string;
  readonly key?: string;
  readonly time?: string;
  /** Empty: the task's default metrics with their default margins. */
  readonly metrics: readonly MetricRule[];
  readonly cohorts: readonly CohortRule[];
  readonly cohortGap: Readonly<Record<string, number>>;
  /** Path of a JSON lines file, relative to the manifest's folder. */
  readonly goldens?: string;
  readonly corners: boolean;
}

export interface MetricRule {
  readonly name: MetricName;
  readonly min?: number;
  readonly max?: number;
  /** Left out: the metric's default (docs/manifest.md). */
  readonly margin?: number;
  /** At most this share of the baseline's value as well; only in a judged manifest (`judgedManifest`). */
  readonly marginShare?: number;
  /** Left out: four times the margin. */
  readonly cohortMargin?: number;
  /** As `marginShare`. */
  readonly cohortMarginShare?: number;
  readonly claimed?: number;
}

export type MetricName = keyof typeof metricFacts;

export type CohortRule = { readonly column: string; readonly bins?: readonly number[] };

export interface Training {
  readonly commit?: string;
  readonly repository?: string;
  readonly command?: string;
  readonly lockfile?: ArtifactReference;
  readonly data: readonly ArtifactReference[];
  readonly seed?: number;
  readonly retrain: 'never' | 'on-demand' | 'always';
}

export interface Impact {
  readonly decision?: string;
  readonly affected?: string;
  readonly severity: 'low' | 'moderate' | 'high' | 'critical';
  readonly reversible?: boolean;
  readonly personalData: readonly string[];
  readonly lawfulBasis?: string;
  readonly retention?: string;
  readonly mitigations: readonly string[];
}

export type RolloutStep =
  | { readonly kind: 'weight'; readonly weight: number; readonly forMs: number }
  | { readonly kind: 'shadow'; readonly forMs: number }
  | { readonly kind: 'pause' };

export interface RolloutPlan {
  readonly strategy: 'canary' | 'blue-green' | 'ab-test' | 'shadow';
  readonly steps: readonly RolloutStep[];
  readonly sticky?: { readonly header: string } | { readonly column: string };
  readonly analysis: {
    readonly errors: number;
    readonly latency: number;
    readonly predictions?: number;
    /** Undefined only in rollouts that began before this was judged. */
    readonly disagreement?: number;
    readonly feedback?: { readonly metric: string; readonly margin: number };
  };
  readonly minimum: number;
  readonly onInsufficient: 'hold' | 'promote' | 'abort';
  readonly onFail: 'abort' | 'hold';
  readonly keepWarmMs: number;
}

/** A manifest with where each of its values stands, so that a finding can point at a line. */
export interface LoadedManifest {
  readonly manifest: Manifest;
  /** The manifest's path in its snapshot, `models/income/model.yaml`. */
  readonly path: string;
  /** The path's folder, `models/income`. */
  readonly folder: string;
  readonly specification: Specification;
  /** `sha256:…` of the specification. */
  readonly revision: string;
  /** JSON pointer -> value, of every default that Slipway chose. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** Where the value at a JSON pointer (`/evaluation/metrics/0`) stands; the nearest parent's place when it is absent. */
  place(pointer: string): Place;
  /** The YAML as it was read. */
  readonly source: string;
}
