import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { boundedSet } from './bounded-set.ts';

/**
 * The gate in front of Probot. Probot reads, hashes and logs a body of any size before it knows who sent it (measured: 400 MB
 * of rubbish cost 1.4 GB of memory and 1 GB of log). Here the size is bounded, the signature is verified before anything is
 * parsed, and a delivery that was handled is not handled twice.
 */
export interface GateOptions {
  readonly secret: string;
  /** GitHub sends at most 25 MB. */
  readonly bodyLimitBytes?: number;
  /** Bodies that are being read at one time, all together. */
  readonly readingLimitBytes?: number;
}

/** Takes a verified webhook; the body is at `request.body`. */
export type Behind = (request: IncomingMessage, response: ServerResponse) => Promise<unknown>;

const megabyte = 1024 * 1024;
const deliveryMemory = 10_000;

/** @throws when the secret is empty: anybody could sign for it */
export function createGate(options: GateOptions, behind: Behind): Behind {
  const { secret, bodyLimitBytes = 25 * megabyte, readingLimitBytes = 8 * 25 * megabyte } = options;
  if (secret.trim() === '') throw new Error('The webhook secret is empty: every webhook would be believed');
  const handled = boundedSet<string>(deliveryMemory);
  let readingBytes = 0;

  return async (request, response) => {
    const refusal = refusalOf(request, bodyLimitBytes);
    if (refusal !== undefined) return refuse(request, response, refusal);
    const body: Buffer[] = [];
    let sizeBytes = 0;
    try {
      for await (const chunk of request) {
        const bytes: Buffer = chunk;
        sizeBytes += bytes.byteLength;
        readingBytes += bytes.byteLength;
        if (sizeBytes > bodyLimitBytes) return refuse(request, response, tooLarge(bodyLimitBytes));
        if (readingBytes > readingLimitBytes) return refuse(request, response, { status: 503, reason: 'Busy' });
        body.push(bytes);
      }
    } finally {
      readingBytes -= sizeBytes;
    }
    const bytes = Buffer.concat(body);
    if (!isSigned(bytes, secret, header(request, 'x-hub-signature-256')))
      return refuse(request, response, { status: 401, reason: 'The signature does not fit the body' });

    const delivery = header(request, 'x-github-delivery');
    if (handled.has(delivery)) return answer(response, 200, 'Handled before');
    handled.add(delivery);
    response.once('close', () => {
      // Not handled after all: GitHub's redelivery brings the same id and must be let in.
      if (!response.writableFinished || response.statusCode >= 400) handled.remove(delivery);
    });
    request.body = bytes.toString('utf8');
    return behind(request, response);
  };
}

interface Refusal {
  readonly status: number;
  readonly reason: string;
}

function refusalOf(request: IncomingMessage, bodyLimitBytes: number): Refusal | undefined {
  if (request.method !== 'POST') return { status: 405, reason: 'Webhooks are POSTed' };
  if (!/^application\/json\s*(;|$)/i.test(header(request, 'content-type')))
    return { status: 415, reason: 'The content type must be application/json' };
  if (Number(header(request, 'content-length')) > bodyLimitBytes) return tooLarge(bodyLimitBytes);
  for (const name of ['x-github-event', 'x-github-delivery'])
    if (header(request, name) === '') return { status: 400, reason: `The header ${name} is missing` };
  if (header(request, 'x-hub-signature-256') === '') return { status: 401, reason: 'The webhook is not signed' };
  return undefined;
}

function tooLarge(limitBytes: number): Refusal {
  return { status: 413, reason: `The body is larger than ${limitBytes} bytes` };
}

/** Ends the connection as well when the body was not read to its end, so that nobody can go on sending. */
function refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  if (!request.complete) response.setHeader('connection', 'close');
  if (refusal.status === 503) response.setHeader('retry-after', '10');
  response.once('finish', () => {
    if (!request.complete) request.destroy();
  });
  answer(response, refusal.status, refusal.reason);
}

function answer(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) return;
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}

function isSigned(body: Buffer, secret: string, signature: string): boolean {
  const expected = Buffer.from(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
  const found = Buffer.from(signature);
  return found.byteLength === expected.byteLength && timingSafeEqual(found, expected);
}

function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}
