import { setTimeout as sleep } from 'node:timers/promises';
import { sampleTraffic } from '../../fixtures/sample/sample-repository.ts';
import { type Callers, startCallers } from './callers.ts';
import type { Stage } from './stage.ts';
import type { Teller } from './story.ts';

const lookEveryMs = 500;

/**
 * Sends callers to a model while a rollout of it is live, since without traffic no canary passes a step, and tells each
 * change of shares. Ends when `signal` aborts.
 */
export async function followLiveRollouts(stage: Stage, teller: Teller, signal: AbortSignal): Promise<void> {
  const callers = new Map<string, Callers>();
  const told = new Map<string, string>();
  while (!signal.aborted) {
    const fleet = await stage.observe(signal).catch(() => undefined);
    for (const { model, arms, effective, revisions } of fleet?.models ?? []) {
      const shares = effective
        .map(
          ({ revision, weight }) =>
            `${revisions.find((known) => known.revision === revision)?.version ?? revision.slice(0, 14)} ${weight} %`,
        )
        .join(', ');
      if (told.has(model) && told.get(model) !== shares) teller.say(`${model}: ${shares}`);
      told.set(model, shares);
      const live = arms.length > 1 && model in sampleTraffic;
      if (live && !callers.has(model)) callers.set(model, startCallers(stage, model, signal));
      if (!live && callers.has(model)) {
        await callers.get(model)?.stop();
        callers.delete(model);
      }
    }
    await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
  await Promise.all([...callers.values()].map((running) => running.stop()));
}
