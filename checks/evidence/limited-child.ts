import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';

export type Isolation = 'namespace' | 'process';

export interface Limits {
  readonly timeMs: number;
  readonly memoryMb: number;
}

export type ChildEnd =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly reason: string; readonly limit?: BrokenLimit };

/** The limit that ended a child, what it used, and what it was allowed; seconds or megabytes. */
export interface BrokenLimit {
  readonly kind: 'time' | 'memory';
  readonly used: number;
  readonly allowed: number;
}

/** Where the commands that make namespaces are looked for; the parent's own PATH does not reach the child. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Everything mounted becomes read-only except the folder given first; then the rest of the arguments run. A mount's own flags have to be kept:
 * the kernel refuses to drop them in a user namespace. Mount points are written with octal escapes.
 */
const READ_ONLY_BUT_FOLDER = `
set -e
folder=$1; shift
mount --bind "$folder" "$folder"
mounts=$(cat /proc/self/mountinfo)
printf '%s\\n' "$mounts" | while read -r id parent device root point options rest; do
  point=$(printf '%b' "$(printf '%s' "$point" | sed 's/\\\\\\([0-7]\\)/\\\\0\\1/g')")
  case "$options" in ro|ro,*) continue ;; esac
  [ "$point" = "$folder" ] && continue
  mount -o "remount,bind,ro\${options#rw}" "$point"
done
`;

/** The child ends with this process, however it ends: a graph that never returns must not outlive a kill -9. */
const END_WITH_PARENT = `
command -v setpriv > /dev/null 2>&1 && exec setpriv --pdeathsig KILL "$@"
exec "$@"
`;

/**
 * As root of its own namespace the child could undo what was just done to its mounts: so it gives every capability up. Where it cannot, it goes one
 * namespace further, to which these mounts are locked.
 */
const WITHOUT_CAPABILITIES = `
command -v setpriv > /dev/null 2>&1 &&
  exec setpriv --pdeathsig KILL --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
exec unshare --user --mount --map-root-user "$@"
`;

function namespaceCommand(folder: string, command: readonly string[]): readonly string[] {
  const flags = ['--user', '--net', '--mount', '--map-root-user'];
  return ['unshare', ...flags, 'sh', '-c', READ_ONLY_BUT_FOLDER + WITHOUT_CAPABILITIES, 'sh', folder, ...command];
}

function plainCommand(command: readonly string[]): readonly string[] {
  return process.platform === 'linux' ? ['sh', '-c', END_WITH_PARENT, 'sh', ...command] : command;
}

let known: Isolation | undefined;
const DETECTION_LIMIT_MS = 10_000;

/** Whether this machine lets a child have no network and a read-only file system; asked once. */
export function isolationHere(): Isolation {
  known ??= namespacesWork() ? 'namespace' : 'process';
  return known;
}

function namespacesWork(): boolean {
  if (process.platform !== 'linux') return false;
  const [command = '', ...args] = namespaceCommand(tmpdir(), ['true']);
  const { status } = spawnSync(command, args, { env: { PATH }, timeout: DETECTION_LIMIT_MS, stdio: 'ignore' });
  return status === 0;
}

const MEMORY_LOOK_MS = 100;
const STDERR_KEPT = 4_000;

/**
 * Runs this Node on a script in a child process that is limited in time and memory, and, where the kernel allows it, has no network and may write
 * only to `folder`. Its environment holds nothing of the parent's. Never throws for what the child does.
 */
export async function runLimited(
  script: string,
  args: readonly string[],
  options: {
    readonly folder: string;
    readonly isolation: Isolation;
    readonly limits: Limits;
    readonly signal?: AbortSignal;
    readonly onLine?: (line: string) => void;
  },
): Promise<ChildEnd> {
  options.signal?.throwIfAborted();
  const command = [process.execPath, '--no-warnings', script, ...args];
  const [file = '', ...rest] =
    options.isolation === 'namespace' ? namespaceCommand(options.folder, command) : plainCommand(command);
  const child = spawn(file, rest, {
    cwd: options.folder,
    env: { PATH, HOME: options.folder, TMPDIR: options.folder, LANG: 'C.UTF-8', ORT_DISABLE_TELEMETRY: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that everything it may have started ends with it.
    detached: true,
  });
  const end = await watch(child, options.limits, options.signal, options.onLine);
  options.signal?.throwIfAborted();
  return end;
}

async function watch(
  child: ChildProcess,
  limits: Limits,
  signal: AbortSignal | undefined,
  onLine: ((line: string) => void) | undefined,
): Promise<ChildEnd> {
  let killedFor: { readonly reason: string; readonly limit?: BrokenLimit } | undefined;
  const started = performance.now();
  const kill = (reason: string, limit?: BrokenLimit): void => {
    killedFor ??= { reason, ...(limit === undefined ? {} : { limit }) };
    killGroup(child);
  };
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_KEPT);
  });
  if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', (line) => onLine?.(line));
  const abort = (): void => kill('it was stopped');
  signal?.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(
    () =>
      kill(`it took longer than ${timeText(limits.timeMs)} (the policy's limits.checkMinutes)`, {
        kind: 'time',
        used: (performance.now() - started) / 1000,
        allowed: limits.timeMs / 1000,
      }),
    limits.timeMs,
  );
  let looking = false;
  const memory = setInterval(() => {
    if (looking) return;
    looking = true;
    void residentMb(child.pid).then((megabytes) => {
      looking = false;
      if (megabytes !== undefined && megabytes > limits.memoryMb)
        kill(
          `it used ${Math.round(megabytes)} MB of memory, more than ${limits.memoryMb} MB (the policy's limits.memoryMb)`,
          { kind: 'memory', used: megabytes, allowed: limits.memoryMb },
        );
    });
  }, MEMORY_LOOK_MS);
  try {
    return await new Promise<ChildEnd>((resolve) => {
      child.once('error', (error) => resolve({ kind: 'failed', reason: `it could not be started: ${error.message}` }));
      child.once('close', (code, killedBy) =>
        resolve(
          code === 0 && killedFor === undefined
            ? { kind: 'done' }
            : { kind: 'failed', ...(killedFor ?? { reason: deathReason(code, killedBy, stderr) }) },
        ),
      );
    });
  } finally {
    clearTimeout(timer);
    clearInterval(memory);
    signal?.removeEventListener('abort', abort);
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is gone already: nothing is left to end.
    child.kill('SIGKILL');
  }
}

function timeText(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} minutes`;
}

function deathReason(code: number | null, killedBy: NodeJS.Signals | null, stderr: string): string {
  const lastWords = stderr.trim().split('\n').slice(-3).join(' ').trim();
  const words = lastWords === '' ? '' : `: ${lastWords}`;
  if (killedBy !== null) return `the process that ran it was ended by ${killedBy}${words}`;
  return `the process that ran it ended with status ${String(code)}${words}`;
}

/** Resident memory of a process; undefined where the system does not tell. */
async function residentMb(pid: number | undefined): Promise<number | undefined> {
  if (pid === undefined || process.platform !== 'linux') return undefined;
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
  } catch {
    // The process ended between two looks.
    return undefined;
  }
}
