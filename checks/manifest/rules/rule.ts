import type { Finding, Measured, Place } from '../../report/report.ts';
import type { LoadedManifest } from '../manifest.ts';
import type { Policy } from '../policy.ts';

/** What a rule that no schema can say is judged by. What the caller could not find out is left undefined, never guessed. */
export interface ManifestContext {
  readonly proposal: LoadedManifest;
  readonly policy: Policy;
  /** Every path of the proposal's tree. */
  readonly files: readonly string[];
  /** The model's versions on the default branch, newest first. */
  readonly bindings: readonly BoundVersion[];
  /** Every manifest of the proposal's tree that can be read. */
  readonly names: readonly { readonly path: string; readonly name: string }[];
  /** Columns that become the graphs' inputs: the manifest's and, for inputs that it leaves out, their own names. */
  readonly inputColumns?: readonly string[];
  /** Columns of the evaluation data. */
  readonly dataColumns?: readonly string[];
}

/** A version and the revision that it was bound to by a commit of the default branch. */
export interface BoundVersion {
  readonly model: string;
  readonly version: string;
  readonly revision: string;
  readonly commit: string;
}

/** A rule asks one thing, and answers with what it measured also when all is well. */
export type Rule = (context: ManifestContext) => readonly Finding[];

export function pass(id: string, reason: string, measured: Measured): Finding {
  return { id: `manifest/${id}`, verdict: 'pass', severity: 'blocking', reason, measured };
}

export function fail(id: string, reason: string, measured: Measured, at: Place, next: string): Finding {
  return { id: `manifest/${id}`, verdict: 'fail', severity: 'blocking', reason, measured, at, next };
}

export function inconclusive(id: string, reason: string, measured: Measured, at: Place): Finding {
  return { id: `manifest/${id}`, verdict: 'inconclusive', severity: 'blocking', reason, measured, at };
}
