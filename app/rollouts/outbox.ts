import type { ObservedModel } from '../../serving/fleet.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { FleetWriter } from './fleet-writer.ts';
import { type ModelState, stateOf } from './model-state.ts';
import { type Doer, type GithubDeed, isLedgerDeed, type Learned, ledgerEventOf, performDeed } from './perform-deed.ts';

export interface Outbox {
  /** Does what the kept outbox says, then takes it out. What fails stays, and is done at a later turn. Says whether anything was done. */
  drain(model: string, observed: ObservedModel | undefined, signal: AbortSignal): Promise<boolean>;
  /** What was measured while a deed came about, told with it. */
  measured(key: string, ms: number): void;
}

interface Done {
  readonly keys: readonly string[];
  readonly learned: Learned;
}

const nothing: Done = { keys: [], learned: {} };

export function createOutbox(parts: {
  readonly doer: () => Doer;
  readonly ledger: Ledger;
  readonly writer: FleetWriter;
  readonly log: (message: string, error?: unknown) => void;
}): Outbox {
  const { ledger, writer, log } = parts;
  const measured = new Map<string, number>();

  /** What the world refuses now is told, stays in the outbox, and holds up nothing else. */
  const attempt = async (what: string, signal: AbortSignal, work: () => Promise<Done>): Promise<Done> => {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      log(`${what} failed and is done again later`, error);
      return nothing;
    }
  };

  /** Lines that are decided together are one commit of the ledger. */
  const record = (state: ModelState, signal: AbortSignal): Promise<Done> => {
    const deeds = state.outbox.filter(isLedgerDeed);
    if (deeds.length === 0) return Promise.resolve(nothing);
    return attempt(`recording ${deeds.map(({ key }) => key).join(', ')}`, signal, async () => {
      await ledger.append(
        deeds.map((deed) => ledgerEventOf(deed, measured.get(deed.key))),
        signal,
      );
      const tookMs = deeds.map(({ key }) => measured.get(key)).find((ms) => ms !== undefined);
      return { keys: deeds.map(({ key }) => key), learned: tookMs === undefined ? {} : { tookMs } };
    });
  };

  const perform = (deed: GithubDeed, state: ModelState, signal: AbortSignal): Promise<Done> =>
    attempt(`${deed.kind} (${deed.key})`, signal, async () => ({
      keys: [deed.key],
      learned: await performDeed(deed, state, parts.doer(), signal),
    }));

  /** The statuses of deployments in their order, up to the first that fails; the fleet has turned long ago. */
  const tellDeployments = async (state: ModelState, signal: AbortSignal): Promise<Done> => {
    const keys: string[] = [];
    for (const deed of state.outbox) {
      if (deed.kind !== 'deployment') continue;
      const done = await perform(deed, state, signal);
      if (done.keys.length === 0) break;
      keys.push(...done.keys);
    }
    return { keys, learned: {} };
  };

  const performAll = (state: ModelState, signal: AbortSignal): Promise<readonly Done[]> => {
    const others = state.outbox.flatMap((deed) => (isLedgerDeed(deed) || deed.kind === 'deployment' ? [] : [deed]));
    return Promise.all([
      record(state, signal),
      tellDeployments(state, signal),
      ...others.map((deed) => perform(deed, state, signal)),
    ]);
  };

  return {
    measured: (key, ms) => void measured.set(key, ms),
    async drain(model, observed, signal) {
      const state = stateOf(observed);
      if (state === undefined || state.outbox.length === 0) return false;
      const all = await performAll(state, signal);
      const done = new Set(all.flatMap(({ keys }) => keys));
      if (done.size === 0) return false;
      const learned = all.reduce<Learned>((sum, each) => ({ ...sum, ...each.learned }), {});
      await writer.rewrite(
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
