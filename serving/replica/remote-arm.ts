import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { Refusal } from '../protocol/refusal.ts';
import { type Call, DEADLINE_MS, type Reply } from './call.ts';
import { JSON_LENGTH } from './http.ts';
import { OVERRIDE_HEADER, overrideOf } from './override.ts';

/** A candidate that takes longer has failed this request; the stable arm answers it. */
const LIMIT_MS = 5_000;
/** Once it has been silent for that long, nobody else waits for it until so much time has passed. */
const REST_MS = 5_000;
const MAX_SOCKETS = 64;
const MS_A_SECOND = 1000;
/** An answer is a caller's own: no larger than what a request may be. */
const MAX_ANSWER_BYTES = 64 * 2 ** 20;

/** Asks another process for an answer, over its Unix socket. Rejects with a Refusal: 503 where the process failed, else its own. */
export class RemoteArm {
  readonly #socket: string;
  /** Nobody answers in its place: it gets as long as a request may take, and is asked again after it was silent. */
  isStable = false;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS });
  /** In `performance.now()` milliseconds. */
  #restsUntil = 0;

  constructor(socket: string) {
    this.#socket = socket;
  }

  async ask(call: Call): Promise<Reply> {
    if (performance.now() < this.#restsUntil)
      throw new Refusal(503, `the process of this arm was silent for ${LIMIT_MS / MS_A_SECOND} s`, {
        retryAfterSeconds: 1,
      });
    const signal = AbortSignal.timeout(this.isStable ? DEADLINE_MS : LIMIT_MS);
    try {
      return await this.#send(call, signal, true);
    } catch (error) {
      if (signal.aborted && !this.isStable) this.#restsUntil = performance.now() + REST_MS;
      throw error;
    }
  }

  /** No new request will come; those under way still get their answer. */
  close(): void {
    setTimeout(() => this.#agent.destroy(), LIMIT_MS).unref();
  }

  #send(call: Call, signal: AbortSignal, mayRetry: boolean): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void =>
        reject(new Refusal(503, `the process of this arm did not answer: ${error.message}`, { retryAfterSeconds: 1 }));
      const asking = request(
        {
          socketPath: this.#socket,
          agent: this.#agent,
          method: 'POST',
          path: call.path,
          headers: {
            ...headersOf(call.body),
            'x-slipway-id': call.id,
            ...traceOf(call),
            // Its process has this arm alone, and should know that nobody's share brought it there.
            ...(overrideOf(call) === undefined ? {} : { [OVERRIDE_HEADER]: 'stable' }),
          },
          signal,
        },
        (response) => {
          readAnswer(response).then((bytes) => settle(response, bytes, resolve, reject), fail);
        },
      );
      asking.on('error', (error: NodeJS.ErrnoException) => {
        // A kept connection may end just as it is used again: nothing was answered, so asking once more is safe.
        if (mayRetry && asking.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE'))
          this.#send(call, signal, false).then(resolve, reject);
        else fail(error);
      });
      // In one piece: a second write to a connection that has just ended fails in a way of its own.
      const { text, tail } = call.body;
      asking.end(tail === undefined ? text : Buffer.concat([Buffer.from(text), tail]));
    });
  }
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
  else reject(refusalOf(statusCode, text, header('x-slipway-unservable') === 'true'));
}

const STATUSES = [400, 404, 413, 415, 422, 429, 500, 503] as const;

function refusalOf(status: number, body: string, unservable: boolean): Refusal {
  const known = STATUSES.find((candidate) => candidate === status) ?? 500;
  let message = body;
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null && 'error' in parsed) message = String(parsed.error);
  } catch {
    message = `status ${status} without JSON`;
  }
  return new Refusal(known, message, { unservable });
}
