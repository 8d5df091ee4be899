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
  /** `owner/name` of where its branch lies; a fork's is another than this one. Undefined when that is gone. */
  readonly headRepository?: string;
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

/** A review that approves. */
export interface Approval {
  readonly by: string;
  /** ISO date-time. */
  readonly at: string;
  readonly url: string;
}

/** Logins whose latest review of this head approves it. */
export async function approvalsOf(
  repository: Repository,
  pullRequest: { readonly number: number; readonly headSha: string },
  signal?: AbortSignal,
): Promise<readonly string[]> {
  return (await readApprovals(repository, pullRequest, signal)).map(({ by }) => by);
}

/**
 * Latest reviews of this head that approve it, one a person. A review of an earlier commit does not count: what was approved is
 * not what would be merged. Comments do not change a verdict; a dismissal takes it back.
 */
export async function readApprovals(
  repository: Repository,
  pullRequest: { readonly number: number; readonly headSha: string },
  signal?: AbortSignal,
): Promise<readonly Approval[]> {
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
  const told = reviews.map((review) => ({
    login: review.user?.login,
    state: review.state,
    commit: review.commit_id,
    at: review.submitted_at ?? '',
    url: review.html_url,
  }));
  return approvingOf(told, pullRequest.headSha).map(({ login, at, url }) => ({ by: login, at, url }));
}

interface Review {
  readonly login?: string | undefined;
  readonly state: string;
  readonly commit?: string | null | undefined;
}

/** Pure part of `approvalsOf`: reviews oldest first. */
export function approversOf(reviews: readonly Review[], headSha: string): readonly string[] {
  return approvingOf(reviews, headSha).map(({ login }) => login);
}

function approvingOf<R extends Review>(
  reviews: readonly R[],
  headSha: string,
): readonly (R & { readonly login: string })[] {
  const latest = new Map<string, R>();
  for (const review of reviews) {
    if (review.login === undefined || review.state === 'COMMENTED' || review.state === 'PENDING') continue;
    latest.set(review.login, review);
  }
  return [...latest]
    .filter(([, { state, commit }]) => state === 'APPROVED' && commit === headSha)
    .map(([login, review]) => ({ ...review, login }));
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
  readonly head: {
    readonly sha: string;
    readonly ref: string;
    readonly repo: { readonly full_name: string } | null;
  };
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
    ...(pull.head.repo === null ? {} : { headRepository: pull.head.repo.full_name }),
    baseRef: pull.base.ref,
    updatedAt: pull.updated_at,
  };
}
