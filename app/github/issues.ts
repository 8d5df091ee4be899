import { markerOf } from './comments.ts';
import { findOrCreate } from './find-or-create.ts';
import { allPages } from './pages.ts';
import type { Repository } from './request.ts';

export interface KeyedIssue {
  /** Kept in the body as an invisible mark; one open issue a key. */
  readonly key: string;
  readonly title: string;
  readonly body: string;
}

const pageLimit = 20;

/** The App's one open issue of a kind: edited in place where it stands, opened where none is open. Returns its number. */
export async function putIssue(repository: Repository, issue: KeyedIssue, signal?: AbortSignal): Promise<number> {
  const { owner, repo, request } = repository;
  const marker = markerOf(issue.key);
  const body = `${marker}\n${issue.body}`;
  const find = async () => {
    const open = await allPages(async (page) => {
      const { data } = await request('GET /repos/{owner}/{repo}/issues', {
        owner,
        repo,
        state: 'open',
        ...page,
        request: { signal },
      });
      return data;
    }, pageLimit);
    return open.find(
      (each) => each.pull_request === undefined && each.user?.type === 'Bot' && (each.body ?? '').includes(marker),
    );
  };
  const create = async () => {
    const { data } = await request('POST /repos/{owner}/{repo}/issues', {
      owner,
      repo,
      title: issue.title,
      body,
      request: { signal },
    });
    return data;
  };
  const found = await findOrCreate<{
    readonly number: number;
    readonly title: string;
    readonly body?: string | null | undefined;
  }>(find, create);
  if (found.body !== body || found.title !== issue.title) {
    await request('PATCH /repos/{owner}/{repo}/issues/{issue_number}', {
      owner,
      repo,
      issue_number: found.number,
      title: issue.title,
      body,
      request: { signal },
    });
  }
  return found.number;
}

export async function closeIssue(repository: Repository, number: number, signal?: AbortSignal): Promise<void> {
  const { owner, repo, request } = repository;
  await request('PATCH /repos/{owner}/{repo}/issues/{issue_number}', {
    owner,
    repo,
    issue_number: number,
    state: 'closed',
    state_reason: 'completed',
    request: { signal },
  });
}
