import { markerOf } from './comments.ts';
import { findOrCreate } from './find-or-create.ts';
import type { Repository } from './request.ts';

export interface NewPullRequest {
  /** Kept in the body as an invisible mark, by which the pull request is found again. */
  readonly key: string;
  readonly branch: string;
  readonly base: string;
  readonly title: string;
  readonly body: string;
}

export interface OpenedPullRequest {
  readonly number: number;
  readonly url: string;
}

/** Opens a pull request once: one with this key, in whatever state, is returned as it is; so is an open one of the branch. */
export async function openPullRequest(
  repository: Repository,
  wanted: NewPullRequest,
  signal?: AbortSignal,
): Promise<OpenedPullRequest> {
  const { owner, repo, request } = repository;
  const marker = markerOf(wanted.key);
  const find = async () => {
    const { data } = await request('GET /repos/{owner}/{repo}/pulls', {
      owner,
      repo,
      head: `${owner}:${wanted.branch}`,
      state: 'all',
      per_page: 100,
      request: { signal },
    });
    return data.find(({ state, body }) => state === 'open' || (body ?? '').includes(marker));
  };
  const create = async () => {
    const { data } = await request('POST /repos/{owner}/{repo}/pulls', {
      owner,
      repo,
      head: wanted.branch,
      base: wanted.base,
      title: wanted.title,
      body: `${marker}\n${wanted.body}`,
      request: { signal },
    });
    return data;
  };
  const { number, html_url: url } = await findOrCreate<{ readonly number: number; readonly html_url: string }>(
    find,
    create,
  );
  return { number, url };
}

export async function closePullRequest(repository: Repository, number: number, signal?: AbortSignal): Promise<void> {
  const { owner, repo, request } = repository;
  await request('PATCH /repos/{owner}/{repo}/pulls/{pull_number}', {
    owner,
    repo,
    pull_number: number,
    state: 'closed',
    request: { signal },
  });
}
