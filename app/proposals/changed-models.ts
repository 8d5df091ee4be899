import { matchesGlob } from 'node:path/posix';
import type { GithubSnapshot } from '../github/snapshot.ts';
import { folderOf } from '../../checks/manifest/parse-manifest.ts';

export interface ChangedModel {
  /** Path of the manifest, `models/income/model.yaml`. */
  readonly path: string;
  readonly kind: 'added' | 'changed' | 'removed';
  /** Git tree of the model's folder in the proposal; undefined when it is removed. */
  readonly tree?: string;
}

/**
 * The models whose folder differs between two commits: any file of it, since data and goldens decide a verdict as much as
 * the manifest does. Git's own tree ids are compared, nothing is read.
 */
export async function changedModels(
  before: GithubSnapshot,
  after: GithubSnapshot,
  models: string,
  signal?: AbortSignal,
): Promise<readonly ChangedModel[]> {
  const [there, here] = await Promise.all([manifestsOf(before, models, signal), manifestsOf(after, models, signal)]);
  const changed: ChangedModel[] = [];
  for (const path of [...new Set([...there, ...here])].toSorted()) {
    const folder = folderOf(path);
    const [old, tree] = await Promise.all([before.objectAt(folder, signal), after.objectAt(folder, signal)]);
    if (!here.includes(path)) changed.push({ path, kind: 'removed' });
    else if (tree !== undefined && (old !== tree || !there.includes(path)))
      changed.push({ path, kind: there.includes(path) ? 'changed' : 'added', tree });
  }
  return changed;
}

/** Every manifest's path in a snapshot, by the policy's pattern. */
export async function manifestsOf(
  snapshot: Pick<GithubSnapshot, 'list'>,
  models: string,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  return (await snapshot.list(signal)).filter((path) => matchesGlob(path, models));
}

/** `models/income/model.yaml` -> `income`: a model's name is its folder's. */
export function modelNameOf(path: string): string {
  const folder = folderOf(path);
  return folder.slice(folder.lastIndexOf('/') + 1);
}

/** Where the policy's pattern puts a model's manifest: its last `*` stands for the name. */
export function manifestPathOf(models: string, name: string): string {
  const at = models.lastIndexOf('*');
  return at === -1 ? models : models.slice(0, at) + name + models.slice(at + 1);
}
