import { Refusal, described } from '../protocol/refusal.ts';
import { type InferRequest, type RequestBody, parseInferRequest } from '../protocol/infer-request.ts';
import type { InferAnswer, ResponseBody } from '../protocol/infer-response.ts';
import { type PredictRequest, parsePredictRequest } from '../protocol/v1.ts';

import { type Computed, USUAL_PRIORITY } from './batcher.ts';
import type { CallTrace } from './call-trace.ts';

/** One request to a model, as it came. */
export interface Call {
  readonly protocol: 'v1' | 'v2';
  readonly model: string;
  /** Asked for by path; undefined: the arms decide. */
  readonly version: string | undefined;
  readonly id: string;
  readonly path: string;
  readonly body: RequestBody;
  /** Where the protocol has parsed it already. */
  readonly parsed?: Parsed;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** `performance.now()` when the request had come in. */
  readonly startedAt: number;
  /** Another process of this fleet chose this arm, and counts what its caller sees. */
  readonly relayed: boolean;
  /** Undefined: HTTP. */
  readonly transport?: 'grpc' | 'nats';
  /** Undefined: nobody wants to hear of it. */
  readonly trace?: CallTrace;
  /** Hears of each time that the model was asked for this request. */
  readonly timed?: (timing: Pick<Computed, 'queueMs' | 'ran'>) => void;
}

/** What a request's head asks for, however it was read. */
export type CallHead = Pick<Call, 'protocol' | 'model' | 'version' | 'path' | 'headers'>;

/** The one place where a request over HTTP becomes a call. */
export function callOf(head: CallHead, body: RequestBody, id: string, at: number, relayed: boolean): Call {
  const { protocol, model, version, path, headers } = head;
  return { protocol, model, version, id, path, body, headers, at, startedAt: performance.now(), relayed };
}

/** A call after parsing, which no arm has anything to do with. */
export type Parsed =
  | { readonly protocol: 'v2'; readonly request: InferRequest }
  /** One tensor without a name: which it is, the model says. */
  | { readonly protocol: 'v2-whole'; readonly bytes: Uint8Array }
  | { readonly protocol: 'v1'; readonly request: PredictRequest };

export function parseCall(call: Call): Parsed {
  const { protocol, body, parsed } = call;
  if (parsed !== undefined) return parsed;
  if (protocol === 'v1') {
    if (body.tail !== undefined)
      throw new Refusal(415, 'records are JSON; binary tensors belong to /v2/models/{model}/infer');
    return { protocol, request: parsePredictRequest(body.text) };
  }
  return body.isWhole === true
    ? { protocol: 'v2-whole', bytes: body.tail ?? new Uint8Array(0) }
    : { protocol, request: parseInferRequest(body) };
}

/** What an arm answered. */
export interface Reply {
  /** Made when it is asked for: callers over gRPC take the answer itself. */
  readonly body: () => ResponseBody;
  /** The answer in tensors, where this process gave it. */
  readonly answer?: InferAnswer;
  readonly revision: string;
  readonly version: string;
  readonly flags: readonly string[];
  /** One a row, or one a class and row; for the log. */
  readonly scores?: Float64Array;
  readonly rows: number;
  /** The request as it goes into the log, where that is not as it came. */
  readonly logged?: RequestBody;
}

/** A request with a longer wait than this is refused: a caller that still waits would rather know. */
export const DEADLINE_MS = 10_000;

/** Triton's `timeout` parameter, in microseconds, may shorten the deadline. */
export function deadlineOf(parsed: Parsed, from: number): number {
  const timeout = parsed.protocol === 'v2' ? parsed.request.parameters['timeout'] : undefined;
  if (timeout === undefined) return from + DEADLINE_MS;
  if (typeof timeout !== 'number' || !(timeout >= 0))
    throw new Refusal(400, `parameters.timeout must be a number of microseconds, found ${described(timeout)}`);
  return from + Math.min(DEADLINE_MS, timeout === 0 ? DEADLINE_MS : timeout / 1000);
}

/** Triton's `priority` parameter: 1 goes first; 0 or none is the usual one. */
export function priorityOf({ parameters: { priority } }: InferRequest): number {
  if (priority === undefined || priority === 0) return USUAL_PRIORITY;
  if (typeof priority !== 'number' || !Number.isSafeInteger(priority) || priority < 0)
    throw new Refusal(400, `parameters.priority must be an integer from 0, found ${described(priority)}`);
  return priority;
}
