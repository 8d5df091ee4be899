import { posix } from 'node:path';
import { referenceUriOf } from '../manifest/reference-uri.ts';
import type { Specification } from '../../serving/model/specification.ts';

/** Where a declared weights file lies as the graph would name it: relative to the model file, or by its last name where they lie elsewhere. */
export function locationOf(artifact: Specification['artifact'], weightsUri: string, folder: string): string {
  const model = referenceUriOf(artifact.uri, folder);
  const weights = referenceUriOf(weightsUri, folder);
  if (model.kind === 'path' && weights.kind === 'path') return posix.relative(posix.dirname(model.path), weights.path);
  return posix.basename(weights.kind === 'https' ? new URL(weights.url).pathname : weightsUri);
}

/**
 * Why a graph's external data must not be loaded: a location that leaves the model's folder, or a file that the manifest does not declare with its digest.
 * Judged before ONNX Runtime sees the file (CVE-2022-25882 and its successors were all of this kind).
 */
export function externalDataProblem(location: string, declared: ReadonlySet<string>): string | undefined {
  const shown = JSON.stringify(location);
  if (location === '' || location.includes('\0')) return `external data at ${shown}: no file can have this name`;
  if (posix.isAbsolute(location) || /^[A-Za-z]:/.test(location) || location.startsWith('~'))
    return `external data at ${shown}: an absolute path leaves the model's folder`;
  if (location.includes('\\')) return `external data at ${shown}: a backslash is a separator on some systems`;
  const normal = posix.normalize(location);
  if (normal === '..' || normal.startsWith('../'))
    return `external data at ${shown}: the path leaves the model's folder`;
  return declared.has(normal) ? undefined : `external data at ${shown} are not declared: their bytes have no digest`;
}
