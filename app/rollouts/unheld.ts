import type { LoadedManifest } from '../../checks/manifest/manifest.ts';
import type { LedgerLine } from '../ledger/ledger.ts';
import { holdEnded } from './hold.ts';
import type { ModelState } from './model-state.ts';
import { quarantinesOf } from './past.ts';
import type { Wish } from './rollouts.ts';

/**
 * The state in which the fleet follows git again: no hold, and no quarantine on what was turned away from, or, without a hold, on
 * what git names. The next turn begins the rollout. A sentence when there is nothing to lift.
 */
export function unheld(
  state: ModelState,
  wish: Wish,
  known: { readonly desired: LoadedManifest | undefined; readonly lines: readonly LedgerLine[]; readonly now: Date },
): ModelState | string {
  const { model, by, source } = wish;
  const { desired, lines, now } = known;
  const revision = state.hold?.quarantined ?? desired?.revision;
  const isLiftable = state.hold !== undefined || (revision !== undefined && quarantinesOf(lines, model).has(revision));
  if (!isLiftable) return `**${model}** is not held, and what git names is not quarantined.`;
  const because = wish.because ?? 'no reason was given';
  const ended = holdEnded(state, { by, because }, now);
  if (revision === undefined) return ended;
  const at = now.toISOString();
  const version =
    lines.findLast((line) => line.model === model && line.revision === revision)?.version ??
    state.rollout?.candidate.version ??
    'unknown';
  return {
    ...ended,
    outbox: [
      ...ended.outbox,
      {
        key: `${model}/${revision}/${at}/lifted`,
        at,
        by,
        subject: { model, revision, version },
        kind: 'record',
        event: 'quarantine-lifted',
        because,
        data: { source },
      },
    ],
  };
}
