import { createHash } from 'node:crypto';
import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { readJsonLines } from '../../checks/data/json-lines.ts';
import { textOfProblem } from '../../checks/manifest/problem.ts';
import { parseManifest } from '../../checks/manifest/parse-manifest.ts';
import type { LoadedManifest } from '../../checks/manifest/manifest.ts';
import { referenceUriOf } from '../../checks/manifest/reference-uri.ts';
import type { RevisionTarget, SelfTest } from '../../serving/fleet.ts';

/** A model as `slipway serve` hands it to the fleet. */
export interface ServedModel {
  readonly loaded: LoadedManifest;
  readonly target: RevisionTarget;
  /** Where each file lies, by `sha256`. */
  readonly paths: ReadonlyMap<string, string>;
  /** Of the manifest. */
  readonly folder: string;
  /** Rows to explain against, which are one of the target's files and lie nowhere. */
  readonly background?: { readonly sha256: string; readonly bytes: Uint8Array };
}

export type ServedModelRead =
  | { readonly kind: 'model'; readonly model: ServedModel }
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

/** Manifests below a folder as a repository lays them out, `models/<name>/model.yaml`. */
export async function manifestsBelow(folder: string): Promise<readonly string[]> {
  const models = join(folder, 'models');
  const names = await readdir(models).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const paths = names.toSorted(byName).map((name) => join(models, name, 'model.yaml'));
  const there = await Promise.all(paths.map(isFile));
  return paths.filter((_, index) => there[index]);
}

/** Reads a manifest (a file, or a model's folder) with the files that it serves from beside it. */
export async function readServedModel(path: string): Promise<ServedModelRead> {
  const file = (await isFile(path)) ? path : join(path, 'model.yaml');
  const source = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(`no manifest at ${path}: expected a model.yaml, or a folder that holds one`, { cause });
  });
  const folder = dirname(resolve(file));
  // As a repository would name it, so that the folder's name is compared with the model's.
  const parsed = parseManifest(source, `models/${basename(folder)}/${basename(file)}`);
  if (parsed.kind === 'refused') return { kind: 'refused', problems: parsed.problems.map(textOfProblem) };
  const { loaded } = parsed;
  const { artifact, features } = loaded.specification;
  const paths = new Map<string, string>();
  const problems: string[] = [];
  for (const { uri, sha256 } of [artifact, ...artifact.files, ...(features === undefined ? [] : [features])]) {
    const found = await localFile(uri, sha256, folder);
    if (found.kind === 'refused') problems.push(`${file}: ${uri} ${found.reason}`);
    else paths.set(sha256, found.path);
  }
  if (problems.length > 0) return { kind: 'refused', problems };
  const { name, version } = loaded.manifest;
  const target: RevisionTarget = {
    model: name,
    version,
    revision: loaded.revision,
    manifest: source,
    files: Object.fromEntries(
      [artifact, ...artifact.files, ...(features === undefined ? [] : [features])].map(({ uri, sha256 }) => [
        uri,
        sha256,
      ]),
    ),
    selfTests: await selfTestsOf(loaded, folder),
    provenance: { approvals: [], checks: [], unchecked: true },
  };
  return { kind: 'model', model: { loaded, target, paths, folder } };
}

type LocalFile =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'refused'; readonly reason: string };

async function localFile(uri: string, sha256: string, folder: string): Promise<LocalFile> {
  const reference = referenceUriOf(uri, '');
  if (reference.kind === 'refused') return { kind: 'refused', reason: reference.reason };
  if (reference.kind !== 'path')
    return { kind: 'refused', reason: 'is not a file beside the manifest; serve takes no file from elsewhere yet' };
  const path = join(folder, reference.path);
  if (!(await isFile(path))) return { kind: 'refused', reason: 'is not there' };
  const found = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  return found === sha256
    ? { kind: 'file', path }
    : { kind: 'refused', reason: `has sha256 ${found}, the manifest says ${sha256}` };
}

/** A fleet asks a few records before it lets callers in; more would only take longer. */
const MOST_SELF_TESTS = 3;
const DEFAULT_TOLERANCE = 1e-4;

/** The first goldens that expect a score. */
async function selfTestsOf({ manifest }: LoadedManifest, folder: string): Promise<readonly SelfTest[]> {
  const { goldens } = manifest.evaluation;
  if (goldens === undefined) return [];
  const bytes = await readFile(join(folder, goldens)).catch((cause: unknown) => {
    throw new Error(`the goldens ${goldens} of ${manifest.name} cannot be read`, { cause });
  });
  return readJsonLines(bytes)
    .flatMap((line) => (line.kind === 'value' ? selfTestOf(line.value) : []))
    .slice(0, MOST_SELF_TESTS);
}

function selfTestOf(golden: unknown): readonly SelfTest[] {
  if (!isRecord(golden) || !isRecord(golden['record']) || !isRecord(golden['expect'])) return [];
  const { record, expect, tolerance } = golden;
  const score = expect['score'];
  if (!isScore(score)) return [];
  return [{ record, score, tolerance: typeof tolerance === 'number' ? tolerance : DEFAULT_TOLERANCE }];
}

function isScore(value: unknown): value is number | readonly number[] {
  return typeof value === 'number' || (Array.isArray(value) && value.every((each) => typeof each === 'number'));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
