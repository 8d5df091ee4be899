import { setTimeout as pause } from 'node:timers/promises';

export interface PaceLimits {
  readonly perMinute: number;
  readonly perHour: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/**
 * When the next write may start, given when the earlier ones did (oldest first).
 *
 * GitHub's plugin waits a second between any two writes, which makes sixteen check runs take sixteen seconds and still
 * allows 3,600 an hour. What GitHub limits is 80 content writes a minute and 500 an hour, so that is what is kept here.
 */
export function nextStart(starts: readonly number[], now: number, limits: PaceLimits): number {
  const free = (count: number, windowMs: number) => {
    const first = starts.at(-count);
    return first === undefined ? now : first + windowMs;
  };
  return Math.max(now, starts.at(-1) ?? 0, free(limits.perMinute, minuteMs), free(limits.perHour, hourMs));
}

/** The part of a Bottleneck group that Octokit's throttling plugin calls; `key` is the installation. */
export interface Pace {
  key(id: string): { schedule<T>(options: { readonly weight?: number }, run: () => Promise<T>): Promise<T> };
}

export function createPace(limits: PaceLimits, now: () => number = Date.now): Pace {
  const startsByKey = new Map<string, number[]>();
  return {
    key: (id) => ({
      async schedule(options, run) {
        // Weight 0: the plugin repeats a request that was counted before.
        if (options.weight !== 0) {
          const earliest = now() - hourMs;
          const starts = (startsByKey.get(id) ?? []).filter((start) => start > earliest);
          const start = nextStart(starts, now(), limits);
          startsByKey.set(id, [...starts, start]);
          if (start > now()) await pause(start - now());
        }
        return run();
      },
    }),
  };
}
