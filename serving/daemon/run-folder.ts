import { createHash } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { type Server, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The folder of what lives only as long as one daemon: sockets, and files on their way to somebody. */
export interface RunFolder {
  readonly path: string;
  /** Ends the claim and removes the folder. */
  release(): Promise<void>;
}

/** The longest path of a Unix socket is 107 bytes; what is left is for the file's name. */
const FOLDER_BYTES = 85;

/**
 * Claims a fleet's folder for this process: two daemons that remember in one place would each undo what the other was told. The claim is a socket
 * that answers for as long as the process lives, however it ends.
 */
export async function claimRunFolder(fleetFolder: string): Promise<RunFolder> {
  const path = runFolderOf(fleetFolder);
  const claim = join(path, 'daemon.sock');
  if (await answers(claim)) throw new Error(`another fleet daemon runs on ${fleetFolder}`);
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { recursive: true, mode: 0o700 });
  const server = await listen(claim);
  return {
    path,
    async release() {
      await closed(server);
      await rm(path, { recursive: true, force: true });
    },
  };
}

/**
 * The folder of a daemon that still runs, for its successor, which makes the claim its own by `take`. The one before must not release it then, but just end:
 * a socket that is closed well is removed by its name.
 */
export async function joinRunFolder(fleetFolder: string): Promise<RunFolder & { take(): Promise<void> }> {
  const path = runFolderOf(fleetFolder);
  await mkdir(path, { recursive: true, mode: 0o700 });
  let server: Server | undefined;
  return {
    path,
    async take() {
      const own = join(path, `${process.pid}-daemon.sock`);
      server = await listen(own);
      // In one step: there is no moment at which a third daemon would find nobody.
      await rename(own, join(path, 'daemon.sock'));
    },
    async release() {
      if (server === undefined) return;
      await closed(server);
      await rm(path, { recursive: true, force: true });
    },
  };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

/** In the fleet's folder, or, where that path is too long for a socket's, in a private one named after it. */
function runFolderOf(fleetFolder: string): string {
  const own = join(fleetFolder, 'run');
  if (Buffer.byteLength(own) <= FOLDER_BYTES) return own;
  return join(tmpdir(), `slipway-${createHash('sha256').update(fleetFolder).digest('hex').slice(0, 16)}`);
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function listen(socketPath: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, () => resolve(server));
  });
}
