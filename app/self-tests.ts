import { readJsonLines } from '../checks/data/json-lines.ts';
import type { LoadedManifest } from '../checks/manifest/manifest.ts';
import type { Snapshot } from '../checks/snapshot.ts';
import type { SelfTest } from '../serving/fleet.ts';

/** Enough to know that the right file was loaded by the right runtime; a replica answers them before its first request. */
const testLimit = 5;

/** What a replica must answer before it may take live requests: the first goldens that name a score. */
export async function selfTestsOf(
  loaded: LoadedManifest,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<readonly SelfTest[]> {
  const { manifest, folder } = loaded;
  const { goldens } = manifest.evaluation;
  if (goldens === undefined) return [];
  const bytes = await snapshot.read(`${folder}/${goldens}`, signal);
  if (bytes === undefined) return [];
  return readJsonLines(bytes)
    .flatMap((line) => (line.kind === 'value' ? selfTestOf(line.value, manifest.reproducibility.tolerance) : []))
    .slice(0, testLimit);
}

/** The golden check has judged the file's form; what does not fit here tests something else than a score. */
function selfTestOf(
  golden: unknown,
  allowed: { readonly relative: number; readonly absolute: number },
): readonly SelfTest[] {
  const { record, expect, tolerance } = fieldsOf(golden);
  const { score } = fieldsOf(expect);
  if (!isScore(score) || typeof record !== 'object' || record === null) return [];
  const largest = Math.max(0, ...[score].flat().map(Math.abs));
  return [
    {
      record: fieldsOf(record),
      score,
      tolerance: typeof tolerance === 'number' ? tolerance : allowed.absolute + allowed.relative * largest,
    },
  ];
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function isScore(value: unknown): value is number | readonly number[] {
  return typeof value === 'number' || (Array.isArray(value) && value.every((each) => typeof each === 'number'));
}
