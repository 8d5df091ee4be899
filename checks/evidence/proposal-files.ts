import { createHash } from 'node:crypto';
import type { RetrainedSource, WindowSource } from '../check-model.ts';
import type { LoadedManifest } from '../manifest/manifest.ts';
import type { GatherInput, PlacedManifest } from './gather-evidence.ts';
import { readIfThere, resolveFile, type ResolvedFile, type ResolveOptions } from './resolve-file.ts';

/** The bytes of everything that a proposal names, each verified against its digest or with the reason why it is not there. */
export interface ModelFiles {
  readonly model: ResolvedFile;
  readonly weights: readonly ResolvedFile[];
  readonly features?: ResolvedFile;
}

export interface Files {
  readonly candidate: ModelFiles;
  readonly champion?: ModelFiles;
  readonly evaluation: ResolvedFile;
  readonly baseRows?: ResolvedFile;
  readonly reference?: ResolvedFile;
  readonly goldens?: ResolvedFile;
  readonly window?: ResolvedFile;
  readonly retrained?: ResolvedFile;
}

export async function resolveAll(input: GatherInput): Promise<Files> {
  const { proposal, base, champion, policy, window, retrained } = input;
  const from = ({ loaded, snapshot }: PlacedManifest): ResolveOptions => ({
    snapshot,
    folder: loaded.folder,
    policy,
    cacheFolder: input.cacheFolder,
    offline: input.offline,
    ...(input.signal === undefined ? {} : { signal: input.signal }),
  });
  const { dataMb } = policy.limits;
  const { evaluation, drift } = proposal.loaded.manifest;
  const own = from(proposal);
  const baseRows =
    base !== undefined &&
    champion.kind !== 'simple' &&
    base.loaded.manifest.evaluation.data.sha256 !== evaluation.data.sha256
      ? base
      : undefined;
  const [candidate, championFiles, data, rows, reference, goldens, windowFile, retrainedFile] = await Promise.all([
    modelFilesOf(proposal.loaded, own),
    champion.kind === 'simple' ? undefined : modelFilesOf(champion.loaded, from(champion)),
    resolveFile(evaluation.data, dataMb, own),
    baseRows === undefined ? undefined : resolveFile(baseRows.loaded.manifest.evaluation.data, dataMb, from(baseRows)),
    drift.reference === undefined
      ? undefined
      : resolveJudged(drift.reference, dataMb, own, base === undefined ? undefined : from(base)),
    evaluation.goldens === undefined
      ? undefined
      : resolveJudged({ uri: evaluation.goldens }, dataMb, own, base === undefined ? undefined : from(base)),
    window === undefined ? undefined : fileOf(window),
    retrained === undefined ? undefined : fileOf(retrained, policy.limits.artifactMb),
  ]);
  return {
    candidate,
    evaluation: data,
    ...(championFiles === undefined ? {} : { champion: championFiles }),
    ...(rows === undefined ? {} : { baseRows: rows }),
    ...(reference === undefined ? {} : { reference }),
    ...(goldens === undefined ? {} : { goldens }),
    ...(windowFile === undefined ? {} : { window: windowFile }),
    ...(retrainedFile === undefined ? {} : { retrained: retrainedFile }),
  };
}

/** What is judged may be the default branch's reference or goldens, which the proposal took away: they are then read there. */
async function resolveJudged(
  reference: { readonly uri: string; readonly sha256?: string },
  limitMb: number,
  own: ResolveOptions,
  base: ResolveOptions | undefined,
): Promise<ResolvedFile> {
  const file = await resolveFile(reference, limitMb, own);
  if (file.kind === 'file' || base === undefined) return file;
  const before = await resolveFile(reference, limitMb, base);
  return before.kind === 'file' ? before : file;
}

async function modelFilesOf({ manifest }: LoadedManifest, options: ResolveOptions): Promise<ModelFiles> {
  const { artifactMb } = options.policy.limits;
  const [model, features, ...weights] = await Promise.all([
    resolveFile(manifest.artifact, artifactMb, options),
    manifest.features === undefined ? undefined : resolveFile(manifest.features, artifactMb, options),
    ...manifest.artifact.files.map((file) => resolveFile(file, artifactMb, options)),
  ]);
  return {
    model,
    weights: weights.filter((file) => file !== undefined),
    ...(features === undefined ? {} : { features }),
  };
}

const BYTES_PER_MB = 1e6;

/** A file of this machine that is no part of the tree. */
async function fileOf({ file, label }: WindowSource | RetrainedSource, limitMb = Infinity): Promise<ResolvedFile> {
  const bytes = await readIfThere(file);
  if (bytes === undefined) return { kind: 'problem', uri: label, reason: `${file} is not there` };
  if (bytes.length > limitMb * BYTES_PER_MB)
    return {
      kind: 'problem',
      uri: label,
      reason: `${label} holds ${bytes.length} bytes, more than ${limitMb} MB (the policy's limits.artifactMb)`,
      sizeBytes: bytes.length,
    };
  return { kind: 'file', uri: label, sha256: createHash('sha256').update(bytes).digest('hex'), bytes };
}

export type Fetched = Extract<ResolvedFile, { readonly kind: 'file' }>;
