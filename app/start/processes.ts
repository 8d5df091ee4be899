import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { createServer } from 'node:net';
import { finished } from 'node:stream/promises';
import { environment } from './config.ts';

/** How long a process may take to end after SIGTERM before it is killed. */
const stopLimitMs = 15_000;

/** A child process of the stage, with its output kept in a file. */
export interface Running {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves with how it ended: an exit status or a signal's name. */
  readonly ended: Promise<string>;
  hasEnded(): boolean;
  /** SIGTERM, and SIGKILL when that does not help in time. */
  stop(): Promise<void>;
  /** SIGKILL: what a power cut looks like to the process. */
  kill(): Promise<void>;
}

/**
 * Starts a TypeScript file under the Node that runs this one.
 *
 * @throws when the process cannot be started at all.
 */
export async function startProcess(
  name: string,
  file: string,
  options: {
    readonly args?: readonly string[];
    readonly environment?: Readonly<Record<string, string>>;
    readonly logFile: string;
  },
): Promise<Running> {
  const log = createWriteStream(options.logFile, { flags: 'a' });
  const child = spawn(process.execPath, [file, ...(options.args ?? [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...inherited(), ...options.environment },
    // Ctrl-C goes to the whole terminal group; the stage alone decides in which order its processes end.
    detached: true,
  });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const ended = endOf(child, log);
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('error', (cause) => reject(new Error(`${name} could not be started: ${file}`, { cause })));
    child.once('spawn', () => resolve(child.pid ?? 0));
  });
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    name,
    pid,
    logFile: options.logFile,
    ended,
    hasEnded,
    async stop() {
      if (!hasEnded()) child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
      await ended;
      clearTimeout(timer);
    },
    async kill() {
      if (!hasEnded()) child.kill('SIGKILL');
      await ended;
    },
  };
}

async function endOf(child: ChildProcess, log: WriteStream): Promise<string> {
  const how = await new Promise<string>((resolve) => {
    child.once('close', (status, signalName) => resolve(signalName ?? `exit status ${status}`));
    child.once('error', (error) => resolve(error.message));
  });
  log.end();
  await finished(log);
  return how;
}

/** What a child needs of this process's surroundings; settings of the stage are passed by name. */
function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_ALL', 'NODE_OPTIONS'];
  return Object.fromEntries(names.flatMap((name) => environmentOf(name)));
}

function environmentOf(name: string): readonly (readonly [string, string])[] {
  const value = environment[name];
  return value === undefined ? [] : [[name, value]];
}

/** `wanted` when it is free on loopback, else any free port. */
export async function freePort(wanted: number): Promise<number> {
  return (await portOf(wanted)) ?? (await portOf(0)) ?? Promise.reject(new Error('no free port on 127.0.0.1'));
}

async function portOf(port: number): Promise<number | undefined> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}
