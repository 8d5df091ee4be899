import {
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  constants,
  createServer,
} from 'node:http2';
import type { Socket } from 'node:net';
import { status as codes } from '@grpc/grpc-js';
import { inferMessage, statusOf } from './grpc-infer.ts';
import type { InferMessage } from './grpc-messages.ts';
import { MAX_BODY_BYTES } from './http.ts';
import { inferResponseBytes } from './infer-wire.ts';
import type { RouteContext } from './routes.ts';

/**
 * Answers ModelInfer straight from its HTTP/2 stream: a library for every kind of call costs four times what the model does. Every other method, and
 * what is packed, goes to that library, stream by stream (`forward`).
 *
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export interface GrpcLaneContext {
  readonly context: RouteContext;
  /** Throws where the bytes are no ModelInferRequest. */
  readonly decode: (bytes: Buffer) => InferMessage;
  readonly forward: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;
}

export interface GrpcLane {
  accept(socket: Socket): void;
  /** No new call on a connection; those under way end, at the limit they are cut. */
  drain(limitMs: number): void;
}

const MODEL_INFER = '/inference.GRPCInferenceService/ModelInfer';
/** Before each message: whether it is packed, and its length in 32 bits. */
const PREFIX_BYTES = 5;
/** Longer messages are not put together with their prefix. */
const WORTH_COPYING_BYTES = 16_384;
/** Tensors of a megabyte do not wait for leave to go on. */
const WINDOW_BYTES = 2 ** 20;
const TYPE = 'application/grpc+proto';

export function openGrpcLane({ context, decode, forward }: GrpcLaneContext): GrpcLane {
  const sessions = new Set<ServerHttp2Session>();
  // What callers may have under way is bounded by the batcher's queue and by each message's size, not by memory of a session.
  const server = createServer({
    maxSessionMemory: Number.MAX_SAFE_INTEGER,
    settings: { initialWindowSize: WINDOW_BYTES },
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.setLocalWindowSize(WINDOW_BYTES);
    session.once('close', () => sessions.delete(session));
    // What goes wrong with a connection ends it, and is its caller's to notice.
    session.on('error', () => session.destroy());
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    if (isPlainInfer(headers)) receive(stream, headers, context, decode);
    else forward(stream, headers);
  });
  return {
    accept: (socket) => void server.emit('connection', socket),
    drain(limitMs) {
      for (const session of sessions) session.close();
      setTimeout(() => {
        for (const session of sessions) session.destroy();
      }, limitMs).unref();
    },
  };
}

function isPlainInfer(headers: IncomingHttpHeaders): boolean {
  const encoding = headers['grpc-encoding'];
  return (
    headers[':path'] === MODEL_INFER &&
    headers[':method'] === 'POST' &&
    (encoding === undefined || encoding === 'identity') &&
    headers['content-type']?.startsWith('application/grpc') === true
  );
}

function receive(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  context: RouteContext,
  decode: GrpcLaneContext['decode'],
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES + PREFIX_BYTES) chunks.push(chunk);
    else chunks.length = 0;
  });
  stream.on('end', () => {
    if (size > MAX_BODY_BYTES + PREFIX_BYTES) {
      refuse(stream, {}, codes.RESOURCE_EXHAUSTED, `the message is larger than ${MAX_BODY_BYTES} bytes`);
      return;
    }
    const [first = Buffer.alloc(0), ...rest] = chunks;
    const framed = rest.length === 0 ? first : Buffer.concat(chunks, size);
    void context.track(answer(stream, framed, headers, context, decode));
  });
}

async function answer(
  stream: ServerHttp2Stream,
  framed: Buffer,
  headers: IncomingHttpHeaders,
  context: RouteContext,
  decode: GrpcLaneContext['decode'],
): Promise<void> {
  const told: Record<string, string> = {};
  try {
    const problem = problemOf(framed);
    if (problem !== undefined) {
      refuse(stream, told, codes.INTERNAL, problem);
      return;
    }
    const message = decoded(framed.subarray(PREFIX_BYTES), decode);
    if (message === undefined) refuse(stream, told, codes.INTERNAL, 'the message is no ModelInferRequest');
    else send(stream, told, inferResponseBytes(await inferMessage(message, headersOf(headers), context, told)));
  } catch (error) {
    const { code, details } = statusOf(error);
    refuse(stream, told, code, details);
  }
}

function problemOf(framed: Buffer): string | undefined {
  if (framed.length < PREFIX_BYTES) return `one message is expected, found ${framed.length} bytes`;
  if (framed[0] !== 0) return 'the message is said to be packed, and no grpc-encoding says how';
  const length = framed.readUInt32BE(1);
  return length === framed.length - PREFIX_BYTES
    ? undefined
    : `one message of ${length} bytes is announced, found ${framed.length - PREFIX_BYTES}`;
}

function decoded(bytes: Buffer, decode: GrpcLaneContext['decode']): InferMessage | undefined {
  try {
    return decode(bytes);
  } catch {
    return undefined;
  }
}

/** Metadata as text; HTTP/2's own fields are not among them. */
function headersOf(headers: IncomingHttpHeaders): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const name in headers) if (name[0] !== ':') plain[name] = String(headers[name]);
  return plain;
}

function send(stream: ServerHttp2Stream, told: Readonly<Record<string, string>>, message: Buffer): void {
  if (!respond(stream, told, { 'grpc-status': codes.OK })) return;
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES);
  prefix[0] = 0;
  prefix.writeUInt32BE(message.length, 1);
  if (message.length <= WORTH_COPYING_BYTES) stream.end(Buffer.concat([prefix, message]));
  else {
    stream.write(prefix);
    stream.end(message);
  }
}

function refuse(stream: ServerHttp2Stream, told: Readonly<Record<string, string>>, code: codes, details: string): void {
  if (respond(stream, told, { 'grpc-status': code, 'grpc-message': encodedMessage(details) })) stream.end();
}

/** False where the caller has gone. */
function respond(
  stream: ServerHttp2Stream,
  told: Readonly<Record<string, string>>,
  trailers: OutgoingHttpHeaders,
): boolean {
  if (stream.destroyed || stream.closed || stream.headersSent) return false;
  stream.respond({ ':status': 200, 'content-type': TYPE, ...told }, { waitForTrailers: true });
  stream.once('wantTrailers', () => {
    if (!stream.destroyed) stream.sendTrailers(trailers);
  });
  return true;
}

/** Percent-encoded UTF-8: what is printable in ASCII stays as it is, but for the percent sign. */
function encodedMessage(text: string): string {
  return text.toWellFormed().replace(/[^ -$&-~]+/g, (part) => encodeURIComponent(part));
}
