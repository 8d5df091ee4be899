/**
 * What a load generator is told and what it tells. Glossary: *closed loop*: each connection (or slot in flight) asks again once it was answered, so a slow server is
 * asked less; *open loop*: requests come at their own times, whatever the server does, and a request's latency counts from when it should
 * have been sent, so that a server that stops cannot hide it.
 */
export interface LoadJob {
  readonly protocol: 'http' | 'grpc' | 'nats';
  /** `host:port`; for NATS with the server's subject. */
  readonly host: string;
  readonly port: number;
  readonly subject?: string;
  /** Sent in turn, over and over. */
  readonly requests: readonly LoadRequest[];
  readonly connections: number;
  /** Requests under way on one connection; HTTP has 1. */
  readonly inFlight: number;
  /** HTTP: requests after which a connection is closed and opened anew, as clients behind a balancer do. Left out: never. */
  readonly perConnection?: number;
  /** Left out: closed loop. */
  readonly open?: { readonly perSecond: number; readonly seed: number };
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** A request that is not answered by then is an error, and its connection is closed. */
  readonly limitMs: number;
}

export interface LoadRequest {
  /** The whole request as it goes over the wire: an HTTP request, or a message of gRPC or NATS. */
  readonly bytes: Uint8Array;
  readonly expects: Expectation;
}

export type Expectation =
  /** Only its status: an error that is asked for. */
  | { readonly kind: 'status'; readonly status: number }
  /** The answer must hold these numbers, and say the same id where it says one. */
  | {
      readonly kind: 'numbers';
      readonly form: AnswerForm;
      readonly id: string;
      readonly numbers: readonly number[];
      readonly tolerance: number;
    };

/** How an answer holds its numbers: V2 JSON, V2 JSON with bytes behind it, records, a ModelInferResponse. */
export type AnswerForm = 'v2-json' | 'v2-binary' | 'v1' | 'grpc';

export interface LoadResult {
  /** Time in which requests were counted. */
  readonly seconds: number;
  readonly answered: number;
  readonly perSecond: number;
  /** By kind: `status 503`, `wrong answer`, `connection`, `no answer in time`, …; the first of each kind in words. */
  readonly errors: Readonly<Record<string, { readonly count: number; readonly first: string }>>;
  readonly failed: number;
  readonly latencyMs: Percentiles;
  /** Processor time of the generator by time that passed: close to 1, it was itself what was measured. */
  readonly busy: number;
  readonly cpuMicrosPerRequest: number;
  /** Open loop: requests that had to wait for a free connection of ours, and could not be sent before the end. */
  readonly waited?: number;
  readonly unsent?: number;
}

export interface Percentiles {
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}
