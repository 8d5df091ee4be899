import { approvalsOf } from './pull-requests.ts';
import type { Repository } from './request.ts';

/** Where a folder's present content came from. */
export interface Origin {
  /** The newest commit, seen from the branch's tip, that changed the folder. */
  readonly commit: string;
  /** The merged pull request that brought it; undefined for a push. */
  readonly pullRequest?: { readonly number: number; readonly approvals: readonly string[] };
}

export async function originOf(
  repository: Repository,
  folder: string,
  tip: string,
  signal?: AbortSignal,
): Promise<Origin> {
  const { owner, repo, request } = repository;
  const { data: commits } = await request('GET /repos/{owner}/{repo}/commits', {
    owner,
    repo,
    sha: tip,
    path: folder,
    per_page: 1,
    request: { signal },
  });
  const commit = commits[0]?.sha ?? tip;
  const { data: pulls } = await request('GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls', {
    owner,
    repo,
    commit_sha: commit,
    request: { signal },
  });
  const merged = pulls.find(({ merged_at: mergedAt }) => typeof mergedAt === 'string');
  if (merged === undefined) return { commit };
  const { number, head } = merged;
  return {
    commit,
    pullRequest: { number, approvals: await approvalsOf(repository, { number, headSha: head.sha }, signal) },
  };
}
