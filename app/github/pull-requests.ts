import { allPages } from './pages.ts';
import { hasStatus } from './request.ts';
import type { Repository } from './request.ts';

export interface PullRequest {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly author: string;
  readonly url: string;
  readonly state: 'open' | 'merged' | 'closed';
  readonly draft: boolean;
  readonly headSha: string;
  readonly headRef: string;
  readonly baseRef: string;
  readonly updatedAt: string;
}

const pageLimit = 20;
/** Commits made on github.com are committed by this account, which is nobody. */
const webFlow = 'web-flow';

/** Undefined when there is no pull request of that number. */
export async function readPullRequest(
  repository: Repository,
  number: number,
  signal?: AbortSignal,
): Promise<PullRequest | undefined> {
  const { owner, repo, request } = repository;
  try {
    const { data } = await request('GET /repos/{owner}/{repo}/pulls/{pull_number}', {
      owner,
      repo,
      pull_number: number,
      request: { signal },
    });
    return pullRequestOf(data);
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}

/** Open pull requests into a branch, the most recently changed first. */
export async function listOpenPullRequests(
  repository: Repository,
  base: string,
  signal?: AbortSignal,
): Promise<readonly PullRequest[]> {
  const { owner, repo, request } = repository;
  const pulls = await allPages(async (page) => {
    const { data } = await request('GET /repos/{owner}/{repo}/pulls', {
      owner,
      repo,
      state: 'open',
      base,
      sort: 'updated',
      direction: 'desc',
      ...page,
      request: { signal },
    });
    return data;
  }, pageLimit);
  return pulls.map(pullRequestOf);
}

/**
 * Logins whose latest review of this head approves it. A review of an earlier commit does not count: what was approved is
 * not what would be merged. Comments do not change a verdict; a dismissal takes it back.
 */
export async function approvalsOf(
  repository: Repository,
  pullRequest: { readonly number: number; readonly headSha: string },
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const { owner, repo, request } = repository;
  const reviews = await allPages(async (page) => {
    const { data } = await request('GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews', {
      owner,
      repo,
      pull_number: pullRequest.number,
      ...page,
      request: { signal },
    });
    return data;
  }, pageLimit);
  return approversOf(
    reviews.map(({ user, state, commit_id }) => ({ login: user?.login, state, commit: commit_id })),
    pullRequest.headSha,
  );
}

/** Pure part of `approvalsOf`: reviews oldest first. */
export function approversOf(
  reviews: readonly {
    readonly login?: string | undefined;
    readonly state: string;
    readonly commit?: string | null | undefined;
  }[],
  headSha: string,
): readonly string[] {
  const latest = new Map<string, { readonly state: string; readonly commit?: string | null | undefined }>();
  for (const { login, state, commit } of reviews) {
    if (login === undefined || state === 'COMMENTED' || state === 'PENDING') continue;
    latest.set(login, { state, commit });
  }
  return [...latest]
    .filter(([, { state, commit }]) => state === 'APPROVED' && commit === headSha)
    .map(([login]) => login);
}

/** Everyone who wrote a part of a pull request: its author, and the authors and committers of its commits. */
export async function contributorsOf(
  repository: Repository,
  pullRequest: { readonly number: number; readonly author: string },
  signal?: AbortSignal,
): Promise<ReadonlySet<string>> {
  const { owner, repo, request } = repository;
  const commits = await allPages(async (page) => {
    const { data } = await request('GET /repos/{owner}/{repo}/pulls/{pull_number}/commits', {
      owner,
      repo,
      pull_number: pullRequest.number,
      ...page,
      request: { signal },
    });
    return data;
  }, pageLimit);
  const logins = commits.flatMap(({ author, committer }) => [...loginOf(author), ...loginOf(committer)]);
  return new Set([pullRequest.author, ...logins.filter((login) => login !== webFlow)]);
}

/** Who made one commit. */
export async function commitContributorsOf(
  repository: Repository,
  commit: string,
  signal?: AbortSignal,
): Promise<ReadonlySet<string>> {
  const { owner, repo, request } = repository;
  const { data } = await request('GET /repos/{owner}/{repo}/commits/{ref}', {
    owner,
    repo,
    ref: commit,
    per_page: 1,
    request: { signal },
  });
  const logins = [...loginOf(data.author), ...loginOf(data.committer)];
  return new Set(logins.filter((login) => login !== webFlow));
}

/** Where a pull request's branch left its base. */
export async function mergeBaseOf(
  repository: Repository,
  base: string,
  head: string,
  signal?: AbortSignal,
): Promise<string> {
  const { owner, repo, request } = repository;
  const { data } = await request('GET /repos/{owner}/{repo}/compare/{basehead}', {
    owner,
    repo,
    basehead: `${base}...${head}`,
    per_page: 1,
    request: { signal },
  });
  return data.merge_base_commit.sha;
}

/** GitHub gives null or an empty object for a commit whose address belongs to no account. */
function loginOf(user: unknown): readonly string[] {
  return typeof user === 'object' && user !== null && 'login' in user && typeof user.login === 'string'
    ? [user.login]
    : [];
}

interface GithubPullRequest {
  readonly number: number;
  readonly title: string;
  readonly body: string | null;
  readonly user: { readonly login: string } | null;
  readonly html_url: string;
  readonly state: string;
  readonly merged_at: string | null;
  readonly draft?: boolean;
  readonly head: { readonly sha: string; readonly ref: string };
  readonly base: { readonly ref: string };
  readonly updated_at: string;
}

function pullRequestOf(pull: GithubPullRequest): PullRequest {
  const closed = pull.merged_at === null ? 'closed' : 'merged';
  return {
    number: pull.number,
    title: pull.title,
    body: pull.body ?? '',
    // GitHub shows a deleted account as `ghost`.
    author: pull.user?.login ?? 'ghost',
    url: pull.html_url,
    state: pull.state === 'open' ? 'open' : closed,
    draft: pull.draft ?? false,
    headSha: pull.head.sha,
    headRef: pull.head.ref,
    baseRef: pull.base.ref,
    updatedAt: pull.updated_at,
  };
}
