import type { Socket } from 'node:net';
import { status as codes } from '@grpc/grpc-js';
import { fieldBlock } from '../http2/field-block.ts';
import { Http2Connection } from '../http2/http2-connection.ts';
import type { Http2Stream, StreamEvents } from '../http2/http2-stream.ts';
import type { RequestHead } from '../http2/request-head.ts';
import { inferMessage, statusOf } from './grpc-infer.ts';
import type { InferMessage } from './grpc-messages.ts';
import { MAX_BODY_BYTES } from './http.ts';
import { inferResponseBytes } from './infer-wire.ts';
import type { RouteContext } from './routes.ts';
import { sharedBufferSocket } from './shared-buffer-socket.ts';

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
  readonly forward: (stream: Http2Stream) => void;
  /** What unfinished messages of a connection may take together. */
  readonly mostHeldBytes?: number;
}

export interface GrpcLane {
  accept(socket: Socket): void;
  readonly connections: number;
  /** So many connections end, each once its calls have. */
  shed(connections: number): void;
  /** No new call on a connection; those under way end, at the limit they are cut. */
  drain(limitMs: number): void;
}

const MODEL_INFER = '/inference.GRPCInferenceService/ModelInfer';
/** Before each message: whether it is packed, and its length in 32 bits. */
const PREFIX_BYTES = 5;
const MOST_BYTES = MAX_BODY_BYTES + PREFIX_BYTES;

export function openGrpcLane(lane: GrpcLaneContext): GrpcLane {
  const lifetimeMs = lane.context.settings.grpcConnectionMs;
  const connections = new Set<Http2Connection>();
  const retire = (connection: Http2Connection, limitMs: number): void => {
    connection.goAway();
    setTimeout(() => connection.destroy(), limitMs).unref();
  };
  let drainedUntil: number | undefined;
  return {
    accept(given) {
      const held: HeldBytes = { bytes: 0 };
      // A copy of what has come: much smaller than what node:net takes from the system for each read.
      const shared = sharedBufferSocket(given, (bytes, length) => {
        connection.read(Buffer.from(bytes.subarray(0, length)));
        return true;
      });
      const socket = shared ?? given;
      const connection = new Http2Connection(socket, {
        request(stream) {
          if (isPlainInfer(stream.head)) stream.events = new InferCall(stream, lane, held);
          else lane.forward(stream);
        },
        closed() {
          connections.delete(connection);
          clearTimeout(age);
        },
      });
      if (shared === undefined) socket.on('data', (chunk: Buffer) => connection.read(chunk));
      else socket.resume();
      connections.add(connection);
      const ageMs = lifetimeMs * (1 + AGE_SPREAD * (2 * Math.random() - 1));
      // Clients keep a connection for as long as they live: only its end lets them find replicas that came later.
      const age = Number.isFinite(ageMs)
        ? setTimeout(() => retire(connection, AGE_GRACE_MS), ageMs).unref()
        : undefined;
      // It was on its way while this process began to end.
      if (drainedUntil !== undefined) retire(connection, Math.max(0, drainedUntil - performance.now()));
    },
    get connections() {
      return connections.size;
    },
    shed(number) {
      // The oldest first, since a set keeps its order.
      for (const connection of [...connections].slice(0, number)) retire(connection, AGE_GRACE_MS);
    },
    drain(limitMs) {
      drainedUntil = performance.now() + limitMs;
      for (const connection of connections) retire(connection, limitMs);
    },
  };
}

/** Up to so much more or less, so that clients that came together do not come back together. */
const AGE_SPREAD = 0.1;
/** For calls that are under way when a connection is too old. */
const AGE_GRACE_MS = 60_000;

function isPlainInfer({ path, method, headers }: RequestHead): boolean {
  if (path !== MODEL_INFER || method !== 'POST') return false;
  const encoding = headers['grpc-encoding'];
  return (
    (encoding === undefined || encoding === 'identity') &&
    headers['content-type']?.startsWith('application/grpc') === true
  );
}

/** What the unfinished messages of a connection take. */
interface HeldBytes {
  bytes: number;
}

/** Some of the largest messages: who sends more at once on one connection gets RESOURCE_EXHAUSTED. */
const MOST_HELD_BYTES = 16 * MOST_BYTES;

/** One call of ModelInfer: its message as it comes in, then its answer. */
class InferCall implements StreamEvents {
  readonly #stream: Http2Stream;
  readonly #lane: GrpcLaneContext;
  readonly #held: HeldBytes;
  #framed: Buffer = NOTHING;
  /** Where the message comes in pieces. */
  #pieces: Buffer[] | undefined;
  #size = 0;

