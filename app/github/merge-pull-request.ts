import { hasStatus } from './request.ts';
import type { Repository } from './request.ts';

export type Merged =
  | { readonly kind: 'merged' }
  /** GitHub says why not: checks are missing, the head moved, a review is required. Asking again later may help. */
  | { readonly kind: 'refused'; readonly reason: string };

/** The methods in the order in which they are tried: a repository may forbid any of them. */
const methods = ['merge', 'squash', 'rebase'] as const;

/** Merges a pull request at exactly this head. A refusal is an answer, not an error, and is not repeated here. */
export async function mergePullRequest(
  repository: Repository,
  pullRequest: { readonly number: number; readonly headSha: string },
  signal?: AbortSignal,
): Promise<Merged> {
  const { owner, repo, request } = repository;
  let reason = 'no merge method is allowed';
  for (const method of methods) {
    try {
      await request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge', {
        owner,
        repo,
        pull_number: pullRequest.number,
        sha: pullRequest.headSha,
        merge_method: method,
        request: { signal, retries: 0 },
      });
      return { kind: 'merged' };
    } catch (error) {
      if (!hasStatus(error, 405, 409, 422)) throw error;
      reason = error instanceof Error ? error.message : String(error);
      if (!/method|not allowed|merges are not/i.test(reason)) break;
    }
  }
  return { kind: 'refused', reason };
}

/** Whether the newest run of a check at a commit ended with success. */
export async function isGreen(
  repository: Repository,
  sha: string,
  check: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const { owner, repo, request } = repository;
  const { data } = await request('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', {
    owner,
    repo,
    ref: sha,
    check_name: check,
    filter: 'latest',
    request: { signal },
  });
  return data.check_runs.length > 0 && data.check_runs.every(({ conclusion }) => conclusion === 'success');
}
