import { setTimeout as sleep } from 'node:timers/promises';
import { sampleRecords, type sampleTraffic } from '../../fixtures/sample/sample-repository.ts';
import type { Stage } from './stage.ts';

/** Callers at work at the same time, and how long each rests between two questions. */
const concurrency = 8;
const restMs = 5;

export interface Callers {
  /** Ends the callers; how many of their questions were answered and how many failed. Harmless when they have ended. */
  stop(): Promise<{ readonly answered: number; readonly failed: number }>;
  lastFailure(): string;
}

/** People who ask a model over and over, each under a name of their own, as production's callers would. */
export function startCallers(stage: Pick<Stage, 'predict'>, model: string, signal: AbortSignal): Callers {
  const records = sampleRecords(model as keyof typeof sampleTraffic);
  const stopping = new AbortController();
  const until = AbortSignal.any([signal, stopping.signal]);
  let answered = 0;
  let failed = 0;
  let last = '';
  const caller = async (number: number): Promise<void> => {
    for (let asked = 0; !until.aborted; asked += 1) {
      const record = records[(number * 31 + asked) % records.length];
      if (record === undefined) return;
      try {
        await stage.predict(model, record, `caller-${(number * 7919 + asked) % 1000}`, signal);
        answered += 1;
      } catch (error) {
        if (signal.aborted) return;
        failed += 1;
        last = error instanceof Error ? error.message : String(error);
      }
      await sleep(restMs, undefined, { signal: until }).catch(() => undefined);
    }
  };
  const all = Promise.all(Array.from({ length: concurrency }, (_, number) => caller(number)));
  return {
    async stop() {
      stopping.abort();
      await all;
      return { answered, failed };
    },
    lastFailure: () => last,
  };
}
