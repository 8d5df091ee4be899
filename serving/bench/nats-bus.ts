import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { natsServerCommand } from './config.ts';

export interface Bus {
  readonly host: string;
  readonly port: number;
  stop(): Promise<void>;
}

const START_LIMIT_MS = 10_000;
const LOOK_AGAIN_MS = 50;

/** A nats-server with JetStream of its own, on a free port; undefined: there is none on this machine. */
export async function startBus(): Promise<Bus | undefined> {
  const command = natsServerCommand();
  try {
    await promisify(execFile)(command, ['--version'], { timeout: START_LIMIT_MS });
  } catch {
    return undefined;
  }
  const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-nats-'));
  const [host, port] = ['127.0.0.1', await freePort()];
  const child = spawn(command, ['-a', host, '-p', String(port), '-js', '-sd', folder], { stdio: 'ignore' });
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  };
  const limit = performance.now() + START_LIMIT_MS;
  while (!(await isOpen(host, port))) {
    if (performance.now() > limit) {
      await stop();
      throw new Error(`${command} did not open port ${port} within ${START_LIMIT_MS} ms`);
    }
    await sleep(LOOK_AGAIN_MS);
  }
  return { host, port, stop };
}

function isOpen(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port });
  return new Promise((resolve) => {
    const tell = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => tell(true));
    socket.once('error', () => tell(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
