import type { Intake, PlacePayload } from './intake.ts';
import { placeOf } from './intake.ts';

interface Payload extends PlacePayload {
  readonly action: string;
  readonly check_suite: { readonly head_sha: string };
}

/** "Re-run all checks". The list of pull requests in the payload is empty for forks, so the head decides. */
export function onCheckSuite(payload: Payload, intake: Pick<Intake, 'proposalsAt'>): void {
  if (payload.action === 'rerequested') intake.proposalsAt(placeOf(payload), payload.check_suite.head_sha);
}
