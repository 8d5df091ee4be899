import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { Refusal } from '../protocol/refusal.ts';
import type { Call, Reply } from './call.ts';
import { JSON_LENGTH } from './http.ts';
import { OVERRIDE_HEADER, overrideOf } from './override.ts';
import { FLAGS_HEADER, ROLE_HEADER } from './relayed-role.ts';

/** Once it has been silent, nobody else waits for it until so much time has passed. */
const REST_MS = 5_000;
/** An answer is a caller's own: no larger than what a request may be. */
const MAX_ANSWER_BYTES = 64 * 2 ** 20;
/** Kept connections end some time after the last request: whoever still has the lane in hand may use it once more. */
const LEAVE_MS = 5_000;

/** What the process should know of a request, besides the request. */
export interface Relaying {
  /** What its arm is in the table where its caller came in: for the log, and for copies. */
  readonly role?: 'stable' | 'candidate';
  /** For the log. */
  readonly flags?: readonly string[];
}

/** The process gave no answer. */
export class LostRequest extends Error {
  /** Whether it may have begun with the request. */
  readonly wasHeard: boolean;

  constructor(cause: Error, wasHeard: boolean) {
    super(cause.message, { cause });
    this.wasHeard = wasHeard;
  }
}

/** Nobody listens, or so many wait to be heard that there is no room for one more. */
const UNHEARD: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOENT', 'EAGAIN']);
/** How a connection ends that the other side has closed. */
const ENDED: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);

/** The way to one other process, over its Unix socket. */
export class Lane {
  readonly socket: string;
  readonly #agent = new Agent({ keepAlive: true });
  /** In `performance.now()` milliseconds. */
  #restsUntil = 0;
  #left = false;
  inFlight = 0;
  /** When it was chosen last, as a number that rises. */
  turn = 0;

  constructor(socket: string) {
    this.socket = socket;
  }

  isLessBusyThan(other: Lane): boolean {
    return this.inFlight < other.inFlight || (this.inFlight === other.inFlight && this.turn < other.turn);
  }

  get isResting(): boolean {
    return performance.now() < this.#restsUntil;
  }

  /** It was silent for too long. */
  rest(): void {
    this.#restsUntil = performance.now() + REST_MS;
  }

  /** Rejects with a LostRequest, or with the process's own Refusal. */
  async ask(call: Call, relaying: Relaying, signal: AbortSignal): Promise<Reply> {
    this.inFlight += 1;
    try {
      return await this.#send(call, relaying, signal, true);
    } finally {
      this.inFlight -= 1;
      if (this.#left && this.inFlight === 0) this.#end();
    }
  }

  /** No new request will come; those under way still get their answer. */
  leave(): void {
    this.#left = true;
    if (this.inFlight === 0) this.#end();
  }

  #end(): void {
    setTimeout(() => {
      if (this.inFlight === 0) this.#agent.destroy();
    }, LEAVE_MS).unref();
  }

  #send(call: Call, relaying: Relaying, signal: AbortSignal, mayRetry: boolean): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const asking = request(
        {
          socketPath: this.socket,
          agent: this.#agent,
          method: 'POST',
          path: call.path,
          headers: { ...headersOf(call.body), ...tellingOf(call, relaying) },
          signal,
        },
        (response) => {
          readAnswer(response).then(
            (bytes) => settle(response, bytes, resolve, reject),
            (error: Error) => reject(new LostRequest(error, true)),
          );
        },
      );
      asking.on('error', (error: NodeJS.ErrnoException) => {
        const { code = '' } = error;
        // A kept connection may end just as it is used again: nothing was answered, so asking once more is safe.
        if (mayRetry && asking.reusedSocket && ENDED.has(code))
          this.#send(call, relaying, signal, false).then(resolve, reject);
        else reject(new LostRequest(error, !UNHEARD.has(code)));
      });
      // In one piece: a second write to a connection that has just ended fails in a way of its own.
      const { text, tail } = call.body;
      asking.end(tail === undefined ? text : Buffer.concat([Buffer.from(text), tail]));
    });
  }
}

function tellingOf(call: Call, { role, flags = [] }: Relaying): OutgoingHttpHeaders {
  return {
    'x-slipway-id': call.id,
    ...traceOf(call),
    ...(role === undefined ? {} : { [ROLE_HEADER]: role }),
    ...(flags.length === 0 ? {} : { [FLAGS_HEADER]: JSON.stringify(flags) }),
    // Its process has this arm alone, and should know that nobody's share brought it there.
    ...(overrideOf(call) === undefined ? {} : { [OVERRIDE_HEADER]: 'stable' }),
  };
}

/** A caller's trace goes on in the other process, and ours, where there is one. */
function traceOf({ headers: { traceparent, tracestate } }: Call): OutgoingHttpHeaders {
  if (traceparent === undefined) return {};
  return { traceparent, ...(tracestate === undefined ? {} : { tracestate }) };
}

function headersOf({ text, tail, isWhole }: Call['body']): OutgoingHttpHeaders {
  const jsonBytes = Buffer.byteLength(text);
  return {
    'content-type': tail === undefined ? 'application/json' : 'application/octet-stream',
    'content-length': jsonBytes + (tail?.length ?? 0),
    ...(tail === undefined ? {} : { [JSON_LENGTH]: isWhole === true ? 0 : jsonBytes }),
  };
}

async function readAnswer(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error(`its answer is larger than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function settle(
  { headers, statusCode = 500 }: IncomingMessage,
  bytes: Buffer,
  resolve: (reply: Reply) => void,
  reject: (refusal: Refusal) => void,
): void {
  const header = (name: string): string => String(headers[name] ?? '');
  const jsonBytes = headers[JSON_LENGTH] === undefined ? bytes.length : Number(headers[JSON_LENGTH]);
  const text = bytes.toString('utf8', 0, jsonBytes);
  if (statusCode === 200)
    resolve({
      body: () => (jsonBytes === bytes.length ? { text } : { text, tail: [bytes.subarray(jsonBytes)] }),
      revision: header('x-slipway-revision'),
      version: header('x-slipway-model-version'),
      flags: [],
      rows: 1,
    });
  else reject(refusalOf(statusCode, text, headers));
}

const STATUSES = [400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429, 500, 503] as const;

function refusalOf(status: number, body: string, headers: IncomingMessage['headers']): Refusal {
  const known = STATUSES.find((candidate) => candidate === status) ?? 500;
  let message = body;
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null && 'error' in parsed) message = String(parsed.error);
  } catch {
    message = `status ${status} without JSON`;
  }
  const retryAfterSeconds = Number(headers['retry-after'] ?? NaN);
  return new Refusal(known, message, {
    unservable: headers['x-slipway-unservable'] === 'true',
    ...(Number.isFinite(retryAfterSeconds) ? { retryAfterSeconds } : {}),
  });
}
