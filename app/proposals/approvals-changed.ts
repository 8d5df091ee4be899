import { isOwn, listComments, markerOf } from '../github/comments.ts';
import { contributorsOf, readApprovals } from '../github/pull-requests.ts';
import type { Repository } from '../github/request.ts';
import { readProposal } from './look-at-proposal.ts';
import { withApprovals } from './model-plan.ts';
import { planKey } from './publish-plan.ts';

/**
 * Whether others approve a proposal's commit now than when it was judged last: the model plan says who did then, and judging again writes it anew.
 * Never without a plan: then nothing was judged that an approval could decide.
 */
export async function approvalsChanged(repository: Repository, number: number, signal: AbortSignal): Promise<boolean> {
  const pull = await readProposal(repository, number, signal);
  if (pull === undefined) return false;
  const marker = markerOf(planKey);
  const comments = await listComments(repository, number, signal);
  const plan = comments.find((comment) => isOwn(repository, comment) && comment.body.startsWith(marker));
  if (plan === undefined) return false;
  const [approvals, contributors] = await Promise.all([
    readApprovals(repository, pull, signal),
    contributorsOf(repository, pull, signal),
  ]);
  const independent = approvals.flatMap(({ by }) => (contributors.has(by) ? [] : [by]));
  return withApprovals(plan.body, independent) !== plan.body;
}
