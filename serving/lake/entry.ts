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
  /** The request's body as it came, text or its UTF-8; left out when it was larger than what is kept. */
  readonly body?: string | Uint8Array | undefined;
  /** The tensors that came as bytes behind it. */
  readonly tail?: Uint8Array | undefined;
  /** Of the tensors of a request, for one whose values are not kept. */
  readonly shapes?: readonly TensorShape[] | undefined;
  readonly scores?: Float64Array | undefined;
  readonly rows: number;
  readonly flags: readonly string[];
}

export interface TensorShape {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** An entry as the writer gets it. */
export interface ReceivedEntry extends Omit<LogEntry, 'body' | 'shapes' | 'model' | 'revision'> {
  /** Left out where the request was larger than what is kept. */
  readonly body?: string;
  /** Of a body that was left out: its digest, and the shapes of its tensors as text. */
  readonly bodyDigest?: string;
  readonly bodyShape?: string;
  readonly bodyBytes: number;
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
  /** Of those, what is written as a keyed hash; their values are as private. */
  readonly hashed?: readonly string[];
  readonly score?: ScoreMapping;
}

/** How much a replica has handed over on its present connection: a reader waits until the writer has as much. */
export interface Handed {
  readonly connection: string;
  readonly entries: number;
}

/** What is said now and then; entries have a form of their own (entry-bytes.ts). */
export type LogNotice =
  /** The first of a connection. */
  | { readonly kind: 'hello'; readonly connection: string }
  /** Entries name it by its number, counted from 0 in the order in which a connection says them. */
  | { readonly kind: 'schema'; readonly schema: LogSchema };
