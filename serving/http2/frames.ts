/** Frames of HTTP/2 (https://www.rfc-editor.org/rfc/rfc9113), as a server reads and writes them. */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  window: 8,
  continuation: 9,
} as const;
export const FLAG = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const;
export const SETTING = { push: 2, streams: 3, window: 4, frameBytes: 5, headerListBytes: 6 } as const;
/** Section 7. */
export const CODE = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refused: 7,
  cancel: 8,
  compression: 9,
  calm: 11,
} as const;
export type Code = (typeof CODE)[keyof typeof CODE];

export const FRAME_HEAD_BYTES = 9;
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** What everybody takes in one frame; nobody here asks for more. */
export const FRAME_BYTES = 16_384;
/** Before anybody has said anything, for streams and for the connection. */
export const FIRST_WINDOW_BYTES = 65_535;
export const LARGEST_WINDOW_BYTES = 2 ** 31 - 1;
export const LARGEST_FRAME_BYTES = 2 ** 24 - 1;
/** Which streams there are: numbers of 31 bits. */
export const LARGEST_STREAM = 2 ** 31 - 1;

/** What ends the connection: the peer breaks the protocol, or asks for too much. */
export class Http2Failure extends Error {
  readonly code: Code;

  constructor(code: Code, says: string) {
    super(says);
    this.code = code;
  }
}

/** Writes a frame's head into `bytes`; returns where its payload begins. */
export function writeFrameHead(
  bytes: Buffer,
  at: number,
  { length, type, flags, stream }: { length: number; type: number; flags: number; stream: number },
): number {
  bytes[at] = length >>> 16;
  bytes[at + 1] = length >>> 8;
  bytes[at + 2] = length;
  bytes[at + 3] = type;
  bytes[at + 4] = flags;
  bytes[at + 5] = stream >>> 24;
  bytes[at + 6] = stream >>> 16;
  bytes[at + 7] = stream >>> 8;
  bytes[at + 8] = stream;
  return at + FRAME_HEAD_BYTES;
}

function frame(type: number, flags: number, stream: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEAD_BYTES + length);
  writeFrameHead(bytes, 0, { length, type, flags, stream });
  return bytes;
}

export function settingsFrame(settings: readonly (readonly [setting: number, value: number])[]): Buffer {
  const bytes = frame(FRAME.settings, 0, 0, settings.length * SETTING_BYTES);
  let at = FRAME_HEAD_BYTES;
  for (const [setting, value] of settings) {
    bytes.writeUInt16BE(setting, at);
    bytes.writeUInt32BE(value, at + 2);
    at += SETTING_BYTES;
  }
  return bytes;
}

export const SETTING_BYTES = 6;
export const SETTINGS_ACK = frame(FRAME.settings, FLAG.ack, 0, 0);
export const PING_BYTES = 8;

/** `data`: eight bytes, which a pong gives back. */
export function pingFrame(data: Uint8Array, flags: 0 | typeof FLAG.ack): Buffer {
  const bytes = frame(FRAME.ping, flags, 0, PING_BYTES);
  bytes.set(data, FRAME_HEAD_BYTES);
  return bytes;
}

export function windowFrame(stream: number, more: number): Buffer {
  const bytes = frame(FRAME.window, 0, stream, 4);
  bytes.writeUInt32BE(more, FRAME_HEAD_BYTES);
  return bytes;
}

export function resetFrame(stream: number, code: Code): Buffer {
  const bytes = frame(FRAME.reset, 0, stream, 4);
  bytes.writeUInt32BE(code, FRAME_HEAD_BYTES);
  return bytes;
}

/** A header block in as many frames as it takes. */
export function* blockFrames(stream: number, block: Buffer, isLast: boolean): Generator<Buffer> {
  for (let from = 0; from === 0 || from < block.length; from += FRAME_BYTES) {
    const part = block.subarray(from, from + FRAME_BYTES);
    const ends = from + FRAME_BYTES >= block.length ? FLAG.endHeaders : 0;
    const bytes =
      from === 0
        ? frame(FRAME.headers, ends | (isLast ? FLAG.endStream : 0), stream, part.length)
        : frame(FRAME.continuation, ends, stream, part.length);
    bytes.set(part, FRAME_HEAD_BYTES);
    yield bytes;
  }
}

/** `last`: streams beyond it were not and will not be looked at, and may be asked again elsewhere. */
export function goAwayFrame(last: number, code: Code, says = ''): Buffer {
  const text = Buffer.from(says);
  const bytes = frame(FRAME.goAway, 0, 0, 8 + text.length);
  bytes.writeUInt32BE(last, FRAME_HEAD_BYTES);
  bytes.writeUInt32BE(code, FRAME_HEAD_BYTES + 4);
  bytes.set(text, FRAME_HEAD_BYTES + 8);
  return bytes;
}
