import type { PullRequest } from '../github/pull-requests.ts';
import { readPullRequest } from '../github/pull-requests.ts';
import type { Repository } from '../github/request.ts';

export type ListedPullRequest = Pick<PullRequest, 'number' | 'title' | 'author' | 'url' | 'state' | 'headSha'>;

export interface PullRequestList {
  /** The newest ones, whatever their state. */
  of(repository: Repository, signal: AbortSignal): Promise<readonly ListedPullRequest[]>;
  one(repository: Repository, number: number, signal: AbortSignal): Promise<ListedPullRequest | undefined>;
}

/** GitHub's limits are shared with everything that matters more: a page that is looked at often asks this seldom. */
const freshForMs = 5_000;
const mostListed = 50;

/** GitHub's pull requests for pages, asked for at most every few seconds. */
export function createPullRequestList(now: () => Date): PullRequestList {
  const kept = new Map<string, { readonly at: number; readonly value: Promise<unknown> }>();
  const fresh = async <T>(key: string, ask: () => Promise<T>): Promise<T> => {
    const found = kept.get(key);
    if (found !== undefined && now().getTime() - found.at < freshForMs) return (await found.value) as T;
    const value = ask();
    kept.set(key, { at: now().getTime(), value });
    value.catch(() => kept.delete(key));
    return await value;
  };
  return {
    of: (repository, signal) => fresh(`${repository.owner}/${repository.repo}`, () => listed(repository, signal)),
    one: (repository, number, signal) =>
      fresh(`${repository.owner}/${repository.repo}#${number}`, () => readPullRequest(repository, number, signal)),
  };
}

async function listed(
  { owner, repo, request }: Repository,
  signal: AbortSignal,
): Promise<readonly ListedPullRequest[]> {
  const { data } = await request('GET /repos/{owner}/{repo}/pulls', {
    owner,
    repo,
    state: 'all',
    sort: 'created',
    direction: 'desc',
    per_page: mostListed,
    request: { signal },
  });
  return data.map((pull) => ({
    number: pull.number,
    title: pull.title,
    author: pull.user?.login ?? 'ghost',
    url: pull.html_url,
    state: pull.merged_at === null ? (pull.state === 'open' ? 'open' : 'closed') : 'merged',
    headSha: pull.head.sha,
  }));
}
