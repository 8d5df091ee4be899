import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The command of a real nats-server: `given` (SLIPWAY_TEST_NATS_SERVER), else the one on the PATH; undefined: what needs it is skipped. */
export function findNatsServer(given: string | undefined): string | undefined {
  const command = given ?? 'nats-server';
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return command;
  } catch {
    return undefined;
  }
}

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  /** SIGKILL, as a power cut is; the store stays. */
  kill(): Promise<void>;
  /** The same port and store. */
  start(): Promise<void>;
  /** Ends it and removes its store. */
  close(): Promise<void>;
}

/** With JetStream, on a free port of this machine. `more`: further lines of its configuration. */
export async function openNatsServer(command: string | undefined, more = ''): Promise<NatsServer> {
  if (command === undefined) throw new Error('there is no nats-server');
  const folder = await mkdtemp(join(tmpdir(), 'slipway-nats-'));
  const port = await freePort();
  const configuration = join(folder, 'nats.conf');
  await writeFile(
    configuration,
    `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${join(folder, 'store')}", max_file_store: 32GB }\n${more}\n`,
  );
  let child: ChildProcess | undefined;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = child;
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = new Promise((resolve) => ending.once('exit', resolve));
    ending.kill(signal);
    await ended;
  };
  const server: NatsServer = {
    url: `nats://127.0.0.1:${port}`,
    port,
    kill: () => end('SIGKILL'),
    async start() {
      child = await started(command, configuration);
    },
    async close() {
      await end('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

async function started(command: string, configuration: string): Promise<ChildProcess> {
  const child = spawn(command, ['-c', configuration], { stdio: ['ignore', 'ignore', 'pipe'] });
  const { stderr } = child;
  if (stderr === null) throw new Error('nats-server was started without its output');
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`nats-server is not ready: ${said}`)), READY_LIMIT_MS);
    stderr.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-MAX_SAID);
      if (!said.includes('Server is ready')) return;
      clearTimeout(limit);
      resolve();
    });
    child.once('exit', (status) => reject(new Error(`nats-server ended with ${status}: ${said}`)));
    child.once('error', reject);
  });
  return child;
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

const READY_LIMIT_MS = 20_000;
const MAX_SAID = 4096;
