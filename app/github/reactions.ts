import type { Repository } from './request.ts';

/** 👀 seen, 🚀 done, 😕 refused or failed. */
export type Reaction = 'eyes' | 'rocket' | 'confused';

/** Adds a reaction; GitHub answers a repeated one with the first. */
export async function react(
  repository: Repository,
  comment: number,
  content: Reaction,
  signal?: AbortSignal,
): Promise<void> {
  const { owner, repo, request } = repository;
  await request('POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions', {
    owner,
    repo,
    comment_id: comment,
    content,
    // GitHub itself makes this write harmless to repeat, so Octokit may.
    request: { signal, retries: 3 },
  });
}

/** How far the App has come with a comment, as its reactions tell. */
export async function progressOf(
  repository: Repository,
  comment: number,
  signal?: AbortSignal,
): Promise<'unseen' | 'seen' | 'answered'> {
  const { owner, repo, request, botLogin } = repository;
  const { data } = await request('GET /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions', {
    owner,
    repo,
    comment_id: comment,
    per_page: 100,
    request: { signal },
  });
  const isOwn = (user: { readonly login: string; readonly type?: string } | null) =>
    botLogin === undefined ? user?.type === 'Bot' : user?.login === botLogin;
  const own = data.filter(({ user }) => isOwn(user)).map(({ content }) => content);
  if (own.includes('rocket') || own.includes('confused')) return 'answered';
  return own.includes('eyes') ? 'seen' : 'unseen';
}
