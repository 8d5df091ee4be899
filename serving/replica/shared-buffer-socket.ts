import { Socket, type SocketConstructorOpts } from 'node:net';

/** Takes what has come, which lies in memory that the next read overwrites; false stops reading. */
export type TakeBytes = (shared: Buffer, length: number) => boolean;

/**
 * The connection of a socket on which nothing was read yet, as a socket that reads into one buffer which all such sockets share: node:net otherwise takes
 * 64 kB from the system for each read and gives most of it back, a tenth of what a small prediction costs. Undefined where that cannot be had; the
 * socket is then as it was. Else it must not be used any more; it closes when the new one does.
 *
 * node:net has `onread` for sockets that one makes, not for those that a server accepts, so the connection's handle changes its owner here. What `take` does
 * not want, since node:http reads the connection now, `socket.push` takes as if it had been read in the usual way.
 */
export function sharedBufferSocket(given: Socket, take: TakeBytes): Socket | undefined {
  const owner = given as unknown as { _handle: unknown };
  const handle = owner._handle;
  if (given.constructor !== Socket || given.readableLength > 0 || !readsIntoGivenMemory(handle)) return undefined;
  handle.readStop();
  handle.reading = false;
  owner._handle = null;
  const options = {
    handle,
    allowHalfOpen: given.allowHalfOpen,
    onread: { buffer: shared, callback: (length: number) => take(shared, length) },
  };
  const socket = new Socket(options as unknown as SocketConstructorOpts);
  // Who sent the connection waits until what was sent is closed.
  socket.once('close', () => given.destroy());
  return socket;
}

const SHARED_BYTES = 65_536;
const shared = Buffer.allocUnsafeSlow(SHARED_BYTES);

interface ReadingHandle {
  reading: boolean;
  readStop(): void;
  useUserBuffer(buffer: Uint8Array): void;
}

function readsIntoGivenMemory(handle: unknown): handle is ReadingHandle {
  return (
    typeof handle === 'object' &&
    handle !== null &&
    'reading' in handle &&
    ['readStop', 'useUserBuffer'].every((name) => typeof Reflect.get(handle, name) === 'function')
  );
}
