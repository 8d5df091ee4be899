import type { Intake, PlacePayload } from './intake.ts';
import { placeOf } from './intake.ts';

interface Payload extends PlacePayload {
  readonly action: string;
  readonly pull_request: { readonly number: number };
  /** Of `edited`. */
  readonly changes?: object;
}

/** A proposal appeared, changed or went away. */
export function onPullRequest(payload: Payload, intake: Pick<Intake, 'proposal' | 'proposalClosed'>): void {
  const place = placeOf(payload);
  const { number } = payload.pull_request;
  switch (payload.action) {
    case 'closed':
      return intake.proposalClosed(place, number);
    case 'edited':
      // Title and description decide nothing; another base is another proposal.
      return 'base' in (payload.changes ?? {}) ? intake.proposal(place, number, 'quiet') : undefined;
    case 'opened':
    case 'synchronize':
    case 'reopened':
    case 'ready_for_review':
      return intake.proposal(place, number, 'quiet');
    default:
      return undefined;
  }
}
