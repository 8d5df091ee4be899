import type { ObservedModel } from '../../serving/fleet.ts';
import type { FleetWriter } from './fleet-writer.ts';
import { type ModelState, stateOf } from './model-state.ts';
import { type Doer, type Learned, performDeed } from './perform-deed.ts';

export interface Outbox {
  /** Does what the kept outbox says, then takes it out. What fails stays, and is done at a later turn. Says whether anything was done. */
  drain(model: string, observed: ObservedModel | undefined, signal: AbortSignal): Promise<boolean>;
  /** What was measured while a deed came about, told with it. */
  measured(key: string, ms: number): void;
}

export function createOutbox(parts: {
  readonly doer: () => Omit<Doer, 'measured'>;
  readonly writer: FleetWriter;
  readonly log: (message: string, error?: unknown) => void;
}): Outbox {
  const measured = new Map<string, number>();

  const performAll = async (state: ModelState, signal: AbortSignal) => {
    const done = new Set<string>();
    const waiting = new Set<string>();
    let learned: Learned = {};
    const doer = { ...parts.doer(), measured };
    for (const deed of state.outbox) {
      // The statuses of one deployment are told in their order.
      if (deed.kind === 'deployment' && waiting.has(deed.deployment)) continue;
      try {
        learned = { ...learned, ...(await performDeed(deed, state, doer, signal)) };
        done.add(deed.key);
      } catch (error) {
        signal.throwIfAborted();
        parts.log(`${deed.kind} (${deed.key}) failed and is done again later`, error);
        if (deed.kind === 'deployment') waiting.add(deed.deployment);
      }
    }
    return { done, learned };
  };

  return {
    measured: (key, ms) => void measured.set(key, ms),
    async drain(model, observed, signal) {
      const state = stateOf(observed);
      if (state === undefined || state.outbox.length === 0) return false;
      const { done, learned } = await performAll(state, signal);
      if (done.size === 0) return false;
      await parts.writer.rewrite(
        model,
        (now) => ({
          ...now,
          outbox: now.outbox.filter(({ key }) => !done.has(key)),
          ...(now.hold === undefined ? {} : { hold: { ...now.hold, ...learned } }),
        }),
        signal,
      );
      for (const key of done) measured.delete(key);
      return true;
    },
  };
}
