import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { createGunzip, createInflate, deflate, gzip } from 'node:zlib';
import type { RequestBody } from '../protocol/infer-request.ts';
import type { ResponseBody } from '../protocol/infer-response.ts';
import { Refusal } from '../protocol/refusal.ts';
import { BodyBytes } from './body-bytes.ts';

/** Triton's limit for a request body, unpacked. */
export const MAX_BODY_BYTES = 64 * 2 ** 20;
/** How many bytes of a body are JSON, where binary tensors follow. */
export const JSON_LENGTH = 'inference-header-content-length';

const DECODERS = { gzip: createGunzip, deflate: createInflate } as const;
const ENCODERS = { gzip: promisify(gzip), deflate: promisify(deflate) } as const;
type Encoding = keyof typeof DECODERS;
/** A smaller answer is packed for nothing. */
const WORTH_PACKING_BYTES = 4096;

/**
 * The body, unpacked. Rejects with a Refusal: 413 when it is too large, 415 when it is encoded in a way that is not served, 400 when it is cut off or not
 * what its encoding says.
 */
export async function readBody(request: IncomingMessage, limitBytes = MAX_BODY_BYTES): Promise<Buffer> {
  return (await bodyBytes(request, limitBytes, 0)).whole();
}

async function bodyBytes(request: IncomingMessage, limitBytes: number, alignedAt: number): Promise<BodyBytes> {
  const encoding = request.headers['content-encoding']?.toLowerCase() ?? 'identity';
  if (encoding !== 'identity' && !isEncoding(encoding))
    throw new Refusal(415, `content-encoding ${encoding} is not served; send gzip, deflate, or the body as it is`);
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw tooLarge(limitBytes);
  const decoder = isEncoding(encoding) ? DECODERS[encoding]() : undefined;
  return new Promise((resolve, reject) => {
    // Of a packed body the length says little about what comes out of it.
    const announced = decoder === undefined ? Number(request.headers['content-length'] ?? 0) : 0;
    const bytes = new BodyBytes({ announced, alignedAt, limitBytes });
    const source = decoder === undefined ? request : request.pipe(decoder);
    source.on('data', (chunk: Buffer) => {
      if (bytes.take(chunk)) return;
      decoder?.destroy();
      reject(tooLarge(limitBytes));
    });
    source.on('end', () => resolve(bytes));
    decoder?.on('error', (error) => reject(new Refusal(400, `the body is not ${encoding}: ${error.message}`)));
    request.on('error', reject);
    request.on('close', () => {
      if (!request.complete) reject(new Refusal(400, 'the request ended before its body was complete'));
    });
  });
}

function tooLarge(limitBytes: number): Refusal {
  return new Refusal(413, `the request body is larger than ${limitBytes} bytes`);
}

function isEncoding(word: string): word is Encoding {
  return Object.hasOwn(DECODERS, word);
}

/** The body as its header divides it into JSON and tensors. */
export async function readRequestBody(request: IncomingMessage): Promise<RequestBody> {
  const header = request.headers[JSON_LENGTH];
  const jsonBytes = Number(header);
  const bytes = await bodyBytes(request, MAX_BODY_BYTES, Number.isSafeInteger(jsonBytes) ? jsonBytes : 0);
  const body = dividedBody(bytes.whole(), header);
  const { release } = bytes;
  if (release === undefined) return body;
  if (body.tail !== undefined) return { ...body, release };
  // Text is a copy.
  release();
  return body;
}

/** A body in two: `header` says how many of its bytes are JSON. Throws a Refusal with status 400. */
export function dividedBody(bytes: Buffer, header: string | readonly string[] | undefined): RequestBody {
  if (header === undefined) return { text: jsonTextOf(bytes) };
  const jsonBytes = typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : NaN;
  if (!(jsonBytes <= bytes.length))
    throw new Refusal(
      400,
      `Inference-Header-Content-Length must be a number from 0 to the body's ${bytes.length} bytes, found ${JSON.stringify(header)}`,
    );
  const tail = bytes.subarray(jsonBytes);
  return jsonBytes === 0 ? { text: '', tail, isWhole: true } : { text: jsonTextOf(bytes.subarray(0, jsonBytes)), tail };
}