  constructor(stream: Http2Stream, lane: GrpcLaneContext, held: HeldBytes) {
    this.#stream = stream;
    this.#lane = lane;
    this.#held = held;
  }

  data(piece: Buffer): void {
    this.#size += piece.length;
    if (this.#size === piece.length) this.#framed = piece;
    else (this.#pieces ??= [this.#framed]).push(piece);
    this.#held.bytes += piece.length;
    const { mostHeldBytes = MOST_HELD_BYTES } = this.#lane;
    const problem =
      this.#size > MOST_BYTES
        ? `the message is larger than ${MAX_BODY_BYTES} bytes`
        : this.#held.bytes > mostHeldBytes
          ? `unfinished messages of this connection are larger than ${mostHeldBytes} bytes`
          : undefined;
    if (problem === undefined) this.#stream.consumed(piece.length);
    else {
      this.gone();
      refuse(this.#stream, {}, codes.RESOURCE_EXHAUSTED, problem);
    }
  }

  ended(): void {
    const framed = this.#pieces === undefined ? this.#framed : Buffer.concat(this.#pieces, this.#size);
    this.gone();
    void this.#lane.context.track(answer(this.#stream, framed, this.#lane));
  }

  gone(): void {
    this.#held.bytes -= this.#size;
    this.#size = 0;
    this.#pieces = undefined;
    this.#framed = NOTHING;
  }
}

const NOTHING = Buffer.alloc(0);

async function answer(stream: Http2Stream, framed: Buffer, { context, decode }: GrpcLaneContext): Promise<void> {
  const told: Record<string, string> = {};
  try {
    const problem = problemOf(framed);
    if (problem !== undefined) {
      refuse(stream, told, codes.INTERNAL, problem);
      return;
    }
    const message = decoded(framed.subarray(PREFIX_BYTES), decode);
    if (message === undefined) {
      refuse(stream, told, codes.INTERNAL, 'the message is no ModelInferRequest');
      return;
    }
    const answered = inferResponseBytes(await inferMessage(message, stream.head.headers, context, told), PREFIX_BYTES);
    answered[0] = 0;
    answered.writeUInt32BE(answered.length - PREFIX_BYTES, 1);
    stream.answer(headBlock(told), answered, OK);
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

const TYPE = 'application/grpc+proto';
const OK = fieldBlock([['grpc-status', String(codes.OK)]]);
const HEAD = [
  [':status', '200'],
  ['content-type', TYPE],
] as const;
const ID_LETTERS = 36;
/** Heads of answers up to the letters of their id, by the revision that answers. */
const heads = new Map<string, Buffer>();
const MOST_HEADS = 1000;

/** The head of an answer. */
function headBlock(told: Readonly<Record<string, string>>): Buffer {
  const { 'x-slipway-id': id, 'x-slipway-revision': revision, 'x-slipway-model-version': version } = told;
  if (id?.length !== ID_LETTERS || revision === undefined || version === undefined)
    return fieldBlock([...HEAD, ...Object.entries(told)]);
  const head = headUpToId(revision, version);
  const block = Buffer.allocUnsafe(head.length + ID_LETTERS);
  head.copy(block);
  block.write(id, head.length, 'latin1');
  return block;
}

function headUpToId(revision: string, version: string): Buffer {
  const known = heads.get(revision);
  if (known !== undefined) return known;
  const whole = fieldBlock([
    ...HEAD,
    ['x-slipway-revision', revision],
    ['x-slipway-model-version', version],
    ['x-slipway-id', ' '.repeat(ID_LETTERS)],
  ]);
  const head = whole.subarray(0, whole.length - ID_LETTERS);
  if (heads.size >= MOST_HEADS) heads.clear();
  heads.set(revision, head);
  return head;
}

function refuse(stream: Http2Stream, told: Readonly<Record<string, string>>, code: codes, details: string): void {
  const trailers = fieldBlock([
    ['grpc-status', String(code)],
    ['grpc-message', encodedMessage(details)],
  ]);
  stream.respond(headBlock(told), false);
  stream.end(trailers);
}

/** Clients take so much of trailers, and a reader no more. */
const MOST_LETTERS = 2048;

/** Percent-encoded UTF-8: what is printable in ASCII stays as it is, but for the percent sign. */
function encodedMessage(text: string): string {
  return text
    .slice(0, MOST_LETTERS)
    .toWellFormed()
    .replace(/[^ -$&-~]+/g, (part) => encodeURIComponent(part));
}
