import { findOrCreate } from './find-or-create.ts';
import { allPages } from './pages.ts';
import type { Repository } from './request.ts';

/** GitHub's limit on a comment. */
const commentLength = 65_536;
const pageLimit = 50;

export interface Comment {
  readonly id: number;
  readonly issue: number;
  readonly body: string;
  /** Undefined for a deleted account. */
  readonly login?: string;
  readonly isBot: boolean;
  readonly url: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A mark in a comment that people do not see and that the App finds it by. */
export function markerOf(key: string): string {
  return `<!-- slipway:${key.replaceAll('--', '- -')} -->`;
}

/** Comments of one issue or pull request, oldest first. */
export async function listComments(
  repository: Repository,
  issue: number,
  signal?: AbortSignal,
): Promise<readonly Comment[]> {
  const { owner, repo, request } = repository;
  const comments = await allPages(async (page) => {
    const { data } = await request('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
      owner,
      repo,
      issue_number: issue,
      ...page,
      request: { signal },
    });
    return data;
  }, pageLimit);
  return comments.map(commentOf);
}

/** Whether the App wrote it. */
export function isOwn(
  { botLogin }: Pick<Repository, 'botLogin'>,
  { isBot, login }: Pick<Comment, 'isBot' | 'login'>,
): boolean {
  return isBot && (botLogin === undefined || login === botLogin);
}

/** Comments anywhere in the repository that were written or edited since then, oldest change first. */
export async function listCommentsSince(
  repository: Repository,
  since: Date,
  signal?: AbortSignal,
): Promise<readonly Comment[]> {
  const { owner, repo, request } = repository;
  const comments = await allPages(async (page) => {
    const { data } = await request('GET /repos/{owner}/{repo}/issues/comments', {
      owner,
      repo,
      sort: 'updated',
      direction: 'asc',
      since: since.toISOString(),
      ...page,
      request: { signal },
    });
    return data;
  }, pageLimit);
  return comments.map(commentOf);
}

/**
 * The App's one comment of a kind on an issue: edited in place where it stands, written where it does not, left alone when
 * it already says so.
 */
export async function putComment(
  repository: Repository,
  comment: { readonly issue: number; readonly key: string; readonly body: string },
  signal?: AbortSignal,
): Promise<Comment> {
  const marker = markerOf(comment.key);
  const body = withMarker(comment.body, marker);
  const find = async () => {
    const there = await listComments(repository, comment.issue, signal);
    return there.find((candidate) => isOwn(repository, candidate) && candidate.body.startsWith(marker));
  };
  const found = await findOrCreate(find, () => postComment(repository, comment.issue, body, signal));
  if (found.body === body) return found;
  const { owner, repo, request } = repository;
  const { data } = await request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', {
    owner,
    repo,
    comment_id: found.id,
    body,
    request: { signal },
  });
  return commentOf(data);
}

/** Writes a comment once: one with this key that is there is left as it is. */
export async function postCommentOnce(
  repository: Repository,
  comment: { readonly issue: number; readonly key: string; readonly body: string },
  signal?: AbortSignal,
): Promise<Comment> {
  const marker = markerOf(comment.key);
  const find = async () => {
    const there = await listComments(repository, comment.issue, signal);
    return there.find((candidate) => isOwn(repository, candidate) && candidate.body.startsWith(marker));
  };
  return findOrCreate(find, () => postComment(repository, comment.issue, withMarker(comment.body, marker), signal));
}

async function postComment(repository: Repository, issue: number, body: string, signal?: AbortSignal) {
  const { owner, repo, request } = repository;
  const { data } = await request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
    owner,
    repo,
    issue_number: issue,
    body,
    request: { signal },
  });
  return commentOf(data);
}

/** The marker stands first, so that cutting a long body cannot lose it. */
function withMarker(body: string, marker: string): string {
  const room = commentLength - marker.length - 1;
  return `${marker}\n${body.length > room ? `${body.slice(0, room - 1)}…` : body}`;
}

/** A comment as GitHub's REST and its webhooks tell it. */
export interface GithubComment {
  /** Octokit reads numbers past 2^53 as bigint; GitHub's ids are far from that. */
  readonly id: number | bigint;
  readonly body?: string;
  readonly user: { readonly login: string; readonly type?: string | undefined } | null;
  readonly html_url: string;
  readonly issue_url: string;
  readonly created_at: string;
  readonly updated_at: string;
}

export function commentOf(comment: GithubComment): Comment {
  return {
    id: Number(comment.id),
    issue: Number(comment.issue_url.slice(comment.issue_url.lastIndexOf('/') + 1)),
    body: comment.body ?? '',
    ...(comment.user === null ? {} : { login: comment.user.login }),
    isBot: comment.user?.type === 'Bot',
    url: comment.html_url,
    createdAt: comment.created_at,
    updatedAt: comment.updated_at,
  };
}
