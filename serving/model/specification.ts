import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

/**
 * Everything of a manifest that decides an answer, with its defaults filled in. Two manifests with equal specifications
 * answer every request alike; that is what a *revision* names.
 */
export interface Specification {
  readonly artifact: ArtifactReference & { readonly files: readonly ArtifactReference[] };
  readonly features?: ArtifactReference;
  /** How one record becomes the graph's input tensors; empty: every input takes the column of its own name. */
  readonly inputs: readonly InputMapping[];
  /** What each column may hold, by column name; only what decides an answer: types, values, ranges. */
  readonly columns: Readonly<Record<string, ColumnDomain>>;
  readonly outputs: OutputMapping;
  readonly serving: { readonly maxBatch: number; readonly strictInputs: boolean };
}

/** `uri` is relative to the manifest's folder, or absolute with a scheme; `sha256` is 64 lowercase hex digits. */
export interface ArtifactReference {
  readonly uri: string;
  readonly sha256: string;
}

export interface InputMapping {
  readonly name: string;
  /** One column, or several packed side by side in this order. */
  readonly columns: readonly string[];
  /** For a list column: the shape of one row's tensor, without the batch dimension. */
  readonly shape?: readonly number[];
}

export interface ColumnDomain {
  readonly type?: 'number' | 'integer' | 'category' | 'text' | 'boolean' | 'list';
  readonly min?: number;
  readonly max?: number;
  readonly values?: readonly (string | number)[];
}

export interface OutputMapping {
  /** Left out: told from the graph's outputs. */
  readonly task?: 'binary' | 'multiclass' | 'regression';
  readonly score?: { readonly output: string; readonly index?: number };
  readonly classes?: readonly (string | number)[];
  /** Binary only: score >= threshold is the positive class. */
  readonly threshold?: number;
}

/** `sha256:` and 64 hex digits: SHA-256 of the canonical JSON (RFC 8785) of a specification. */
export function revisionOf(specification: Specification): string {
  const text = canonicalize(specification);
  if (text === undefined) throw new Error('a specification is always serialisable');
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
