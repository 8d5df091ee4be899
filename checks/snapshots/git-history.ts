import { posix } from 'node:path';
import type { VersionBinding, VersionHistory } from '../check-model.ts';
import { parseManifest } from '../manifest/parse-manifest.ts';
import type { Policy } from '../manifest/policy.ts';
import type { Snapshot } from '../snapshot.ts';
import { git, gitSnapshot } from './git-snapshot.ts';

/** Commits that are looked through for versions; older bindings are not known. */
const COMMITS_LOOKED_THROUGH = 1_000;

/** What the first-parent history of a branch in a local clone says about versions. */
export function gitHistory(repository: string, ref: string, policy: Policy): VersionHistory {
  let known: Promise<readonly VersionBinding[]> | undefined;
  return {
    bindings: async (model, signal) => {
      known ??= bindingsOf(repository, ref, policy, signal);
      return (await known).filter((binding) => binding.model === model);
    },
    snapshot: (commit) => lazySnapshot(repository, commit),
  };
}

/** The history of a folder that is in no repository: nothing is bound. */
export const noHistory: VersionHistory = {
  bindings: () => Promise.resolve([]),
  snapshot: (commit) => {
    throw new Error(`there is no history to look ${commit} up in`);
  },
};

async function bindingsOf(
  repository: string,
  ref: string,
  policy: Policy,
  signal: AbortSignal | undefined,
): Promise<readonly VersionBinding[]> {
  const format = ['--format=%x00%H', '--name-only', '-z', '--diff-filter=AM', '--first-parent', '-m'];
  const limit = `--max-count=${COMMITS_LOOKED_THROUGH}`;
  const log = (await git(repository, ['log', ...format, limit, ref, '--', '*.yaml', '*.yml'], signal)).toString('utf8');
  const bindings: VersionBinding[] = [];
  for (const { commit, path } of changesIn(log)) {
    if (!posix.matchesGlob(path, policy.models)) continue;
    const source = (await git(repository, ['show', `${commit}:${path}`], signal)).toString('utf8');
    const read = parseManifest(source, path, policy);
    if (read.kind !== 'parsed') continue;
    const { manifest, revision } = read.loaded;
    bindings.push({ model: manifest.name, version: manifest.version, revision, commit });
  }
  return bindings;
}

/** `git log -z --format=%x00%H --name-only`: a commit's id stands alone between NULs, its files follow. */
function changesIn(log: string): readonly { readonly commit: string; readonly path: string }[] {
  const changes: { readonly commit: string; readonly path: string }[] = [];
  let commit = '';
  for (const part of log.split('\0').map((text) => text.replace(/^\n/, ''))) {
    if (/^[0-9a-f]{40,64}$/.test(part)) commit = part;
    else if (part !== '' && commit !== '') changes.push({ commit, path: part });
  }
  return changes;
}

function lazySnapshot(repository: string, commit: string): Snapshot {
  let opened: Promise<Snapshot> | undefined;
  const open = (): Promise<Snapshot> => {
    opened ??= gitSnapshot(repository, commit);
    return opened;
  };
  return {
    label: commit.slice(0, 7),
    commit,
    list: async (signal) => (await open()).list(signal),
    read: async (path, signal) => (await open()).read(path, signal),
  };
}
