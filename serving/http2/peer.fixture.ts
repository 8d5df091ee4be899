import { duplexPair } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Field, HpackDecoder } from './hpack-decoder.ts';
import { fieldBlock } from './field-block.ts';
import { FLAG, FRAME, FRAME_HEAD_BYTES, PREFACE, writeFrameHead } from './frames.ts';
import { Http2Connection } from './http2-connection.ts';
import type { Http2Stream } from './http2-stream.ts';

export interface ReceivedFrame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** A client in frames, which says wrong things, too, and a server that answers what it is asked by `serve`. */
export function openPeer(serve: (stream: Http2Stream) => void = echo) {
  const [client, server] = duplexPair();
  const streams: Http2Stream[] = [];
  let closed = 0;
  const connection = new Http2Connection(server, {
    request(stream) {
      streams.push(stream);
      serve(stream);
    },
    closed() {
      closed += 1;
    },
  });
  server.on('data', (chunk: Buffer) => connection.read(chunk));
  const frames: ReceivedFrame[] = [];
  const decoder = new HpackDecoder();
  let held = Buffer.alloc(0);
  const take = (chunk: Buffer): void => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= FRAME_HEAD_BYTES) {
      const end = FRAME_HEAD_BYTES + held.readUIntBE(0, 3);
      if (held.length < end) return;
      const payload = held.subarray(FRAME_HEAD_BYTES, end);
      frames.push({ type: held[3] ?? 0, flags: held[4] ?? 0, stream: held.readUInt32BE(5), payload });
      held = held.subarray(end);
    }
  };
  client.on('error', () => {});
  const peer = {
    client,
    server,
    connection,
    streams,
    frames,
    get closed() {
      return closed;
    },
    read: () => void client.on('data', take),
    /** What was sent and what came of it is done with. */
    async settle(turns = 20) {
      for (let turn = 0; turn < turns; turn++) await nextTurn();
    },
    async send(...bytes: readonly Buffer[]) {
      client.write(Buffer.concat(bytes));
      await peer.settle();
    },
    greet: (...settings: readonly (readonly [number, number])[]) => peer.send(PREFACE, settingsOf(settings)),
    of: (type: number): readonly ReceivedFrame[] => frames.filter((each) => each.type === type),
    /** The code of the last GOAWAY. */
    get goneWith(): number | undefined {
      return peer.of(FRAME.goAway).at(-1)?.payload.readUInt32BE(4);
    },
    /** The code of a stream's RST_STREAM. */
    resetWith: (stream: number): number | undefined =>
      peer
        .of(FRAME.reset)
        .find((each) => each.stream === stream)
        ?.payload.readUInt32BE(0),
    /** What a stream's DATA held. */
    dataOf: (stream: number): Buffer =>
      Buffer.concat(
        peer
          .of(FRAME.data)
          .filter((each) => each.stream === stream)
          .map(({ payload }) => payload),
      ),
    /** The fields of all header blocks of one frame so far; to be asked once. */
    fields: (): ReadonlyMap<number, readonly Field[]> => {
      const found = new Map<number, Field[]>();
      for (const { stream, payload } of peer.of(FRAME.headers))
        found.set(stream, [
          ...(found.get(stream) ?? []),
          ...(decoder.fieldsOf(payload, 0, payload.length, 65_536) ?? []),
        ]);
      return found;
    },
  };
  peer.read();
  return peer;
}

const HEAD = fieldBlock([
  [':status', '200'],
  ['content-type', 'text/plain'],
]);
const TRAILERS = fieldBlock([['done', 'yes']]);

/** Answers with the request's body. */
export function echo(stream: Http2Stream): void {
  const pieces: Buffer[] = [];
  stream.events = {
    data(piece) {
      pieces.push(Buffer.from(piece));
      stream.consumed(piece.length);
    },
    ended: () => stream.answer(HEAD, Buffer.concat(pieces), TRAILERS),
    gone() {},
  };
}

export function frameOf(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.alloc(FRAME_HEAD_BYTES + payload.length);
  bytes.set(payload, writeFrameHead(bytes, 0, { length: payload.length, type, flags, stream }));
  return bytes;
}

export function settingsOf(settings: readonly (readonly [number, number])[] = []): Buffer {
  const payload = Buffer.alloc(6 * settings.length);
  for (const [index, [setting, value]] of settings.entries()) {
    payload.writeUInt16BE(setting, 6 * index);
    payload.writeUInt32BE(value, 6 * index + 2);
  }
  return frameOf(FRAME.settings, 0, 0, payload);
}

export const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

export const REQUEST: readonly Field[] = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/there'],
];

/** A request's HEADERS. */
export const asking = (stream: number, flags: number, fields: readonly Field[] = REQUEST): Buffer =>
  frameOf(FRAME.headers, FLAG.endHeaders | flags, stream, fieldBlock(fields));

export const data = (stream: number, payload: string | Uint8Array, flags: number = FLAG.endStream): Buffer =>
  frameOf(FRAME.data, flags, stream, Buffer.from(payload));

/** A whole request. */
export const ask = (stream: number, body: string | Uint8Array): Buffer =>
  Buffer.concat([asking(stream, 0), data(stream, body)]);
