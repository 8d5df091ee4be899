import type { Snapshot } from '../../checks/snapshot.ts';
import { readBlob } from './blob.ts';
import type { ObjectStore } from './object-store.ts';
import type { Repository } from './request.ts';
import { readTree } from './tree.ts';
import type { TreeEntry } from './tree.ts';

export interface GithubSnapshot extends Snapshot {
  readonly commit: string;
  /** Git's id of the folder or file at a path: equal ids, equal content. Undefined when there is nothing. */
  objectAt(path: string, signal?: AbortSignal): Promise<string | undefined>;
}

/** GitHub serves blobs up to 100 MB; larger files belong into Git LFS or behind a URL. */
const blobLimitBytes = 100 * 1024 * 1024;

/** A commit on GitHub as a tree of files. The tree is asked for once, when it is first needed; a failed look is repeated by the next. */
export function githubSnapshot(
  repository: Repository,
  commit: string,
  store: ObjectStore,
  label?: string,
): GithubSnapshot {
  let looking: Promise<ReadonlyMap<string, TreeEntry>> | undefined;
  const entries = (signal?: AbortSignal) => {
    looking ??= readTree(repository, commit, signal).then(
      (tree) => new Map(tree.map((entry) => [entry.path, entry])),
      (error: unknown) => {
        looking = undefined;
        throw error;
      },
    );
    return looking;
  };
  return {
    label: label ?? commit.slice(0, 7),
    commit,
    async list(signal) {
      return [...(await entries(signal)).values()].filter(({ kind }) => kind === 'blob').map(({ path }) => path);
    },
    async read(path, signal) {
      const entry = (await entries(signal)).get(path);
      if (entry?.kind !== 'blob') return undefined;
      try {
        return await readBlob(repository, { sha: entry.sha, limitBytes: blobLimitBytes }, store, signal);
      } catch (error) {
        throw new Error(`Reading ${path} at ${commit} of ${repository.owner}/${repository.repo} failed`, {
          cause: error,
        });
      }
    },
    async objectAt(path, signal) {
      return (await entries(signal)).get(path)?.sha;
    },
  };
}