const REPLACEMENT = '\uFFFD';

/** JSON travels as UTF-8 (RFC 8259): text in another encoding would reach the model spoiled, and nobody would know. A Refusal with status 400. */
export function jsonTextOf(bytes: Buffer): string {
  const text = bytes.toString();
  if (text.includes(REPLACEMENT) && !isUtf8(bytes))
    throw new Refusal(400, 'the request body is not JSON: it is not UTF-8 text');
  return text;
}

/** An answer as its caller asked for it: JSON or JSON and tensors, packed where that was offered and pays. */
export async function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: ResponseBody,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const { contentType, body, more } = await packedAnswer(request.headers['accept-encoding'], answer);
  const told = { ...headers, ...more };
  if (typeof body === 'string' || !body.some(({ length }) => length >= WORTH_A_WRITE_BYTES)) {
    send(response, 200, contentType, typeof body === 'string' ? body : Buffer.concat(body), told);
    return;
  }
  const size = body.reduce((sum, part) => sum + part.length, 0);
  response.writeHead(200, { 'content-type': contentType, 'content-length': size, ...told });
  for (const part of body) response.write(part);
  response.end();
}

/** Putting less than this together is cheaper than handing it over in parts. */
const WORTH_A_WRITE_BYTES = 65_536;

/** An answer as it travels. */
export interface PackedAnswer {
  readonly contentType: string;
  /** Text, or parts one behind the other. */
  readonly body: string | readonly Uint8Array[];
  /** Headers that say what the body is. */
  readonly more: Readonly<Record<string, string>>;
}

const NO_MORE: PackedAnswer['more'] = {};

/** The answer as the caller's `accept-encoding` asks for it. */
export function packedAnswer(
  accepted: string | string[] | undefined,
  { text, tail }: ResponseBody,
): PackedAnswer | Promise<PackedAnswer> {
  const encoding = encodingFor(accepted);
  if (tail === undefined && (encoding === undefined || text.length < WORTH_PACKING_BYTES))
    return { contentType: 'application/json', body: text, more: NO_MORE };
  const json = Buffer.from(text);
  const parts = tail === undefined ? [json] : [json, ...tail];
  const contentType = tail === undefined ? 'application/json' : 'application/octet-stream';
  const more = tail === undefined ? NO_MORE : { [JSON_LENGTH]: String(json.length) };
  if (encoding === undefined || parts.reduce((sum, part) => sum + part.length, 0) < WORTH_PACKING_BYTES)
    return { contentType, body: parts, more };
  return ENCODERS[encoding](Buffer.concat(parts)).then((packed) => ({
    contentType,
    body: [packed],
    more: { ...more, 'content-encoding': encoding },
  }));
}

/** The first encoding of ours that the caller accepts, in the caller's order; a quality of 0 refuses. */
function encodingFor(accepted: string | string[] | undefined): Encoding | undefined {
  if (accepted === undefined) return undefined;
  for (const word of String(accepted).split(',')) {
    const [name = '', quality = ''] = word
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/);
    if (isEncoding(name) && !/^q=0(\.0*)?$/.test(quality)) return name;
  }
  return undefined;
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
  body: string | Buffer,
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
  const more: Record<string, string> = { ...headers, ...refusalHeaders(refusal) };
  // What is left of a body that is too large is not worth reading.
  if (refusal.status === 413) more['connection'] = 'close';
  sendJson(response, refusal.status, JSON.stringify({ error: refusal.message }), more);
}

/** What a caller may do next, where that is said in headers. */
export function refusalHeaders({
  status,
  retryAfterSeconds,
  unservable,
  allow,
}: Refusal): Readonly<Record<string, string>> {
  if (status === 401) return CHALLENGE;
  if (retryAfterSeconds === undefined && !unservable && allow === undefined) return NO_MORE;
  return {
    ...(allow === undefined ? {} : { allow }),
    ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    ...(unservable ? { 'x-slipway-unservable': 'true' } : {}),
  };
}

const CHALLENGE = { 'www-authenticate': 'Bearer' };
