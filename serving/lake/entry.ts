import type { ScoreMapping } from '../model/score.ts';
import type { ColumnType, InputPlan } from '../model/signature.ts';

/**
 * What a replica hands to the log's writer. The serving loop passes on what it already has, the request's text and its scores; taking them
 * apart into columns is the writer's work, in a process of its own.
 */
export interface LogEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly id: string;
  readonly model: string;
  readonly revision: string;
  readonly arm: 'stable' | 'candidate';
  /** A copy of a request that the stable arm answered: this answer was compared with it, and no caller saw it. */
  readonly shadow?: true;
  readonly status: number;
  readonly latencyMs: number;
  readonly protocol: 'v1' | 'v2';
  /** The request's body; left out when it was larger than what is kept. */
  readonly body?: string;
  /** The tensors that came as bytes behind it. */
  readonly tail?: Uint8Array;
  /** Of a body that was left out. */
  readonly bodyDigest?: string;
  readonly bodyBytes: number;
  readonly scores?: Float64Array;
  readonly rows: number;
  readonly flags: readonly string[];
}

/** Two models may have one specification, and so one revision. */
export function schemaKeyOf({ model, revision }: { readonly model: string; readonly revision: string }): string {
  return `${model} ${revision}`;
}

/** What the writer must know of a revision to take its entries apart: said once on each connection, before its first entry. */
export interface LogSchema {
  readonly model: string;
  readonly version: string;
  readonly revision: string;
  readonly digest: string;
  /** Input columns that are written; private ones are not among them. */
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[];
  readonly inputs: readonly InputPlan[];
  /** Names that must not be written, whoever sends them. */
  readonly withheld?: readonly string[];
  readonly score?: ScoreMapping;
}

/** How much a replica has handed over on its present connection: a reader waits until the writer has as much. */
export interface Handed {
  readonly connection: string;
  readonly entries: number;
}

export type LogFrame =
  /** The first of a connection. */
  | { readonly kind: 'hello'; readonly connection: string }
  | { readonly kind: 'schema'; readonly schema: LogSchema }
  | { readonly kind: 'entries'; readonly entries: readonly LogEntry[] };
