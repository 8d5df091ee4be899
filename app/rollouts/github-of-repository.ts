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
import { branchTip, writeRevertBranch } from '../github/revert-branch.ts';
import { githubSnapshot } from '../github/snapshot.ts';
import type { TreeSnapshot } from './desired-models.ts';
import type { GithubSide } from './github-side.ts';

/** The check run that is green only when every required finding passes. */
const SUMMARY_CHECK = 'slipway';
/** The tip is asked for at every turn; which branch is the default one changes once in years. */
const BRANCH_NAME_KEPT_MS = 300_000;
/** Trees are small beside what they name; those of the last commits are asked for at every turn. */
const SNAPSHOTS_KEPT = 16;

/** The rollouts' view of one repository on GitHub. */
export function githubOfRepository(repository: Repository, store: ObjectStore): GithubSide {
  let branch: { readonly name: string; readonly askedAt: number } | undefined;
  const snapshots = new Map<string, TreeSnapshot>();
  return {
    async defaultBranch(signal) {
      const now = Date.now();
      if (branch === undefined || now - branch.askedAt > BRANCH_NAME_KEPT_MS) {
        const found = await readDefaultBranch(repository, signal);
        branch = found && { name: found.name, askedAt: now };
        return found;
      }
      const sha = await branchTip(repository, branch.name, signal);
      if (sha !== undefined) return { name: branch.name, sha };
      branch = undefined;
      return readDefaultBranch(repository, signal);
    },
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
