import { setTimeout as sleep } from 'node:timers/promises';

/** How often a condition is looked at when nothing else is said. */
const defaultIntervalMs = 150;

/**
 * Looks until `holds` is true.
 *
 * @throws when it does not hold within `limitMs`, with what was waited for; when `signal` aborts; or what `holds` throws
 * last, as the cause.
 */
export async function waitFor(
  what: string,
  limitMs: number,
  signal: AbortSignal,
  holds: () => Promise<boolean>,
  intervalMs: number = defaultIntervalMs,
): Promise<void> {
  const until = Date.now() + limitMs;
  let cause: unknown;
  while (Date.now() < until) {
    signal.throwIfAborted();
    try {
      if (await holds()) return;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await sleep(intervalMs, undefined, { signal });
  }
  throw new Error(`waited ${Math.round(limitMs / 1000)} s in vain until ${what}`, { cause });
}
