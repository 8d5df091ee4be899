import { createHash } from 'node:crypto';
import { resolveFile } from '../../checks/evidence/resolve-file.ts';
import { BACKGROUND_FILE } from '../../checks/explain/background.ts';
import type { LoadedManifest } from '../../checks/manifest/manifest.ts';
import type { Policy } from '../../checks/manifest/policy.ts';
import type { Snapshot } from '../../checks/snapshot.ts';
import type { ArtifactSource, SelfTest } from '../../serving/fleet.ts';
import type { ArtifactReference, Specification } from '../../serving/model/specification.ts';
import type { PlannedRevision } from '../../serving/plan.ts';
import { desiredAt } from './desired-models.ts';
import type { GitSide } from './github-side.ts';
import type { Deployed } from './model-state.ts';

export type SelfTestsOf = (
  loaded: LoadedManifest,
  snapshot: Snapshot,
  signal: AbortSignal,
  policy: Policy,
) => Promise<readonly SelfTest[]>;

/** The bytes of a background (checks/explain/background.ts); undefined where there can be none. */
export type BackgroundOf = (
  loaded: LoadedManifest,
  snapshot: Snapshot,
  signal: AbortSignal,
  policy: Policy,
) => Promise<Uint8Array | undefined>;

export interface RevisionSource {
  /** What a fleet must be told of a revision, read from the commit that brought it. */
  planned(deployed: Deployed, policy: Policy, signal: AbortSignal): Promise<PlannedRevision>;
  /** The bytes of every file of every revision that was planned; fetched with the App's own credentials, verified by the fleet. */
  readonly source: ArtifactSource;
}

interface Place {
  readonly reference: ArtifactReference;
  readonly folder: string;
  readonly snapshot: Snapshot;
  readonly policy: Policy;
}

export function createRevisionSource(parts: {
  readonly git: Pick<GitSide, 'snapshot'>;
  readonly selfTestsOf: SelfTestsOf;
  readonly backgroundOf: BackgroundOf;
  readonly cacheFolder: string;
}): RevisionSource {
  const places = new Map<string, Place>();
  const backgrounds = new Map<string, Uint8Array>();
  return {
    async planned(deployed, policy, signal) {
      const { model, version, revision, commit, path, provenance } = deployed;
      if (commit === undefined)
        throw new Error(`${model} ${version} is not known to the fleet, and no commit is known that has it`);
      const snapshot = parts.git.snapshot(commit);
      const found = await desiredAt(snapshot, path, policy, signal);
      if (found === undefined || typeof found === 'string') {
        throw new Error(`${model} ${version}: ${found ?? `${path} is not there`} at commit ${commit}`);
      }
      const { loaded } = found;
      if (loaded.revision !== revision) {
        throw new Error(
          `${model} ${version}: ${path} at commit ${commit} is revision ${loaded.revision}, expected ${revision}`,
        );
      }
      const files = filesOf(loaded.specification);
      for (const reference of files)
        places.set(reference.sha256, { reference, folder: loaded.folder, snapshot, policy });
      const background = await parts.backgroundOf(loaded, snapshot, signal, policy);
      const sha256 = background === undefined ? undefined : createHash('sha256').update(background).digest('hex');
      if (background !== undefined && sha256 !== undefined) backgrounds.set(sha256, background);
      return {
        target: {
          model,
          version,
          revision,
          manifest: loaded.source,
          files: {
            ...Object.fromEntries(files.map((file) => [file.uri, file.sha256])),
            ...(sha256 === undefined ? {} : { [BACKGROUND_FILE]: sha256 }),
          },
          selfTests: await parts.selfTestsOf(loaded, snapshot, signal, policy),
          provenance,
        },
        sizes: {},
      };
    },
    async source(sha256, signal) {
      const background = backgrounds.get(sha256);
      if (background !== undefined) return inOnePiece(background);
      const place = places.get(sha256);
      if (place === undefined)
        throw new Error(`nobody knows where the file ${sha256} lies: its revision was not planned`);
      const { reference, folder, snapshot, policy } = place;
      const limitMb = policy.limits.artifactMb;
      const options = { snapshot, folder, policy, cacheFolder: parts.cacheFolder, offline: false, signal };
      const file = await resolveFile(reference, limitMb, options);
      if (file.kind === 'problem')
        throw new Error(`${reference.uri} in ${folder} of ${snapshot.label}: ${file.reason}`);
      return inOnePiece(file.bytes);
    },
  };
}

async function* inOnePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Every file that the serving of a specification needs. */
function filesOf({ artifact, features }: Specification): readonly ArtifactReference[] {
  return [artifact, ...artifact.files, ...(features === undefined ? [] : [features])];
}
