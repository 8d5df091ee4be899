import { posix } from 'node:path';
import { type ParsedManifest, folderOf, parseManifest } from './parse-manifest.ts';
import type { Policy } from './policy.ts';
import { textOfBytes } from './read-document.ts';
import { referencesOf, referenceUriOf } from './reference-uri.ts';

/** The two calls of a snapshot that this room needs, and a third that spares reading whole trees. */
export interface Tree {
  list(signal?: AbortSignal): Promise<readonly string[]>;
  read(path: string, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  /** Digest of each file's content by path (git's blob ids), where they are known without reading. */
  digests?(signal?: AbortSignal): Promise<ReadonlyMap<string, string>>;
}

/** Paths of every manifest in a tree, as the policy's `models` finds them, sorted. */
export async function manifestPaths(tree: Tree, policy: Policy, signal?: AbortSignal): Promise<readonly string[]> {
  const files = await tree.list(signal);
  return files.filter((path) => posix.matchesGlob(path, policy.models)).toSorted();
}

/** Reads and parses one manifest; `absent` when there is no such file. */
export async function loadManifest(
  tree: Tree,
  path: string,
  policy: Policy,
  signal?: AbortSignal,
): Promise<ParsedManifest | { readonly kind: 'absent' }> {
  const bytes = await tree.read(path, signal);
  return bytes === undefined ? { kind: 'absent' } : parseManifest(textOfBytes(bytes), path, policy);
}

/** Path and name of every manifest of a tree that can be read: for `manifest/name`, and for finding a model by its name. */
export async function manifestNames(
  tree: Tree,
  policy: Policy,
  signal?: AbortSignal,
): Promise<readonly { readonly path: string; readonly name: string }[]> {
  const names: { readonly path: string; readonly name: string }[] = [];
  for (const path of await manifestPaths(tree, policy, signal)) {
    const loaded = await loadManifest(tree, path, policy, signal);
    if (loaded.kind === 'parsed') names.push({ path, name: loaded.loaded.manifest.name });
  }
  return names;
}

/** A model that a proposal touches. */
export interface ChangedModel {
  readonly kind: 'added' | 'changed' | 'removed';
  /** Path of its manifest. */
  readonly path: string;
  readonly folder: string;
  /** Paths that differ: of its folder, and files elsewhere that its manifest names. */
  readonly files: readonly string[];
}

/** Models whose folder, or a file elsewhere that their manifest names, differs between two trees; removed ones as well. */
export async function changedModels(
  proposal: Tree,
  base: Tree,
  policy: Policy,
  signal?: AbortSignal,
): Promise<readonly ChangedModel[]> {
  const [after, before] = [await manifestPaths(proposal, policy, signal), await manifestPaths(base, policy, signal)];
  const changes: ChangedModel[] = [];
  for (const path of [...new Set([...after, ...before])].toSorted()) {
    const files = await differingFiles(path, proposal, base, policy, signal);
    const kind = !after.includes(path) ? 'removed' : !before.includes(path) ? 'added' : 'changed';
    if (files.length > 0) changes.push({ kind, path, folder: folderOf(path), files });
  }
  return changes;
}

async function differingFiles(
  path: string,
  proposal: Tree,
  base: Tree,
  policy: Policy,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const folder = folderOf(path);
  const own = async (tree: Tree) =>
    (await tree.list(signal)).filter((file) => file === path || folder === '' || file.startsWith(`${folder}/`));
  const named = async (tree: Tree) => {
    const loaded = await loadManifest(tree, path, policy, signal);
    if (loaded.kind !== 'parsed') return [];
    return referencesOf(loaded.loaded.manifest).flatMap(({ uri, isRead }) => {
      const where = referenceUriOf(uri, folder);
      return isRead && where.kind === 'path' ? [where.path] : [];
    });
  };
  const files = new Set([
    ...(await own(proposal)),
    ...(await own(base)),
    ...(await named(proposal)),
    ...(await named(base)),
  ]);
  const digests = [await proposal.digests?.(signal), await base.digests?.(signal)] as const;
  const differing: string[] = [];
  for (const file of files) if (!(await isSame(file, proposal, base, digests, signal))) differing.push(file);
  return differing.toSorted();
}

type Digests = ReadonlyMap<string, string> | undefined;

async function isSame(
  file: string,
  proposal: Tree,
  base: Tree,
  [after, before]: readonly [Digests, Digests],
  signal?: AbortSignal,
): Promise<boolean> {
  if (after !== undefined && before !== undefined) return after.get(file) === before.get(file);
  const [now, was] = [await proposal.read(file, signal), await base.read(file, signal)];
  if (now === undefined || was === undefined) return now === was;
  return Buffer.compare(now, was) === 0;
}
