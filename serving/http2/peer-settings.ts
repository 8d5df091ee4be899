import type { Frame } from './frame-reader.ts';
import {
  CODE,
  FRAME_BYTES,
  Http2Failure,
  LARGEST_FRAME_BYTES,
  LARGEST_WINDOW_BYTES,
  SETTING,
  SETTING_BYTES,
} from './frames.ts';

/** What a client says of itself that a server has to mind; of a setting that comes twice the last. */
export interface PeerSettings {
  /** What each stream's window begins with. */
  readonly windowBytes?: number;
  readonly frameBytes?: number;
}

/** Reads a SETTINGS frame (RFC 9113, section 6.5). The size of its table is no matter: blocks from here never fill it. Throws an Http2Failure. */
export function peerSettings({ bytes, from, to }: Frame): PeerSettings {
  if ((to - from) % SETTING_BYTES !== 0) throw new Http2Failure(CODE.frameSize, 'SETTINGS that end within one');
  let settings: PeerSettings = {};
  for (let at = from; at < to; at += SETTING_BYTES) {
    const value = bytes.readUInt32BE(at + 2);
    switch (bytes.readUInt16BE(at)) {
      case SETTING.push:
        if (value > 1) throw new Http2Failure(CODE.protocol, `ENABLE_PUSH is ${value}`);
        break;
      case SETTING.window:
        if (value > LARGEST_WINDOW_BYTES) throw new Http2Failure(CODE.flowControl, `INITIAL_WINDOW_SIZE is ${value}`);
        settings = { ...settings, windowBytes: value };
        break;
      case SETTING.frameBytes:
        if (value < FRAME_BYTES || value > LARGEST_FRAME_BYTES)
          throw new Http2Failure(CODE.protocol, `MAX_FRAME_SIZE is ${value}`);
        settings = { ...settings, frameBytes: value };
        break;
    }
  }
  return settings;
}
