import { postCommentOnce } from '../github/comments.ts';
import { originOf } from '../github/commit-origin.ts';
import { readDefaultBranch } from '../github/default-branch.ts';
import { putDeploymentStatus } from '../github/deployments.ts';
import { closeIssue, putIssue } from '../github/issues.ts';
import { isGreen, mergePullRequest } from '../github/merge-pull-request.ts';
import type { ObjectStore } from '../github/object-store.ts';
import { closePullRequest, openPullRequest } from '../github/open-pull-request.ts';
import { readPullRequest } from '../github/pull-requests.ts';
import type { Repository } from '../github/request.ts';
import { writeRevertBranch } from '../github/revert-branch.ts';
import { githubSnapshot } from '../github/snapshot.ts';
import type { TreeSnapshot } from './desired-models.ts';
import type { GithubSide } from './github-side.ts';

/** The check run that is green only when every required finding passes. */
const SUMMARY_CHECK = 'slipway';
/** Trees are small beside what they name; those of the last commits are asked for at every turn. */
const SNAPSHOTS_KEPT = 16;

/** The rollouts' view of one repository on GitHub. */
export function githubOfRepository(repository: Repository, store: ObjectStore): GithubSide {
  const snapshots = new Map<string, TreeSnapshot>();
  return {
    defaultBranch: (signal) => readDefaultBranch(repository, signal),
    snapshot(commit) {
      const known = snapshots.get(commit) ?? githubSnapshot(repository, commit, store);
      snapshots.delete(commit);
      snapshots.set(commit, known);
      const [oldest] = snapshots.keys();
      if (snapshots.size > SNAPSHOTS_KEPT && oldest !== undefined) snapshots.delete(oldest);
      return known;
    },
    originOf: (folder, tip, signal) => originOf(repository, folder, tip, signal),
    putDeploymentStatus: (status, signal) => putDeploymentStatus(repository, status, signal),
    async comment(on, key, text, signal) {
      await postCommentOnce(repository, { issue: on, key, body: text }, signal);
    },
    putIssue: (issue, signal) => putIssue(repository, issue, signal),
    closeIssue: (number, signal) => closeIssue(repository, number, signal),
    async openRevert({ key, branch, base, folder, tree, title, body }, signal) {
      await writeRevertBranch(repository, { branch, base: base.sha, folder, tree, message: title }, signal);
      return openPullRequest(repository, { key, branch, base: base.name, title, body }, signal);
    },
    pullRequest: (number, signal) => readPullRequest(repository, number, signal),
    closePullRequest: (number, signal) => closePullRequest(repository, number, signal),
    async mergeWhenGreen(pullRequest, signal) {
      if (!(await isGreen(repository, pullRequest.headSha, SUMMARY_CHECK, signal))) return 'waiting';
      const merged = await mergePullRequest(repository, pullRequest, signal);
      return merged.kind === 'merged' ? 'merged' : 'waiting';
    },
  };
}
