import { hasStatus } from './request.ts';
import type { Repository } from './request.ts';

export interface FolderRestore {
  /** Without `refs/heads/`: `slipway/revert/income/3f2a…`. */
  readonly branch: string;
  /** Where the branch starts: the default branch's tip. */
  readonly base: string;
  /** `models/income` */
  readonly folder: string;
  /** Git tree of the folder as it shall be again. */
  readonly tree: string;
  readonly message: string;
}

/**
 * Writes a branch whose one commit puts a folder back as it was, file for file, and leaves everything else as the base has it.
 * Through git data: no clone, no merge, no conflict. A branch of that name that does so already is left alone; one that does
 * something else (from an earlier time) is moved. Returns the branch's commit.
 */
export async function writeRevertBranch(
  repository: Repository,
  restore: FolderRestore,
  signal?: AbortSignal,
): Promise<string> {
  const { owner, repo, request } = repository;
  const { branch, base, folder, tree, message } = restore;
  const there = await branchTip(repository, branch, signal);
  if (there !== undefined && (await doesRestore(repository, there, restore, signal))) return there;
  const { data: start } = await request('GET /repos/{owner}/{repo}/git/commits/{commit_sha}', {
    owner,
    repo,
    commit_sha: base,
    request: { signal },
  });
  const { data: whole } = await request('POST /repos/{owner}/{repo}/git/trees', {
    owner,
    repo,
    base_tree: start.tree.sha,
    tree: [{ path: folder, mode: '040000', type: 'tree', sha: tree }],
    request: { signal },
  });
  const { data: commit } = await request('POST /repos/{owner}/{repo}/git/commits', {
    owner,
    repo,
    message,
    tree: whole.sha,
    parents: [base],
    request: { signal },
  });
  await putBranch(repository, branch, commit.sha, there !== undefined, signal);
  return commit.sha;
}

/** The commit at a branch's end; undefined when there is no such branch. */
export async function branchTip(
  repository: Repository,
  branch: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { owner, repo, request } = repository;
  const { data } = await request('GET /repos/{owner}/{repo}/git/matching-refs/{ref}', {
    owner,
    repo,
    ref: `heads/${branch}`,
    request: { signal },
  });
  return data.find(({ ref }) => ref === `refs/heads/${branch}`)?.object.sha;
}

async function doesRestore(
  repository: Repository,
  commit: string,
  { base, folder, tree }: FolderRestore,
  signal?: AbortSignal,
): Promise<boolean> {
  const { owner, repo, request } = repository;
  const { data } = await request('GET /repos/{owner}/{repo}/git/commits/{commit_sha}', {
    owner,
    repo,
    commit_sha: commit,
    request: { signal },
  });
  if (data.parents[0]?.sha !== base) return false;
  return (await treeAt(repository, data.tree.sha, folder, signal)) === tree;
}

/** Git's id of a folder below a tree; asked for level by level, since a whole tree may be large. */
async function treeAt(
  repository: Repository,
  root: string,
  folder: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { owner, repo, request } = repository;
  let at: string | undefined = root;
  for (const name of folder.split('/')) {
    if (at === undefined) return undefined;
    const { data }: { data: { tree: readonly { path?: string; sha?: string | null; type?: string }[] } } =
      await request('GET /repos/{owner}/{repo}/git/trees/{tree_sha}', {
        owner,
        repo,
        tree_sha: at,
        request: { signal },
      });
    at = data.tree.find((entry) => entry.path === name && entry.type === 'tree')?.sha ?? undefined;
  }
  return at;
}

async function putBranch(
  repository: Repository,
  branch: string,
  sha: string,
  isThere: boolean,
  signal?: AbortSignal,
): Promise<void> {
  const { owner, repo, request } = repository;
  if (!isThere) {
    try {
      await request('POST /repos/{owner}/{repo}/git/refs', {
        owner,
        repo,
        ref: `refs/heads/${branch}`,
        sha,
        request: { signal },
      });
      return;
    } catch (error) {
      // Somebody was first (422), or the first answer got lost: then the branch is moved.
      if (!hasStatus(error, 422)) throw error;
    }
  }
  await request('PATCH /repos/{owner}/{repo}/git/refs/{ref}', {
    owner,
    repo,
    ref: `heads/${branch}`,
    sha,
    force: true,
    request: { signal },
  });
}
