import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readServedModel } from './served-model.ts';

/** The file that a manifest's `evaluation.data` names, where it lies beside the manifest. */
export async function evaluationDataOf(manifest: string, signal: AbortSignal): Promise<string | undefined> {
  const folder = (await stat(manifest)).isDirectory() ? manifest : dirname(manifest);
  const read = await readServedModel(manifest);
  if (read.kind === 'refused') throw new Error(read.problems.join('\n'));
  const file = join(folder, read.model.loaded.manifest.evaluation.data.uri);
  return readFile(file, { signal }).then(
    () => file,
    () => undefined,
  );
}
