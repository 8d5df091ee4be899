import { setTimeout as pause } from 'node:timers/promises';

/** Runs something again and again until the signal, with a pause after each run, however it ended; never twice at once. */
export async function every(
  intervalMs: number,
  run: (signal: AbortSignal) => Promise<void>,
  onError: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await run(signal).catch((error: unknown) => {
      if (!signal.aborted) onError(error);
    });
    await pause(intervalMs, undefined, { signal }).catch(() => undefined);
  }
}
