import type { Repository } from './request.ts';

export interface TreeEntry {
  readonly path: string;
  readonly kind: 'blob' | 'tree';
  readonly sha: string;
  readonly sizeBytes?: number;
}

/** Folders that are asked for one by one when GitHub cuts a tree short (100,000 entries or 7 MB). */
const truncatedFolderLimit = 20_000;

/**
 * Every file and folder of a commit or tree. Symbolic links and submodules are left out: what they name may lie outside
 * of the repository, and a model's files must not.
 */
export async function readTree(
  repository: Repository,
  sha: string,
  signal?: AbortSignal,
): Promise<readonly TreeEntry[]> {
  const whole = await readOneTree(repository, sha, true, signal);
  if (!whole.truncated) return whole.entries;
  return readByFolder(repository, sha, signal);
}

/** The entries of one folder by its tree's id. */
export async function readFolder(
  repository: Repository,
  sha: string,
  signal?: AbortSignal,
): Promise<readonly TreeEntry[]> {
  return (await readOneTree(repository, sha, false, signal)).entries;
}

async function readByFolder(repository: Repository, root: string, signal?: AbortSignal): Promise<readonly TreeEntry[]> {
  const entries: TreeEntry[] = [];
  const waiting: { readonly sha: string; readonly prefix: string }[] = [{ sha: root, prefix: '' }];
  for (let asked = 0; ; asked += 1) {
    const folder = waiting.pop();
    if (folder === undefined) return entries;
    if (asked === truncatedFolderLimit)
      throw new Error(
        `The tree ${root} has more than ${truncatedFolderLimit} folders, which is more than Slipway reads`,
      );
    for (const entry of await readFolder(repository, folder.sha, signal)) {
      const path = folder.prefix + entry.path;
      entries.push({ ...entry, path });
      if (entry.kind === 'tree') waiting.push({ sha: entry.sha, prefix: `${path}/` });
    }
  }
}

async function readOneTree(repository: Repository, sha: string, recursive: boolean, signal?: AbortSignal) {
  const { owner, repo, request } = repository;
  const { data } = await request('GET /repos/{owner}/{repo}/git/trees/{tree_sha}', {
    owner,
    repo,
    tree_sha: sha,
    ...(recursive ? { recursive: '1' } : {}),
    request: { signal },
  });
  const entries = data.tree.flatMap((entry): TreeEntry[] => {
    const kind = entryKind(entry.type, entry.mode);
    if (kind === undefined) return [];
    return [{ path: entry.path, kind, sha: entry.sha, ...(entry.size === undefined ? {} : { sizeBytes: entry.size }) }];
  });
  return { entries, truncated: data.truncated };
}

const symbolicLinkMode = '120000';

function entryKind(type: string, mode: string): TreeEntry['kind'] | undefined {
  if (type === 'tree') return 'tree';
  return type === 'blob' && mode !== symbolicLinkMode ? 'blob' : undefined;
}
