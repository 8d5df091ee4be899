import { Refusal } from '../protocol/refusal.ts';
import { type InferRequest, parseInferRequest } from '../protocol/v2.ts';
import { type PredictRequest, parsePredictRequest } from '../protocol/v1.ts';

/** One request to a model, as it came. */
export interface Call {
  readonly protocol: 'v1' | 'v2';
  readonly model: string;
  /** Asked for by path; undefined: the arms decide. */
  readonly version: string | undefined;
  readonly id: string;
  readonly path: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** `performance.now()` when the request had come in. */
  readonly startedAt: number;
  /** Another process of this fleet chose this arm, and counts what its caller sees. */
  readonly relayed: boolean;
}

/** A call after parsing, which no arm has anything to do with. */
export type Parsed =
  | { readonly protocol: 'v2'; readonly request: InferRequest }
  | { readonly protocol: 'v1'; readonly request: PredictRequest };

export function parseCall(call: Call): Parsed {
  return call.protocol === 'v2'
    ? { protocol: 'v2', request: parseInferRequest(call.body) }
    : { protocol: 'v1', request: parsePredictRequest(call.body) };
}

/** What an arm answered. */
export interface Reply {
  readonly body: string;
  readonly revision: string;
  readonly version: string;
  readonly flags: readonly string[];
  /** One a row, or one a class and row; for the log. */
  readonly scores?: Float64Array;
  readonly rows: number;
}

/** A request with a longer wait than this is refused: a caller that still waits would rather know. */
export const DEADLINE_MS = 10_000;

/** Triton's `timeout` parameter, in microseconds, may shorten the deadline. */
export function deadlineOf(parsed: Parsed, from: number): number {
  const timeout = parsed.protocol === 'v2' ? parsed.request.parameters['timeout'] : undefined;
  if (timeout === undefined) return from + DEADLINE_MS;
  if (typeof timeout !== 'number' || !(timeout >= 0))
    throw new Refusal(400, `parameters.timeout must be a number of microseconds, found ${JSON.stringify(timeout)}`);
  return from + Math.min(DEADLINE_MS, timeout === 0 ? DEADLINE_MS : timeout / 1000);
}
