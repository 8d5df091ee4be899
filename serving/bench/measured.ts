import type { LoadGenerator } from './load-generator.ts';
import type { LoadJob, LoadResult } from './load-job.ts';
import { type ProcessUsage, type Usage, usageOf } from './process-usage.ts';

/** One load on one contender. */
export interface Measurement {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
  /** What went wrong first, in words. */
  readonly complaint?: string;
  /** Of the server's whole process tree; undefined where the system does not tell. */
  readonly cpuMicrosPerRequest?: number;
  /** Of the processes that answer, without the daemon and the log's writer; undefined for those that are not ours. */
  readonly servingMicrosPerRequest?: number;
  readonly peakMegabytes?: number;
  /** Processor time of the load generator by time that passed. */
  readonly generatorBusy: number;
}

/** Does a job and watches what the server's processes use while it is counted. */
export async function measured(load: LoadGenerator, job: LoadJob, pid: number): Promise<Measurement> {
  let before: Promise<Usage | undefined> = Promise.resolve(undefined);
  const result = await load.run(job, () => {
    before = usageOf(pid);
  });
  return measurementOf(result, await before, await usageOf(pid));
}

function measurementOf(result: LoadResult, before: Usage | undefined, after: Usage | undefined): Measurement {
  const [first] = Object.values(result.errors);
  const told = { perSecond: result.perSecond, p50Ms: result.latencyMs.p50, p99Ms: result.latencyMs.p99 };
  const rest = {
    failed: result.failed,
    ...(first === undefined ? {} : { complaint: first.first }),
    generatorBusy: result.busy,
  };
  if (before === undefined || after === undefined) return { ...told, ...rest };
  const requests = result.answered + result.failed;
  const used = (processes: readonly ProcessUsage[]): number =>
    processes.reduce((sum, { pid, cpuMs }) => {
      const earlier = before.processes.find((each) => each.pid === pid);
      return sum + cpuMs - (earlier?.cpuMs ?? 0);
    }, 0);
  const micros = (ms: number): number => (MICROS_PER_MS * ms) / Math.max(1, requests);
  const serving = after.processes.filter(({ command }) => REPLICA.test(command));
  return {
    ...told,
    ...rest,
    cpuMicrosPerRequest: micros(used(after.processes)),
    ...(serving.length === 0 ? {} : { servingMicrosPerRequest: micros(used(serving)) }),
    peakMegabytes: after.peakBytes / BYTES_PER_MEGABYTE,
  };
}

/** Our replicas' program. */
export const REPLICA = /\breplica[/\\]main\.[jt]s\b/;
const MICROS_PER_MS = 1000;
const BYTES_PER_MEGABYTE = 1e6;
