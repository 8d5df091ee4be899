import { Agent, type IncomingMessage, request } from 'node:http';
import { Refusal } from '../protocol/refusal.ts';
import type { Call, Reply } from './call.ts';

/** A candidate that takes longer has failed this request; the stable arm answers it. */
const LIMIT_MS = 5_000;
const MAX_SOCKETS = 64;
/** An answer is a caller's own: no larger than what a request may be. */
const MAX_ANSWER_BYTES = 64 * 2 ** 20;

/** Asks another process for an answer, over its Unix socket. Rejects with a Refusal: 503 where the process failed, else its own. */
export class RemoteArm {
  readonly #socket: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS });

  constructor(socket: string) {
    this.#socket = socket;
  }

  ask(call: Call): Promise<Reply> {
    const signal = AbortSignal.timeout(LIMIT_MS);
    return this.#send(call, signal, true);
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
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(call.body),
            'x-slipway-id': call.id,
          },
          signal,
        },
        (response) => {
          readAnswer(response).then((body) => settle(response, body, resolve, reject), fail);
        },
      );
      asking.on('error', (error: NodeJS.ErrnoException) => {
        // A kept connection may end just as it is used again: nothing was answered, so asking once more is safe.
        if (mayRetry && asking.reusedSocket && error.code === 'ECONNRESET')
          this.#send(call, signal, false).then(resolve, reject);
        else fail(error);
      });
      asking.end(call.body);
    });
  }
}

async function readAnswer(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error(`its answer is larger than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function settle(
  { headers, statusCode = 500 }: IncomingMessage,
  body: string,
  resolve: (reply: Reply) => void,
  reject: (refusal: Refusal) => void,
): void {
  const header = (name: string): string => String(headers[name] ?? '');
  if (statusCode === 200)
    resolve({
      body,
      revision: header('x-slipway-revision'),
      version: header('x-slipway-model-version'),
      flags: [],
      rows: 1,
    });
  else reject(refusalOf(statusCode, body, header('x-slipway-unservable') === 'true'));
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
