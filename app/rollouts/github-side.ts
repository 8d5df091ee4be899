import type { DeploymentStatus } from '../github/deployments.ts';
import type { TreeSnapshot } from './desired-models.ts';

/** The calls of GitHub that rollouts need, for one repository; real ones in `github-of-repository.ts`, a recording fake in tests. */
export interface GithubSide extends GitSide, PullRequestSide {
  /** Looked up by its key first: telling the same twice does nothing. */
  putDeploymentStatus(status: DeploymentStatus, signal: AbortSignal): Promise<void>;
  /** On a pull request or issue, once a key. */
  comment(on: number, key: string, text: string, signal: AbortSignal): Promise<void>;
  /** One open issue a key, edited in place; its number. */
  putIssue(
    issue: { readonly key: string; readonly title: string; readonly body: string },
    signal: AbortSignal,
  ): Promise<number>;
  closeIssue(number: number, signal: AbortSignal): Promise<void>;
}

export interface GitSide {
  /** The default branch's tip; undefined for an empty repository. */
  defaultBranch(signal: AbortSignal): Promise<{ readonly name: string; readonly sha: string } | undefined>;
  snapshot(commit: string): TreeSnapshot;
  /** The commit that brought a folder's present content to a branch, and the merged pull request, where there was one. */
  originOf(
    folder: string,
    tip: string,
    signal: AbortSignal,
  ): Promise<{
    readonly commit: string;
    readonly pullRequest?: { readonly number: number; readonly approvals: readonly string[] };
  }>;
}

export interface PullRequestSide {
  /** A branch on which one folder is as it was; then its pull request. Both once a key. */
  openRevert(revert: Revert, signal: AbortSignal): Promise<{ readonly number: number; readonly url: string }>;
  pullRequest(
    number: number,
    signal: AbortSignal,
  ): Promise<{ readonly state: 'open' | 'merged' | 'closed'; readonly headSha: string } | undefined>;
  closePullRequest(number: number, signal: AbortSignal): Promise<void>;
  /** Merges at this head once the App's summary check is green there. */
  mergeWhenGreen(
    pullRequest: { readonly number: number; readonly headSha: string },
    signal: AbortSignal,
  ): Promise<'merged' | 'waiting'>;
}

export interface Revert {
  readonly key: string;
  readonly branch: string;
  readonly base: { readonly name: string; readonly sha: string };
  readonly folder: string;
  readonly tree: string;
  readonly title: string;
  readonly body: string;
}
