import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';

/** What this process may use of its machine. */
export interface Machine {
  /** Whole processors' worth of time; at least 1. */
  readonly cores: number;
  readonly memoryBytes: number;
}

/**
 * Cores and memory after the limits of the control groups that this process is in (version 2: cpu.max, memory.max; version 1: the CFS quota,
 * memory.limit_in_bytes), the group's own and those of the groups around it. A cpuset, and an affinity, are in `os.availableParallelism()`.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html, …/cgroup-v1/memory.html, …/scheduler/sched-bwc.html
 */
export function machineOf(): Machine {
  return machineWith(readText, { cores: availableParallelism(), memoryBytes: totalmem() });
}

/** `read`: a file's text, undefined where there is none. */
export function machineWith(read: (path: string) => string | undefined, whole: Machine): Machine {
  const limits = groupsOf(read('/proc/self/cgroup') ?? '').flatMap((folder) => limitsOf(folder, read));
  const cores = Math.min(whole.cores, ...limits.map((limit) => limit.cores ?? Infinity));
  return {
    // Half a processor still runs one process; one and a half do not run two well.
    cores: Math.max(1, Math.floor(cores)),
    memoryBytes: Math.min(whole.memoryBytes, ...limits.map((limit) => limit.memoryBytes ?? Infinity)),
  };
}

/** The folders of every group: `4:memory:/a/b` is /sys/fs/cgroup/memory/a/b and those above it, `0::/a/b` /sys/fs/cgroup/a/b. */
function groupsOf(table: string): readonly string[] {
  return table.split('\n').flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) return [];
    const parts = path.split('/').filter((part) => part !== '');
    const mounts = controllers === '' ? [''] : [`/${controllers}`, ...controllers.split(',').map((name) => `/${name}`)];
    return [...new Set(mounts)].flatMap((mount) =>
      Array.from({ length: parts.length + 1 }, (_, depth) =>
        ['/sys/fs/cgroup', mount.slice(1), ...parts.slice(0, depth)].filter((part) => part !== '').join('/'),
      ),
    );
  });
}

interface Limit {
  readonly cores?: number;
  readonly memoryBytes?: number;
}

function limitsOf(folder: string, read: (path: string) => string | undefined): readonly Limit[] {
  const numbersOf = (name: string): readonly number[] =>
    (read(`${folder}/${name}`) ?? '').trim().split(/\s+/).map(Number);
  const [quota, period] = numbersOf('cpu.max');
  const [cfsQuota, cfsPeriod] = [numbersOf('cpu.cfs_quota_us')[0], numbersOf('cpu.cfs_period_us')[0]];
  return [
    ...coresOf(quota, period),
    ...coresOf(cfsQuota, cfsPeriod),
    ...['memory.max', 'memory.limit_in_bytes'].flatMap((name) => {
      const [memoryBytes = Number.NaN] = numbersOf(name);
      return memoryBytes > 0 ? [{ memoryBytes }] : [];
    }),
  ];
}

/** `max` and -1 are no limit. */
function coresOf(quotaUs: number | undefined, periodUs: number | undefined): readonly Limit[] {
  return quotaUs !== undefined && periodUs !== undefined && quotaUs > 0 && periodUs > 0
    ? [{ cores: quotaUs / periodUs }]
    : [];
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
