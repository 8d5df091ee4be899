import { loadManifest, manifestPaths } from '../../checks/manifest/load-manifest.ts';
import type { LoadedManifest } from '../../checks/manifest/manifest.ts';
import { readDefaultBranch } from '../github/default-branch.ts';
import type { ObjectStore } from '../github/object-store.ts';
import { readPolicy } from '../github/policy.ts';
import type { Repository } from '../github/request.ts';
import { githubSnapshot } from '../github/snapshot.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { TrainingGround } from './train-model.ts';

export interface GroundParts {
  readonly repository: Repository;
  readonly ledger: Ledger;
  readonly store: ObjectStore;
}

/** The default branch's manifests with what training one of them takes; `before` is returned where the branch has not moved. Undefined for an empty repository. */
export async function trainingGround(
  { repository, ledger, store }: GroundParts,
  signal: AbortSignal,
  before?: TrainingGround,
): Promise<TrainingGround | undefined> {
  const branch = await readDefaultBranch(repository, signal);
  if (branch === undefined || branch.sha === before?.branch.sha) return before;
  const snapshot = githubSnapshot(repository, branch.sha, store);
  const { policy } = await readPolicy(snapshot, signal);
  const models = new Map<string, LoadedManifest>();
  for (const path of await manifestPaths(snapshot, policy, signal)) {
    const found = await loadManifest(snapshot, path, policy, signal);
    if (found.kind === 'parsed') models.set(found.loaded.manifest.name, found.loaded);
  }
  return { repository, ledger, branch, models };
}
