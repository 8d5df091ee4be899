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

/** Whether the App (by its account `slug[bot]`) has said of a comment that it is finished with it. */
export async function isAnswered(
  repository: Repository,
  comment: number,
  botLogin: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const { owner, repo, request } = repository;
  const { data } = await request('GET /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions', {
    owner,
    repo,
    comment_id: comment,
    per_page: 100,
    request: { signal },
  });
  return data.some(({ user, content }) => user?.login === botLogin && (content === 'rocket' || content === 'confused'));
}
