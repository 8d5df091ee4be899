import type { LoadedManifest } from './manifest/manifest.ts';
import type { Policy } from './manifest/policy.ts';
import type { CheckResult, Finding, Report } from './report/report.ts';
import type { Snapshot } from './snapshot.ts';

/** Everything that a verdict on one model's proposal depends on. */
export interface ModelProposal {
  /** Path of the proposed manifest in `proposal`, `models/income/model.yaml`. */
  readonly path: string;
  readonly proposal: Snapshot;
  /** The default branch; undefined when there is none to compare with (a folder on its own). */
  readonly base?: Snapshot;
  /** What production's stable arm runs; undefined before the first version. Its manifest is read from its own snapshot. */
  readonly production?: { readonly snapshot: Snapshot; readonly path: string };
  /** Where `baseline: { version }` is looked up. */
  readonly versions: VersionHistory;
  readonly policy: Policy;
  /** Recorded production rows; undefined when none were recorded. */
  readonly window?: WindowSource;
  readonly waivers: readonly Waiver[];
  /** Set when a held fleet runs exactly this tree: the proposal passes with `manifest/restores`. */
  readonly restores?: { readonly revision: string; readonly since: string };
}

/** A version's binding, as the first-parent history of the default branch tells it. */
export interface VersionBinding {
  readonly model: string;
  readonly version: string;
  readonly revision: string;
  readonly commit: string;
}
export interface VersionHistory {
  /** Every version that the model ever had on the default branch, newest first. */
  bindings(model: string, signal?: AbortSignal): Promise<readonly VersionBinding[]>;
  /** The tree at a binding's commit. */
  snapshot(commit: string): Snapshot;
}

/** A Parquet or CSV file of recorded rows: input columns, and where they are known the label under its own name. */
export interface WindowSource {
  readonly label: string;
  readonly file: string;
}

export interface Waiver {
  /** A finding's id, or a check's name for all of its findings as they were. */
  readonly finding: string;
  readonly by: string;
  readonly because: string;
  /** ISO date-time; a waiver past it no longer holds. */
  readonly until: string;
  /** Content keys (`waiverKeyOf`) of the findings that were waived; a finding outside the set is not covered. */
  readonly covers: readonly string[];
}

export interface CheckOptions {
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  /** Content-addressed cache of evidence and fetched artifacts. */
  readonly cacheFolder: string;
  readonly offline?: boolean;
  readonly now: Date;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly stage: string; readonly done: number; readonly of: number }) => void;
  /** Called as soon as a check's result stands, so that it can be reported before the others. */
  readonly onResult?: (result: CheckResult) => void;
}

export type CheckModel = (proposal: ModelProposal, options: CheckOptions) => Promise<Report>;

export type { Finding, LoadedManifest };
