import { listRuns } from '../github/actions.ts';
import { postCommentOnce } from '../github/comments.ts';
import { readDefaultBranch } from '../github/default-branch.ts';
import { listOpenPullRequests } from '../github/pull-requests.ts';
import type { Repository } from '../github/request.ts';
import { RETRAIN_WORKFLOW } from './retraining.ts';

/**
 * The open proposals with this head, now that a training of one of their models has ended: they are to be judged again. A training that did not
 * succeed is told in a comment, once a run, since nothing else would show it.
 */
export async function trainedProposals(
  repository: Repository,
  headSha: string,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const main = await readDefaultBranch(repository, signal);
  if (main === undefined) return [];
  const open = (await listOpenPullRequests(repository, main.name, signal)).filter((pull) => pull.headSha === headSha);
  if (open.length === 0) return [];
  const runs = await listRuns(repository, { workflow: RETRAIN_WORKFLOW, headSha }, signal);
  const failed = runs.filter(({ conclusion }) => conclusion !== undefined && conclusion !== 'success');
  for (const { number } of open)
    for (const { id, url, title, conclusion } of failed)
      await postCommentOnce(
        repository,
        {
          issue: number,
          key: `retrained ${id}`,
          body: `The training [${title}](${url}) ended with \`${conclusion}\`: there is nothing to compare with. \`/retrain MODEL\` starts it again.`,
        },
        signal,
      );
  return open.map(({ number }) => number);
}
