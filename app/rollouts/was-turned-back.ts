import type { Ledger } from '../ledger/ledger.ts';
import type { ModelState } from './model-state.ts';
import type { Wish } from './rollouts.ts';

/**
 * Whether a comment has turned a model back before. Done a second time, by a process that was killed before it could answer, "the version
 * before" is the one that was turned away: callers would get it back.
 */
export async function wasTurnedBack(
  { model, source }: Pick<Wish, 'model' | 'source'>,
  state: ModelState,
  ledger: Pick<Ledger, 'read'>,
  signal: AbortSignal,
): Promise<boolean> {
  if (state.hold?.source === source) return true;
  const isDue = state.outbox.some(
    (deed) => deed.kind === 'record' && deed.event === 'rolled-back' && deed.data?.['source'] === source,
  );
  if (isDue) return true;
  const { lines } = await ledger.read(signal);
  return lines.some((line) => line.kind === 'rolled-back' && line.model === model && line.data?.['source'] === source);
}
