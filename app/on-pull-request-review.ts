import type { Intake, PlacePayload } from './intake.ts';
import { placeOf } from './intake.ts';

interface Payload extends PlacePayload {
  readonly pull_request: { readonly number: number };
}

/** Who approved a proposal is told in its plan, and recorded with what it deploys. */
export function onPullRequestReview(payload: Payload, intake: Pick<Intake, 'approvals'>): void {
  intake.approvals(placeOf(payload), payload.pull_request.number);
}
