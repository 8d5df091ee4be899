import type { SeededRandom } from '../../checks/stats/seeded-random.ts';
import { fieldBlock } from '../http2/field-block.ts';
import { FLAG, FRAME, FRAME_BYTES, FRAME_HEAD_BYTES, PREFACE, settingsFrame, writeFrameHead } from '../http2/frames.ts';

/** Calls of gRPC as they go over one connection, wrong in ways that the random numbers choose; some are left as they are. */
export interface MutatedFrames {
  readonly parts: readonly Buffer[];
  readonly streams: readonly number[];
  /** Streams that are answered well where nothing is wrong. */
  readonly good: readonly number[];
  readonly isRight: boolean;
}

const METHODS = ['ModelInfer', 'ModelInfer', 'ModelInfer', 'ServerLive', 'ModelReady', 'Nothing'] as const;
const MOST_CALLS = 6;
const MOST_CHANGES = 8;

/** `message`: a ModelInferRequest that is answered. */
export function mutatedFrames(message: Buffer, random: SeededRandom): MutatedFrames {
  const streams = Array.from({ length: 1 + random.index(MOST_CALLS) }, (_, k) => 2 * k + 1);
  const frames = [settingsFrame([])];
  const good: number[] = [];
  for (const stream of streams) {
    const method = random.uniform() < 0.7 ? 'ModelInfer' : (METHODS[random.index(METHODS.length)] ?? 'ModelInfer');
    if (method === 'ModelInfer' || method === 'ServerLive') good.push(stream);
    frames.push(...callFrames(stream, method, method === 'ModelInfer' ? message : Buffer.alloc(0), random));
    if (random.uniform() < 0.2) frames.push(frameOf(FRAME.ping, 0, 0, Buffer.alloc(8, stream)));
    if (random.uniform() < 0.2) frames.push(frameOf(FRAME.window, 0, 0, Buffer.of(0, 0, 1, 0)));
  }
  const isRight = random.uniform() < 0.2;
  const whole = Buffer.concat([PREFACE, ...(isRight ? frames : changedFrames(frames, random))]);
  const bytes = isRight ? whole : changedBytes(whole, random);
  return { parts: split(bytes, random), streams, good, isRight };
}

function callFrames(stream: number, method: string, message: Buffer, random: SeededRandom): readonly Buffer[] {
  const block = fieldBlock([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', `/inference.GRPCInferenceService/${method}`],
    [':authority', 'fleet'],
    ['te', 'trailers'],
    ['content-type', 'application/grpc'],
  ]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  const body = Buffer.concat([prefix, message]);
  const cut = random.uniform() < 0.3 ? random.index(block.length) : block.length;
  const half = random.uniform() < 0.3 ? random.index(body.length) : 0;
  return [
    frameOf(FRAME.headers, cut === block.length ? FLAG.endHeaders : 0, stream, block.subarray(0, cut)),
    ...(cut === block.length ? [] : [frameOf(FRAME.continuation, FLAG.endHeaders, stream, block.subarray(cut))]),
    ...(half === 0 ? [] : [frameOf(FRAME.data, 0, stream, body.subarray(0, half))]),
    frameOf(FRAME.data, FLAG.endStream, stream, body.subarray(half)),
  ];
}

/** Frames that are left out, doubled, moved, cut off at once, or of another type, stream or kind. */
function changedFrames(frames: readonly Buffer[], random: SeededRandom): readonly Buffer[] {
  const changed: Buffer[] = frames.map((frame) => Buffer.from(frame));
  for (let change = random.index(3); change > 0; change--) {
    const at = random.index(changed.length);
    const frame = changed[at];
    if (frame === undefined) continue;
    const stream = frame.readUInt32BE(5);
    switch (random.index(6)) {
      case 0:
        changed.splice(at, 1);
        break;
      case 1:
        changed.splice(random.index(changed.length), 0, frame);
        break;
      case 2:
        changed.splice(at + 1, 0, frameOf(FRAME.reset, 0, stream, Buffer.of(0, 0, 0, 8)));
        break;
      case 3:
        frame[3] = random.index(12);
        break;
      case 4:
        frame[4] = random.index(256);
        break;
      case 5:
        frame.writeUInt32BE(random.index(16), 5);
        break;
    }
  }
  return changed;
}

function changedBytes(bytes: Buffer, random: SeededRandom): Buffer {
  const changed = Buffer.from(bytes);
  if (random.uniform() < 0.5) return changed;
  for (let change = random.index(MOST_CHANGES); change > 0; change--)
    changed[PREFACE.length + random.index(changed.length - PREFACE.length)] = random.index(256);
  return random.uniform() < 0.1 ? changed.subarray(0, random.index(changed.length)) : changed;
}

function split(bytes: Buffer, random: SeededRandom): readonly Buffer[] {
  if (random.uniform() < 0.6) return [bytes];
  const cuts = Array.from({ length: 1 + random.index(4) }, () => random.index(bytes.length + 1)).toSorted(
    (a, b) => a - b,
  );
  return [...cuts, bytes.length].map((to, index) => bytes.subarray(cuts[index - 1] ?? 0, to));
}

function frameOf(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(FRAME_HEAD_BYTES + payload.length);
  bytes.set(payload, writeFrameHead(bytes, 0, { length: payload.length, type, flags, stream }));
  return bytes;
}

/** What a server said so far. */
export interface HeardFrames {
  /** Undefined: nothing is wrong with it. */
  readonly fault: string | undefined;
  /** Streams that ended, and those of them whose trailers say 0. */
  readonly ended: ReadonlySet<number>;
  readonly good: ReadonlySet<number>;
}

const GOOD = fieldBlock([['grpc-status', '0']]);

/** Reads what a server said; the last frame may still be on its way. */
export function heardFrames(bytes: Buffer): HeardFrames {
  const ended = new Set<number>();
  const good = new Set<number>();
  for (let at = 0; bytes.length - at >= FRAME_HEAD_BYTES; ) {
    const length = bytes.readUIntBE(at, 3);
    const [type = 0, flags = 0] = bytes.subarray(at + 3, at + 5);
    const stream = bytes.readUInt32BE(at + 5);
    if (length > FRAME_BYTES || type > FRAME.continuation)
      return { fault: `a frame of type ${type} with ${length} bytes`, ended, good };
    const to = at + FRAME_HEAD_BYTES + length;
    if (to > bytes.length) break;
    const isEnd = type === FRAME.headers && (flags & FLAG.endStream) !== 0;
    if (isEnd || type === FRAME.reset) ended.add(stream);
    if (isEnd && bytes.subarray(at, to).includes(GOOD)) good.add(stream);
    at = to;
  }
  return { fault: undefined, ended, good };
}
