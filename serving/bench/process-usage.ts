import { readdir, readFile } from 'node:fs/promises';

/** What a process and all that it started have used. */
export interface Usage {
  /** Processor time of all threads, user and system, in milliseconds. */
  readonly cpuMs: number;
  /** The processes' own peaks of resident memory, added up; pages that they share count in each. */
  readonly peakBytes: number;
  readonly rssBytes: number;
  readonly processes: readonly ProcessUsage[];
}

export interface ProcessUsage {
  readonly pid: number;
  readonly parent: number;
  /** What the process calls itself, for people. */
  readonly command: string;
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly peakBytes: number;
}

/** Linux counts processor time in hundredths of a second. */
const MS_PER_TICK = 10;
const BYTES_PER_KB = 1024;

/** Usage of a process tree until now; undefined where there is no /proc. */
export async function usageOf(root: number): Promise<Usage | undefined> {
  const all = await everyProcess();
  if (all === undefined) return undefined;
  const children = Map.groupBy(all, ({ parent }) => parent);
  const found: ProcessUsage[] = all.filter(({ pid }) => pid === root);
  for (let index = 0; index < found.length; index++) found.push(...(children.get(found[index]?.pid ?? -1) ?? []));
  const sum = (pick: (process: ProcessUsage) => number): number =>
    found.reduce((total, process) => total + pick(process), 0);
  return {
    cpuMs: sum(({ cpuMs }) => cpuMs),
    peakBytes: sum(({ peakBytes }) => peakBytes),
    rssBytes: sum(({ rssBytes }) => rssBytes),
    processes: found,
  };
}

async function everyProcess(): Promise<readonly ProcessUsage[] | undefined> {
  const names = await readdir('/proc').catch(() => undefined);
  if (names === undefined) return undefined;
  const read = await Promise.all(
    names
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .map(processOf),
  );
  return read.flatMap((each) => (each === undefined ? [] : [each]));
}

/** Undefined: it is gone by now, or its memory is (a process that nobody has waited for). */
async function processOf(pid: number): Promise<ProcessUsage | undefined> {
  try {
    const [stat, status, line] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/status`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
    ]);
    const kB = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0);
    // Counted behind the name, which stands in parentheses and may hold anything: parent is field 4, times are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      pid,
      parent: Number(fields[1]),
      command: line.replaceAll('\0', ' ').trim(),
      cpuMs: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK,
      rssBytes: kB('VmRSS') * BYTES_PER_KB,
      peakBytes: kB('VmHWM') * BYTES_PER_KB,
    };
  } catch {
    return undefined;
  }
}
