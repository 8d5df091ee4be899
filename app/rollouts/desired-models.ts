import { matchesGlob } from 'node:path';
import type { LoadedManifest } from '../../checks/manifest/manifest.ts';
import { parseManifest } from '../../checks/manifest/parse-manifest.ts';
import type { Policy } from '../../checks/manifest/policy.ts';
import type { Snapshot } from '../../checks/snapshot.ts';
import type { Provenance } from '../../serving/fleet.ts';
import type { Deployed } from './model-state.ts';

/** A tree of the default branch that also knows git's own ids. */
export interface TreeSnapshot extends Snapshot {
  readonly commit: string;
  objectAt(path: string, signal?: AbortSignal): Promise<string | undefined>;
}

/** What git names for one model. */
export interface DesiredModel {
  readonly loaded: LoadedManifest;
  /** Git tree of the model's folder. */
  readonly tree: string;
}

export interface DesiredModels {
  readonly commit: string;
  readonly policy: Policy;
  readonly models: ReadonlyMap<string, DesiredModel>;
  /** Manifests that cannot be read, by the name of their folder: their models stay as they are. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/** Every model that a tree names. What cannot be parsed is told, never taken for absent: absence would retire a model. */
export async function desiredModels(
  snapshot: TreeSnapshot,
  policy: Policy,
  signal: AbortSignal,
): Promise<DesiredModels> {
  const models = new Map<string, DesiredModel>();
  const unreadable = new Map<string, string>();
  const paths = (await snapshot.list(signal)).filter((path) => matchesGlob(path, policy.models));
  for (const path of paths) {
    const found = await desiredAt(snapshot, path, policy, signal);
    if (found === undefined) continue;
    if (typeof found === 'string') unreadable.set(path.split('/').at(-2) ?? path, found);
    else models.set(found.loaded.manifest.name, found);
  }
  return { commit: snapshot.commit, policy, models, unreadable };
}

/** One manifest of a tree; a sentence when it is not one; undefined when there is no such file. */
export async function desiredAt(
  snapshot: TreeSnapshot,
  path: string,
  policy: Policy | undefined,
  signal: AbortSignal,
): Promise<DesiredModel | string | undefined> {
  const bytes = await snapshot.read(path, signal);
  if (bytes === undefined) return undefined;
  const parsed = parseManifest(Buffer.from(bytes).toString('utf8'), path, policy);
  if (parsed.kind === 'refused')
    return `${path} is not a manifest: ${parsed.problems[0]?.reason ?? 'it cannot be read'}`;
  const tree = await snapshot.objectAt(parsed.loaded.folder, signal);
  if (tree === undefined) return `${path} lies in no folder of its own`;
  return { loaded: parsed.loaded, tree };
}

export function deployedOf({ loaded, tree }: DesiredModel, provenance: Provenance): Deployed {
  const { manifest, revision, path } = loaded;
  const { commit, pullRequest } = provenance;
  return {
    model: manifest.name,
    version: manifest.version,
    revision,
    path,
    tree,
    keepWarmMs: manifest.rollout.keepWarmMs,
    provenance,
    ...(commit === undefined ? {} : { commit }),
    ...(pullRequest === undefined ? {} : { pullRequest }),
  };
}
