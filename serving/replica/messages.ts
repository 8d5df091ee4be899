import type { SelfTest, Sticky } from '../fleet.ts';
import type { Handed, LogSchema } from '../lake/entry.ts';
import type { MessagingReport } from '../messaging/messaging-report.ts';
import type { MessagingSettings } from '../messaging/messaging-settings.ts';
import type { Specification } from '../model/specification.ts';
import type { TracesSettings } from './call-trace.ts';
import type { ArmCounts } from './counters.ts';
import type { Vitals } from './vitals.ts';

/**
 * What the daemon and its replicas say to each other (Node's IPC channel, structured clone). Orders are what changed since the last
 * ones to the same process: the channel neither loses nor doubles nor reorders, and ends with either process (order-book.ts).
 */
export interface RevisionOrder {
  readonly model: string;
  readonly version: string;
  readonly revision: string;
  /** `sha256:…` of the model file. */
  readonly digest: string;
  readonly specification: Specification;
  /** Where each of the specification's files lies, by `uri`. */
  readonly paths: Readonly<Record<string, string>>;
  /** Columns that are never written to the log. */
  readonly privateColumns: readonly string[];
  /** Of those, what is written as a keyed hash. */
  readonly hashedColumns?: readonly string[];
  readonly selfTests: readonly SelfTest[];
  /** Rows that single answers are explained against: read when somebody asks. */
  readonly background?: { readonly path: string; readonly sha256: string };
}

/** Two models may have one specification, and so one revision: a process keeps them apart by this key. */
export function keyOf(model: string, revision: string): string {
  return `${model} ${revision}`;
}

export interface ArmOrder {
  readonly revision: string;
  readonly version: string;
  readonly weight: number;
  readonly leased: boolean;
  /** It gets copies of what the stable arm answered, and no share. */
  readonly shadow?: true;
  /** Where other processes answer for this arm, each for any request; undefined: this process runs it. */
  readonly sockets?: readonly string[];
  /** What they say of it: to log what they could not answer, and to find the column that callers stick by. */
  readonly schema?: LogSchema;
}

export interface TableOrder {
  readonly model: string;
  readonly generation: number;
  readonly arms: readonly ArmOrder[];
  readonly salt: string;
  readonly sticky?: Sticky;
  /** Answers of arms that run here are kept up to so many bytes; undefined: none are. */
  readonly cacheBytes?: number;
  /** Milliseconds since the epoch; leased arms get nothing after it. */
  readonly leaseUntilMs?: number;
  /** Names of inputs and columns that some live revision of the model takes; others are told as unused. */
  readonly knows: readonly string[];
  /** Nothing that could answer is loaded, but can be: whoever asks waits. `resting`: nobody loads it until it is asked for, say `wake`. */
  readonly waits?: 'resting' | 'loading';
}

export type ToReplica =
  /** Comes first, once. */
  | { readonly kind: 'start'; readonly settings: ReplicaSettings }
  | {
      readonly kind: 'orders';
      readonly sequence: number;
      /** Wanted from now on. */
      readonly revisions: readonly RevisionOrder[];
      /** Keys of revisions that are not wanted any more. */
      readonly unwanted: readonly string[];
      /** New, or other than before. */
      readonly tables: readonly TableOrder[];
      /** Names of models that have no table any more. */
      readonly retired: readonly string[];
    }
  /** Comes with the socket of a caller's connection. */
  | { readonly kind: 'connection'; readonly speaks: 'http' | 'grpc' }
  /** `idle: 'cut'` ends connections without a request under way at once: when the whole fleet stops, nobody takes over. */
  | { readonly kind: 'drain'; readonly limitMs: number; readonly idle: 'cut' | 'leave' }
  | { readonly kind: 'report'; readonly ask: number }
  /** So many connections are to end with their next answer: their callers come back, and others take a share of them. */
  | { readonly kind: 'shed'; readonly connections: number }
  /** The certificate was renewed, or the key of session tickets was changed. */
  | { readonly kind: 'tls'; readonly tls: TlsOrder }
  | { readonly kind: 'told'; readonly ask: number; readonly answer: Told };

/** A certificate with its chain and its key, as PEM. `ticketKeys`: 48 bytes that all replicas share, so that each can resume a session of another. */
export interface TlsOrder {
  readonly cert: string;
  readonly key: string;
  readonly ticketKeys: Uint8Array;
}

