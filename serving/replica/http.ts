import type { IncomingMessage, ServerResponse } from 'node:http';
import { Refusal } from '../protocol/refusal.ts';

/** Triton's limit for a request body. */
export const MAX_BODY_BYTES = 64 * 2 ** 20;

/** The body as text. Rejects with a Refusal: 413 when it is too large, 415 when it is encoded in a way that is not served. */
export function readBody(request: IncomingMessage, limitBytes = MAX_BODY_BYTES): Promise<string> {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    return Promise.reject(new Refusal(415, `content-encoding ${encoding} is not served; send the body as it is`));
  if (request.headers['inference-header-content-length'] !== undefined)
    return Promise.reject(new Refusal(415, 'binary tensors are not served yet; send JSON'));
  const tooLarge = (): Refusal => new Refusal(413, `the request body is larger than ${limitBytes} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limitBytes) {
        chunks.length = 0;
        reject(tooLarge());
      } else chunks.push(chunk);
    });
    request.on('end', () => {
      const [first] = chunks;
      resolve(first === undefined ? '' : (chunks.length === 1 ? first : Buffer.concat(chunks)).toString());
    });
    request.on('error', reject);
    request.on('close', () => {
      if (!request.complete) reject(new Refusal(400, 'the request ended before its body was complete'));
    });
  });
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  send(response, status, 'application/json', body, headers);
}

export function send(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body), ...headers });
  response.end(body);
}

/** Errors are always JSON with one key: clients of the protocol fail confusingly at anything else. */
export function sendRefusal(
  response: ServerResponse,
  error: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const refusal =
    error instanceof Refusal ? error : new Refusal(500, error instanceof Error ? error.message : String(error));
  const more: Record<string, string> = { ...headers };
  if (refusal.retryAfterSeconds !== undefined) more['retry-after'] = String(refusal.retryAfterSeconds);
  if (refusal.unservable) more['x-slipway-unservable'] = 'true';
  // What is left of a body that is too large is not worth reading.
  if (refusal.status === 413) more['connection'] = 'close';
  sendJson(response, refusal.status, JSON.stringify({ error: refusal.message }), more);
}
