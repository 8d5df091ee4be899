import type { ProbotOctokit } from 'probot';

/**
 * `octokit.request`, with GitHub's own types for every route: `request('GET /repos/{owner}/{repo}', { owner, repo })`. The
 * functions of this folder ask for this one call, never for a client.
 */
export type Request = ProbotOctokit['request'];

/** A repository and the right to speak to GitHub about it, as one installation of the App. */
export interface Repository {
  readonly owner: string;
  readonly repo: string;
  readonly request: Request;
  /** The App's own account, `slipway[bot]`: what other bots write is not its own. Undefined: any bot's is taken for it. */
  readonly botLogin?: string;
}

/** GitHub's answer was an error with this status (404: not there, 409 and 422: refused for what is there). */
export function hasStatus(error: unknown, ...statuses: readonly number[]): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'status' in error &&
    typeof error.status === 'number' &&
    statuses.includes(error.status)
  );
}
