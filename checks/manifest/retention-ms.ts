import { durationMs } from './duration.ts';
import type { Manifest } from './manifest.ts';
import type { Policy } from './policy.ts';

/** How long recorded predictions of a model are kept: as the policy says, or the manifest's impact matrix where that is shorter. */
export function retentionMsOf({ impact }: Pick<Manifest, 'impact'>, { retention }: Pick<Policy, 'retention'>): number {
  const declared = impact?.retention === undefined ? undefined : durationMs(impact.retention);
  return Math.min(retention.predictionsMs, declared ?? Infinity);
}
