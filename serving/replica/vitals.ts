import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How a process itself is doing, since it started. */
export interface Vitals {
  readonly rssBytes: number;
  readonly cpuSeconds: number;
  /** How late its event loop came to what was due: while a model runs, nothing else does. */
  readonly loopDelay: {
    readonly count: number;
    readonly sumSeconds: number;
    readonly p50Seconds: number;
    readonly p99Seconds: number;
  };
}

/** A look every 20 ms costs next to nothing, and sees every run that anybody would notice. */
const RESOLUTION_MS = 20;
const NS_A_SECOND = 1e9;
const US_A_SECOND = 1e6;

/** Starts to watch this process; each call of the result tells. */
export function watchVitals(): () => Vitals {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  // What it measures is the time between two looks: what was planned of it is no delay.
  const late = (ns: number): number => Math.max(0, ns / NS_A_SECOND - RESOLUTION_MS / 1000);
  return () => {
    const { user, system } = process.cpuUsage();
    const { count } = delay;
    return {
      rssBytes: process.memoryUsage.rss(),
      cpuSeconds: (user + system) / US_A_SECOND,
      loopDelay: {
        count,
        sumSeconds: count === 0 ? 0 : late(delay.mean) * count,
        p50Seconds: count === 0 ? 0 : late(delay.percentile(50)),
        p99Seconds: count === 0 ? 0 : late(delay.percentile(99)),
      },
    };
  };
}