export interface ReplicaSettings {
  /** The Unix socket on which it answers for others; and the only one for a candidate. */
  readonly socket: string;
  /** Where the log's writer listens; undefined: nothing is logged. */
  readonly logSocket?: string;
  /** What callers must show as `Authorization: Bearer …`; undefined: nothing. */
  readonly callerToken?: string;
  /** False when others than this machine may call: looking up and feedback then need a token, always. */
  readonly loopback: boolean;
  /** How long an idle connection is kept. */
  readonly keepAliveMs: number;
  readonly serverVersion: string;
  /** Callers may load and unload models. */
  readonly modelControl?: boolean;
  /** Requests are traced; undefined: they are not. */
  readonly traces?: TracesSettings;
  /** Callers' connections are encrypted; undefined: they are not. */
  readonly tls?: TlsOrder;
  /** Whether connections that speak gRPC will come. */
  readonly speaksGrpc: boolean;
  /** About how long such a connection lasts: its clients then come anew, and may find replicas that came later. Infinity: without an end. */
  readonly grpcConnectionMs: number;
  /** The bus on which it answers, too; undefined: none. */
  readonly messaging?: MessagingSettings;
  /** It loads what no other process has loaded yet, and finds out how long that would hold up a process that serves. */
  readonly proves: boolean;
}

export type FromReplica =
  | { readonly kind: 'listening' }
  /** The tables of these orders are in force. */
  | { readonly kind: 'turned'; readonly sequence: number }
  /** `key` as keyOf makes it. */
  | {
      readonly kind: 'revision';
      readonly key: string;
      readonly state: RevisionState;
      /** Of the last orders that it had then. */
      readonly sequence: number;
    }
  /** `ask`: it was asked for; else it is the usual one. */
  | { readonly kind: 'report'; readonly report: ReplicaReport; readonly ask?: number }
  | { readonly kind: 'ask'; readonly ask: number; readonly question: Question }
  /** Somebody asks for a model that rests. */
  | { readonly kind: 'wake'; readonly model: string };

export type RevisionState =
  | { readonly kind: 'loading' }
  | {
      readonly kind: 'ready';
      /** How long loading it, warming it and its self-tests hold up a process. */
      readonly loadMs: number;
      /** Names of inputs and columns that a request may carry. */
      readonly knows: readonly string[];
      /** For processes that turn to this one. */
      readonly schema?: LogSchema;
    }
  | { readonly kind: 'failed'; readonly reason: string };

export interface ReplicaReport {
  /** As it is sent: of arms that something happened to since the report before. */
  readonly arms: readonly ArmCounts[];
  /** Names of models that requests wait for, to be loaded or to be run. */
  readonly busy: readonly string[];
  readonly inFlight: number;
  readonly queued: number;
  readonly connections: number;
  readonly rssBytes: number;
  readonly vitals: Vitals;
  readonly log: { readonly written: number; readonly dropped: number; readonly handed?: Handed };
  readonly unusedInputs: number;
  /** Requests to explain that were answered. */
  readonly explanations: number;
  /** How long runs of each revision take for a request, by the last so many, by key as keyOf makes it: what runs long holds up what shares its process. */
  readonly runMs?: readonly { readonly key: string; readonly medianMs: number; readonly runs: number }[];
  /** Of `inFlight`, what other processes have in hand for it, by model. */
  readonly relayed?: readonly { readonly model: string; readonly inFlight: number }[];
  /** Undefined: it is on no bus. */
  readonly messaging?: MessagingReport;
}

/** What a replica cannot answer alone: it sees its own share only. */
export type Question =
  | { readonly kind: 'metrics' }
  | { readonly kind: 'prediction'; readonly id: string }
  /** Of one version, of all versions of a model, of all models. */
  | { readonly kind: 'statistics'; readonly model?: string; readonly version?: string }
  | { readonly kind: 'index'; readonly onlyReady: boolean }
  | { readonly kind: 'feedback'; readonly model: string; readonly body: string }
  | { readonly kind: 'retrain'; readonly model: string; readonly body: string }
  /** `body`: the request's, as JSON. */
  | { readonly kind: 'control'; readonly action: 'load' | 'unload'; readonly model: string; readonly body: string };

export interface Told {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}
