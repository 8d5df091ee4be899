import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';

export interface ChildCost {
  readonly seconds: number;
  /** Processor time of all its threads; undefined where the system does not tell. */
  readonly cpuSeconds?: number;
  readonly peakMegabytes?: number;
  readonly output: string;
}

const LOOK_EVERY_MS = 10;
/** Linux counts processor time in hundredths of a second. */
const TICKS_A_SECOND = 100;

/** Runs a program to its end and says what it cost. Throws when it fails with a status that is not expected. */
export async function measuredChild(
  command: string,
  args: readonly string[],
  { signal, expects }: { readonly signal: AbortSignal; readonly expects: readonly number[] },
): Promise<ChildCost> {
  const start = performance.now();
  const child = spawn(command, args, { signal, stdio: ['ignore', 'pipe', 'pipe'] });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (part: Buffer) => (output += part.toString()));
  child.stderr.on('data', (part: Buffer) => (errors += part.toString()));
  let seen: Pick<ChildCost, 'cpuSeconds' | 'peakMegabytes'> = {};
  const look = setInterval(() => {
    void costOf(child.pid).then((cost) => {
      if (cost !== undefined) seen = cost;
    });
  }, LOOK_EVERY_MS);
  try {
    const status = await new Promise<number | null>((resolve, reject) =>
      child.once('error', reject).once('close', resolve),
    );
    if (status === null || !expects.includes(status))
      throw new Error(`${command} ${args[0]} ended with status ${status}: ${errors.trim().split('\n').at(-1)}`);
  } finally {
    clearInterval(look);
  }
  return { seconds: (performance.now() - start) / 1000, ...seen, output };
}

/** What the process has cost until now; undefined once it is gone, and on systems without /proc. */
async function costOf(pid: number | undefined): Promise<Pick<ChildCost, 'cpuSeconds' | 'peakMegabytes'> | undefined> {
  try {
    const [stat, status] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/status`, 'utf8'),
    ]);
    const [, peak] = /VmHWM:\s+(\d+) kB/.exec(status) ?? [];
    if (peak === undefined) return undefined;
    // Fields 14 and 15, counted after the name in parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND,
      peakMegabytes: Number(peak) / 1000,
    };
  } catch {
    return undefined;
  }
}
