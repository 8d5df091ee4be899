import { commentOf } from './github/comments.ts';
import type { GithubComment } from './github/comments.ts';
import type { Intake, PlacePayload } from './intake.ts';
import { placeOf } from './intake.ts';

interface Payload extends PlacePayload {
  readonly action: string;
  readonly comment: GithubComment;
}

/** Commands are in comments as they were written; an edited comment commands nothing. */
export function onIssueComment(payload: Payload, intake: Pick<Intake, 'comment'>): void {
  if (payload.action === 'created') intake.comment(placeOf(payload), commentOf(payload.comment));
}
