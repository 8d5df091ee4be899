import { isOwn, listComments, markerOf, putComment } from '../github/comments.ts';
import { approvalsOf } from '../github/pull-requests.ts';
import type { Repository } from '../github/request.ts';
import { readProposal } from './look-at-proposal.ts';
import { withApprovals } from './model-plan.ts';
import { planKey } from './publish-plan.ts';

/** Tells in the model plan who approves its commit now. Without a plan there is nothing to tell it in. */
export async function refreshApprovals(repository: Repository, number: number, signal: AbortSignal): Promise<void> {
  const pull = await readProposal(repository, number, signal);
  if (pull === undefined) return;
  const marker = markerOf(planKey);
  const comments = await listComments(repository, number, signal);
  const plan = comments.find((comment) => isOwn(repository, comment) && comment.body.startsWith(marker));
  if (plan === undefined) return;
  const body = withApprovals(plan.body.slice(marker.length + 1), await approvalsOf(repository, pull, signal));
  await putComment(repository, { issue: number, key: planKey, body }, signal);
}
