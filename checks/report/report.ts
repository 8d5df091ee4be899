import type { Figure } from './figure.ts';
import type { ManifestSummary } from './manifest-summary.ts';

/**
 * The report: a public contract (see docs/manifest.md). Fields may be added, never renamed.
 *
 * Glossary. A *finding* is one answered question with its numbers; a *check* groups findings and has a *conclusion* in
 * GitHub's words; the *report* of one model groups checks.
 */
export type Verdict = 'pass' | 'fail' | 'inconclusive' | 'not-applicable' | 'waived' | 'error';
export type CheckConclusion = 'success' | 'failure' | 'action_required' | 'skipped';
export type ReportConclusion = 'success' | 'failure' | 'action_required';

export interface Place {
  readonly file: string;
  /** 1-based. */
  readonly line?: number;
  /** 1-based. */
  readonly column?: number;
}

export type Measured = { readonly [name: string]: MeasuredValue };
export type MeasuredValue = string | number | boolean | null | readonly MeasuredValue[] | Measured;

export interface Finding {
  /** `check/what`, stable over runs: `baseline/roc_auc`, `cohorts/sex=Female/roc_auc`. Waivers name it. */
  readonly id: string;
  readonly verdict: Verdict;
  /** `blocking`: the check's conclusion rests on it. `advisory`: told, never decides. */
  readonly severity: 'blocking' | 'advisory';
  /** One sentence with the number that decided. */
  readonly reason: string;
  /** Every number the verdict rests on, passes included, at full precision. */
  readonly measured: Measured;
  readonly at?: Place;
  /** What to do next, when it did not pass. */
  readonly next?: string;
  readonly waiver?: { readonly by: string; readonly because: string; readonly until: string };
}

export interface CheckResult {
  readonly name: string;
  readonly conclusion: CheckConclusion;
  /** The verdict in one line, with the number that decided it. */
  readonly title: string;
  readonly durationMs: number;
  /** Whether a failing finding blocks the proposal (policy `checks.required`). */
  readonly required: boolean;
  readonly findings: readonly Finding[];
  /** Method notes, for the reader who wants to recompute it: one sentence each. */
  readonly method?: readonly string[];
  /** What a reader should see, as data, worst first. */
  readonly figures?: readonly Figure[];
}

export interface BaselineReference {
  readonly kind: 'production' | 'version' | 'simple';
  readonly version?: string;
  readonly revision?: string;
  readonly digest?: string;
}

export interface Report {
  readonly model: string;
  readonly version: string;
  readonly revision: string;
  /** `sha256:…` of the artifact. */
  readonly digest: string;
  readonly baseline: BaselineReference;
  readonly conclusion: ReportConclusion;
  readonly checks: readonly CheckResult[];
  /** Defaults that the manifest left to Slipway, as JSON pointer -> value. */
  readonly defaults: Measured;
  readonly environment: {
    readonly slipway: string;
    readonly node: string;
    readonly onnxruntime: string;
    readonly cpu: string;
    readonly isolation: 'namespace' | 'process';
  };
  /** What the manifest says beside what was judged; absent in reports of earlier versions, and where the manifest cannot be read. */
  readonly manifest?: ManifestSummary;
  /** Digest of the evidence (content key); `cached` when it was not gathered anew. */
  readonly evidence?: { readonly key: string; readonly cached: boolean };
}
