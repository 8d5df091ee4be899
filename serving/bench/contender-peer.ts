import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { peerEnvironment } from './config.ts';
import type { Contender, Served, Started } from './contender.ts';

/** Other servers that people use, each serving one model with what its documentation says. Each needs a Python with its packages. */
interface Peer {
  readonly name: string;
  /** What the Python must have; the first of them tells its version. */
  readonly modules: readonly string[];
  readonly protocol: 'http' | 'grpc';
  /** Arguments of Python; `folder` is the peer's own, for settings. */
  command(at: { readonly port: number; readonly model: string; readonly folder: string }): Promise<readonly string[]>;
}

const HERE = fileURLToPath(new URL('./peers/', import.meta.url));
const PROTO = fileURLToPath(new URL('../protocol/inference.proto', import.meta.url));

const uvicorn =
  (app: string, workers: number, ...more: readonly string[]): Peer['command'] =>
  async ({ port }) => [
    '-m',
    'uvicorn',
    `${app}:app`,
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
    '--workers',
    String(workers),
    '--log-level',
    'warning',
    ...more,
  ];
const FAST = ['--no-access-log', '--loop', 'uvloop', '--http', 'httptools'];

export const peers = {
  fastapi: {
    name: 'FastAPI as people write it',
    modules: ['fastapi', 'uvicorn', 'pydantic', 'onnxruntime'],
    protocol: 'http',
    // As `uvicorn app:app` is started: with its access log, which nobody reads here.
    command: uvicorn('fastapi_written', 1),
  },
  'fastapi-tuned': {
    name: 'FastAPI tuned',
    modules: ['fastapi', 'uvicorn', 'uvloop', 'httptools', 'orjson', 'onnxruntime'],
    protocol: 'http',
    command: uvicorn('fastapi_tuned', 1, ...FAST),
  },
  'fastapi-tuned-2': {
    name: 'FastAPI tuned, 2 workers',
    modules: ['fastapi', 'uvicorn', 'uvloop', 'httptools', 'orjson', 'onnxruntime'],
    protocol: 'http',
    command: uvicorn('fastapi_tuned', 2, ...FAST),
  },
  mlserver: {
    name: 'MLServer',
    modules: ['mlserver', 'onnxruntime'],
    protocol: 'http',
    async command({ port, model, folder }) {
      const [grpcPort, metricsPort] = [await freePort(), await freePort()];
      await writeFile(
        join(folder, 'settings.json'),
        JSON.stringify({
          host: '127.0.0.1',
          http_port: port,
          grpc_port: grpcPort,
          metrics_port: metricsPort,
          // Without a worker behind a queue, which makes a small model slower.
          parallel_workers: 0,
          debug: false,
        }),
      );
      await writeFile(
        join(folder, 'model-settings.json'),
        JSON.stringify({ name: model, implementation: 'mlserver_runtime.OnnxRuntime' }),
      );
      return ['-c', 'from mlserver.cli import main; main()', 'start', folder];
    },
  },
  bentoml: {
    name: 'BentoML',
    modules: ['bentoml', 'onnxruntime'],
    protocol: 'http',
    command: async ({ port }) => [
      '-m',
      'bentoml',
      'serve',
      'bento_service:Inference',
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--working-dir',
      HERE,
    ],
  },
  'grpc-aio': {
    name: 'Python grpc.aio',
    modules: ['grpc', 'grpc_tools', 'onnxruntime'],
    protocol: 'grpc',
    command: async ({ port }) => [join(HERE, 'grpc_aio.py'), String(port), PROTO],
  },
} as const satisfies Record<string, Peer>;

export type PeerName = keyof typeof peers;

/** Paths that requests go to; BentoML has its own. */
export function pathOf(peer: PeerName | undefined, model: string): string {
  return peer === 'bentoml' ? '/infer' : `/v2/models/${model}/infer`;
}

export interface FoundPeer {
  readonly contender: Contender;
  /** Its packages with their versions, for the report. */
  readonly versions: string;
}

const run = promisify(execFile);
const LOOK_LIMIT_MS = 60_000;

/** A peer with the first of these Pythons that has its packages; undefined: none has. */
export async function findPeer(name: PeerName, pythons: readonly string[]): Promise<FoundPeer | undefined> {
  const peer: Peer = peers[name];
  const script = `import importlib.metadata as m, ${peer.modules.join(', ')}\nfor n in ${JSON.stringify(peer.modules)}: print(n, m.version({'grpc': 'grpcio', 'grpc_tools': 'grpcio-tools'}.get(n, n)))`;
  for (const python of pythons) {
    try {
      const { stdout } = await run(python, ['-c', script], { timeout: LOOK_LIMIT_MS });
      const versions = stdout.trim().split('\n').join(', ');
      return { contender: { name: peer.name, start: ([served]) => startPeer(peer, python, served) }, versions };
    } catch {
      // Another Python may have it; that none has is told by the caller.
    }
  }
  return undefined;
}

const START_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 10_000;
const LOOK_AGAIN_MS = 100;

async function startPeer(peer: Peer, python: string, served: Served | undefined): Promise<Started> {
  if (served === undefined) throw new Error(`${peer.name} was given no model`);
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-peer-'));
  const args = await peer.command({ port, model: served.name, folder });
  const child = spawn(python, ['-B', ...args], {
    cwd: HERE,
    env: peerEnvironment({ python, file: served.file, model: served.name, modules: HERE, home: folder }),
    stdio: ['ignore', 'ignore', 'pipe'],
    // A group of its own: it may start workers, and all of them end with it.
    detached: true,
  });
  let said = '';
  child.stderr.on('data', (part: Buffer) => (said = (said + part.toString()).slice(-SAID_CHARACTERS)));
  const stop = async (): Promise<void> => {
    await ended(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await answering(child, port, () => said);
  } catch (error) {
    await stop();
    throw new Error(`${peer.name} did not start`, { cause: error });
  }
  const at = { host: '127.0.0.1', port };
  return { pid: child.pid ?? 0, ...(peer.protocol === 'http' ? { http: at } : { grpc: at }), stop };
}

const SAID_CHARACTERS = 4000;

/** Waits until the port is open; a server that is not ready behind it says so to the first requests, which are not counted. */
async function answering(child: ChildProcess, port: number, said: () => string): Promise<void> {
  const limit = performance.now() + START_LIMIT_MS;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`it ended: ${said()}`);
    const open = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(1000) }).then(
      () => true,
      // gRPC does not answer so; but nobody there is another thing.
      (error: unknown) => !JSON.stringify(causesOf(error)).includes('ECONNREFUSED'),
    );
    if (open) return;
    if (performance.now() > limit) throw new Error(`nothing listens on port ${port}: ${said()}`);
    await sleep(LOOK_AGAIN_MS);
  }
}

function causesOf(error: unknown): unknown {
  return error instanceof Error
    ? [error.message, error.cause instanceof Error && 'code' in error.cause ? error.cause.code : '']
    : error;
}

async function ended(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  const tell = (signal: NodeJS.Signals): void => {
    try {
      process.kill(-pid, signal);
    } catch {
      // The group has gone.
    }
  };
  tell('SIGTERM');
  const limit = setTimeout(() => tell('SIGKILL'), STOP_LIMIT_MS);
  await exit;
  clearTimeout(limit);
  tell('SIGKILL');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
