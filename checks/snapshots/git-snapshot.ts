import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Snapshot } from '../snapshot.ts';

const run = promisify(execFile);

/** Git answers from its own files; what takes longer is stuck. */
const GIT_LIMIT_MS = 120_000;
const LARGEST_FILE_BYTES = 4 * 1024 ** 3;

/** What a git command printed. Throws with what was asked of which repository when git fails. */
export async function git(repository: string, args: readonly string[], signal?: AbortSignal): Promise<Buffer> {
  try {
    const { stdout } = await run('git', ['-C', repository, ...args], {
      encoding: 'buffer',
      maxBuffer: LARGEST_FILE_BYTES,
      timeout: GIT_LIMIT_MS,
      ...(signal === undefined ? {} : { signal }),
    });
    return stdout;
  } catch (error) {
    const words = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new Error(`git ${args.join(' ')} in ${repository} failed${words === '' ? '' : `: ${words}`}`, {
      cause: error,
    });
  }
}

/** The commit that a ref names, or undefined when the repository has no such ref. */
export async function commitOf(repository: string, ref: string, signal?: AbortSignal): Promise<string | undefined> {
  try {
    const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`];
    return (await git(repository, args, signal)).toString('utf8').trim();
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Error && error.cause instanceof Error && 'code' in error.cause && error.cause.code === 1)
      return undefined;
    throw error;
  }
}

/** The tree of a commit in a local clone (bare or not); `ref` must name one. Links and submodules are files that are not there. */
export async function gitSnapshot(repository: string, ref: string, signal?: AbortSignal): Promise<Snapshot> {
  const commit = await commitOf(repository, ref, signal);
  if (commit === undefined) throw new Error(`${repository} has no commit "${ref}"`);
  let entries: Promise<ReadonlyMap<string, string>> | undefined;
  const files = (): Promise<ReadonlyMap<string, string>> => {
    entries ??= blobsOf(repository, commit);
    return entries;
  };
  return {
    label: `${ref}@${commit.slice(0, 7)}`,
    commit,
    list: async () => [...(await files()).keys()],
    read: async (path, readSignal) => {
      const blob = (await files()).get(path);
      return blob === undefined ? undefined : git(repository, ['cat-file', 'blob', blob], readSignal);
    },
  };
}

/** Path -> object id of every regular file. `ls-tree -z` writes `mode type id\tpath`, ended by NUL. */
async function blobsOf(repository: string, commit: string): Promise<ReadonlyMap<string, string>> {
  const listed = await git(repository, ['ls-tree', '-r', '-z', '--full-tree', commit]);
  const blobs = new Map<string, string>();
  for (const entry of listed.toString('utf8').split('\0')) {
    const [, id, path] = /^100\d{3} blob ([0-9a-f]+)\t(.+)$/s.exec(entry) ?? [];
    if (id !== undefined && path !== undefined) blobs.set(path, id);
  }
  return blobs;
}
