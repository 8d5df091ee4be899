import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { entryFile } from './model/entry-file.ts';
import { daemonEnvironment } from './config.ts';

export interface FleetOptions {
  /** Where the fleet remembers; the same folder started again serves what it served. */
  readonly folder: string;
  /** 0: any free port. */
  readonly port: number;
  readonly adminPort: number;
  /** Undefined: gRPC is not spoken. 0: any free port. */
  readonly grpcPort?: number;
  readonly host?: string;
  readonly adminToken?: string;
  readonly callerToken?: string;
  /** The public ports speak TLS with this certificate and key (PEM). */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** Further arguments of serving/main.ts. */
  readonly args?: readonly string[];
}

export interface StartedFleet {
  readonly url: string;
  readonly adminUrl: string;
  /** `host:port`; undefined: gRPC is not spoken. */
  readonly grpc?: string;
  /** Of the process that keeps the fleet, across restarts of the daemon. */
  readonly pid: number;
  /** Of the daemon at the start. */
  readonly daemonPid: number;
  /** Resolves with how the daemon ended. */
  readonly ended: Promise<string>;
  /** Ends it after answering what has come in. */
  stop(): Promise<void>;
  /** What a power cut looks like. */
  kill(): Promise<void>;
}

const ENTRY = entryFile('main.ts', import.meta.url);
const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 20_000;

/** Starts a fleet daemon as a process of its own, which ends when this one does. Resolves once both ports are open. */
export async function startFleet(options: FleetOptions): Promise<StartedFleet> {
  const child = fork(
    ENTRY,
    [
      '--tied',
      '--folder',
      options.folder,
      '--port',
      String(options.port),
      '--admin-port',
      String(options.adminPort),
      ...(options.host === undefined ? [] : ['--host', options.host]),
      ...(options.grpcPort === undefined ? [] : ['--grpc-port', String(options.grpcPort)]),
      ...(options.tls === undefined ? [] : ['--tls-cert', options.tls.certFile, '--tls-key', options.tls.keyFile]),
      ...(options.args ?? []),
    ],
    {
      execArgv: [],
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      env: daemonEnvironment({ admin: options.adminToken, caller: options.callerToken }),
      // Ctrl-C reaches every process of a terminal's group: this one decides when the fleet ends.
      detached: true,
    },
  );
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (status, signal) => resolve(signal ?? `exit status ${status}`));
    child.once('error', (error) => resolve(error.message));
  });
  // Every process of the fleet holds an end of the keeper's output until it ends.
  const silent = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
  });
  const { http, admin, grpc, daemon } = await readyLineOf(child, ended);
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    await ended;
    clearTimeout(limit);
  };
  return {
    url: http,
    adminUrl: admin,
    ...(grpc === undefined ? {} : { grpc }),
    pid: child.pid ?? 0,
    daemonPid: daemon,
    ended,
    stop: () => end('SIGTERM'),
    async kill() {
      killGroup(child.pid);
      await silent;
    },
  };
}

/** Every process of a fleet is in the group of the one that keeps it. */
function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // It has ended already.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

async function readyLineOf(
  child: ChildProcess,
  ended: Promise<string>,
): Promise<{ readonly http: string; readonly admin: string; readonly grpc?: string; readonly daemon: number }> {
  const { stdout } = child;
  if (stdout === null) throw new Error('the fleet daemon was started without its output');
  const line = new Promise<string>((resolve) => {
    createInterface({ input: stdout }).once('line', resolve);
  });
  const limit = new Promise<never>((_, reject) => {
    setTimeout(
      () => reject(new Error(`the fleet daemon said nothing for ${START_LIMIT_MS} ms`)),
      START_LIMIT_MS,
    ).unref();
  });
  const failure = ended.then((how) =>
    Promise.reject(new Error(`the fleet daemon ended by ${how} before it was ready`)),
  );
  failure.catch(() => {});
  const parsed: unknown = JSON.parse(await Promise.race([line, failure, limit]));
  if (typeof parsed !== 'object' || parsed === null || !('http' in parsed) || !('admin' in parsed))
    throw new Error(`the fleet daemon's first line is not what was agreed: ${JSON.stringify(parsed)}`);
  const grpc = 'grpc' in parsed && typeof parsed.grpc === 'string' ? { grpc: parsed.grpc } : {};
  const daemon = 'daemon' in parsed ? Number(parsed.daemon) : 0;
  return { http: String(parsed.http), admin: String(parsed.admin), daemon, ...grpc };
}
