import { type Msg, type MsgHdrs, headers as newHeaders } from '@nats-io/transport-node';
import { Refusal } from '../protocol/refusal.ts';
import type { Call, Reply } from '../replica/call.ts';
import { JSON_LENGTH, dividedBody } from '../replica/http.ts';
import { askedBy } from './subjects.ts';

/** What every message may carry, requests and answers alike: names as HTTP has them, so that one mapping serves both. */
export type MessageHeaders = Readonly<Record<string, string>>;

/** Where the body of a request, or the rest of it, lies: an object of the bucket. Of an answer: the whole body. */
export const OBJECT = 'slipway-object';

/** A message's headers, whoever wrote them however: names in small letters, the last value of each. Throws a Refusal with status 400. */
export function headersOf(message: Pick<Msg, 'headers'>): MessageHeaders {
  const found: Record<string, string> = {};
  let given: MsgHdrs | undefined;
  try {
    given = message.headers;
  } catch (error) {
    throw new Refusal(
      400,
      `the message's headers cannot be read: ${error instanceof Error ? error.message : 'unknown'}`,
    );
  }
  if (given === undefined) return found;
  for (const [name, values] of given) found[name.toLowerCase()] = values.at(-1) ?? '';
  return found;
}

/** What of a request does not depend on how it travels over the bus. */
export interface Asked {
  readonly id: string;
  readonly headers: MessageHeaders;
  readonly body: Buffer;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly startedAt: number;
}

/** A message as the request that HTTP would have carried. Throws a Refusal with status 400 or 415. */
export function callOf(subject: string, { id, headers, body, at, startedAt }: Asked): Call {
  const asked = askedBy(subject);
  if (asked === undefined) throw new Refusal(400, `the subject ${JSON.stringify(subject)} names no model`);
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw new Refusal(415, `content-encoding ${encoding} is not served over messages; send the body as it is`);
  const { model, version } = asked;
  const versionPath = version === undefined ? '' : `/versions/${encodeURIComponent(version)}`;
  return {
    protocol: 'v2',
    model,
    version,
    id,
    path: `/v2/models/${encodeURIComponent(model)}${versionPath}/infer`,
    body: dividedBody(body, headers[JSON_LENGTH]),
    headers,
    at,
    startedAt,
    relayed: false,
    transport: 'nats',
  };
}

/** What is published as an answer. */
export interface MessageAnswer {
  readonly headers: MessageHeaders;
  readonly body: Buffer;
}

/** An answer, with the headers that HTTP gives it. */
export function answerOfReply(reply: Reply, { id, headers }: Pick<Asked, 'id' | 'headers'>): MessageAnswer {
  const { text, tail } = reply.body();
  const json = Buffer.from(text);
  const about = { 'x-slipway-id': id, 'x-slipway-revision': reply.revision, 'x-slipway-model-version': reply.version };
  const traced = headers['traceparent'] === undefined ? about : { ...about, traceparent: headers['traceparent'] };
  if (tail === undefined) return { headers: traced, body: json };
  return {
    headers: { ...traced, 'content-type': 'application/octet-stream', [JSON_LENGTH]: String(json.length) },
    body: Buffer.concat([json, ...tail]),
  };
}

/**
 * A refusal: JSON as over HTTP, with the headers by which clients of NATS services know an error
 * (https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-32.md).
 */
export function answerOfError(error: unknown, id: string | undefined): MessageAnswer {
  const refusal = refusalOf(error);
  return {
    headers: {
      'Nats-Service-Error': oneLine(refusal.message),
      'Nats-Service-Error-Code': String(refusal.status),
      ...(id === undefined ? {} : { 'x-slipway-id': id }),
      ...(refusal.retryAfterSeconds === undefined ? {} : { 'retry-after': String(refusal.retryAfterSeconds) }),
      ...(refusal.unservable ? { 'x-slipway-unservable': 'true' } : {}),
    },
    body: Buffer.from(JSON.stringify({ error: refusal.message })),
  };
}

export function refusalOf(error: unknown): Refusal {
  return error instanceof Refusal ? error : new Refusal(500, error instanceof Error ? error.message : String(error));
}

/** A header holds no line breaks, and the body says all of it. */
function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]+/g, ' ').slice(0, MAX_HEADER_CHARACTERS);
}

const MAX_HEADER_CHARACTERS = 512;

/** As the client of the bus writes them. */
export function natsHeaders(record: MessageHeaders): MsgHdrs {
  const headers = newHeaders();
  for (const name of Object.keys(record)) headers.append(name, record[name] ?? '');
  return headers;
}
