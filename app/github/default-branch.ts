import type { Repository } from './request.ts';

export interface Branch {
  readonly name: string;
  readonly sha: string;
}

/** The default branch and its tip; undefined for an empty repository. */
export async function readDefaultBranch(repository: Repository, signal?: AbortSignal): Promise<Branch | undefined> {
  const { owner, repo, request } = repository;
  const { data } = await request('GET /repos/{owner}/{repo}', { owner, repo, request: { signal } });
  const name = data.default_branch;
  const { data: refs } = await request('GET /repos/{owner}/{repo}/git/matching-refs/{ref}', {
    owner,
    repo,
    ref: `heads/${name}`,
    request: { signal },
  });
  // The list holds every ref that starts so: `heads/main-2` as well.
  const tip = refs.find(({ ref }) => ref === `refs/heads/${name}`);
  return tip === undefined ? undefined : { name, sha: tip.object.sha };
}
