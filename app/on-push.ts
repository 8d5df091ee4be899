import type { Intake, PlacePayload } from './intake.ts';
import { placeOf } from './intake.ts';

interface Payload extends PlacePayload {
  readonly ref: string;
  readonly repository: PlacePayload['repository'] & { readonly default_branch?: string };
}

/** The default branch is what should be: when it moves, the rollouts look. Other branches are nobody's wish yet. */
export function onPush(payload: Payload, intake: Pick<Intake, 'pushed'>): void {
  if (payload.ref === `refs/heads/${payload.repository.default_branch ?? ''}`) intake.pushed(placeOf(payload));
}
