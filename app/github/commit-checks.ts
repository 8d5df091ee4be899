import { allPages } from './pages.ts';
import { hasStatus } from './request.ts';
import type { Repository } from './request.ts';

/** What somebody else's program says of a commit: a check run or a status. */
export interface CommitCheck {
  readonly name: string;
  /** GitHub's word (`success`, `failure`, …); `pending` while it runs. */
  readonly conclusion: string;
  readonly url?: string;
}

const pageLimit = 20;

/** The newest check run of each name and App, and the newest status of each context, without those of this App. */
export async function readCommitChecks(
  repository: Repository,
  commit: string,
  appId: number,
  signal?: AbortSignal,
): Promise<readonly CommitCheck[]> {
  const [runs, statuses] = await Promise.all([
    checkRunsOf(repository, commit, appId, signal),
    statusesOf(repository, commit, signal),
  ]);
  return [...runs, ...statuses].toSorted((a, b) => a.name.localeCompare(b.name, 'en'));
}

async function checkRunsOf(
  { owner, repo, request }: Repository,
  commit: string,
  appId: number,
  signal: AbortSignal | undefined,
): Promise<readonly CommitCheck[]> {
  const runs = await allPages(async (page) => {
    const { data } = await request('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', {
      owner,
      repo,
      ref: commit,
      filter: 'latest',
      ...page,
      request: { signal },
    });
    return data.check_runs;
  }, pageLimit);
  return runs
    .filter(({ app }) => app?.id !== appId)
    .map(({ name, conclusion, html_url: url }) => ({
      name,
      conclusion: conclusion ?? 'pending',
      ...(typeof url === 'string' ? { url } : {}),
    }));
}

/** An installation that did not accept `statuses: read` yet says 403: its statuses are not known, and nothing rests on them. */
async function statusesOf(
  { owner, repo, request }: Repository,
  commit: string,
  signal: AbortSignal | undefined,
): Promise<readonly CommitCheck[]> {
  try {
    const statuses = await allPages(async (page) => {
      const { data } = await request('GET /repos/{owner}/{repo}/commits/{ref}/status', {
        owner,
        repo,
        ref: commit,
        ...page,
        request: { signal },
      });
      return data.statuses;
    }, pageLimit);
    return statuses.map(({ context, state, target_url: url }) => ({
      name: context,
      conclusion: state,
      ...(typeof url === 'string' ? { url } : {}),
    }));
  } catch (error) {
    if (hasStatus(error, 403)) return [];
    throw error;
  }
}
