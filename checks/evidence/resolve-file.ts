import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { referenceUriOf } from '../manifest/reference-uri.ts';
import type { Policy } from '../manifest/policy.ts';
import type { Snapshot } from '../snapshot.ts';
import { fetchArtifact, type Fetched } from './fetch-artifact.ts';

/** A file that a manifest names, with its bytes verified, or why they are not there. */
export type ResolvedFile =
  | { readonly kind: 'file'; readonly uri: string; readonly sha256: string; readonly bytes: Uint8Array }
  | {
      readonly kind: 'problem';
      readonly uri: string;
      readonly reason: string;
      /** The digest of the bytes that were found, when they are others than declared. */
      readonly found?: string;
      readonly sizeBytes?: number;
    };

export interface ResolveOptions {
  readonly snapshot: Snapshot;
  /** The manifest's folder: relative references start there. */
  readonly folder: string;
  readonly policy: Policy;
  readonly cacheFolder: string;
  readonly offline: boolean;
  readonly signal?: AbortSignal;
}

const BYTES_PER_MB = 1024 * 1024;

/** Finds a file and verifies its SHA-256; bytes that are not what was declared are told of and never handed on. `sha256` undefined: nothing was declared. */
export async function resolveFile(
  reference: { readonly uri: string; readonly sha256?: string },
  limitMb: number,
  options: ResolveOptions,
): Promise<ResolvedFile> {
  const { uri } = reference;
  const found = await bytesAt(reference, limitMb * BYTES_PER_MB, options);
  if (found.kind === 'problem') return { kind: 'problem', uri, reason: found.reason };
  const { bytes } = found;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (bytes.length > limitMb * BYTES_PER_MB)
    return {
      kind: 'problem',
      uri,
      reason: `${uri} is ${megabytes(bytes.length)} MB, more than ${limitMb} MB (the policy's limits)`,
      found: sha256,
      sizeBytes: bytes.length,
    };
  if (reference.sha256 === undefined || reference.sha256 === sha256) return { kind: 'file', uri, sha256, bytes };
  return {
    kind: 'problem',
    uri,
    reason: digestReason(uri, reference.sha256, sha256, bytes),
    found: sha256,
    sizeBytes: bytes.length,
  };
}

function digestReason(uri: string, declared: string, found: string, bytes: Uint8Array): string {
  const start = Buffer.from(bytes.subarray(0, 40)).toString('latin1');
  if (start.startsWith('version https://git-lfs'))
    return `${uri} is a Git LFS pointer, not the file it points to; Git LFS is not fetched yet`;
  return `${uri} has SHA-256 ${found.slice(0, 12)}…, the manifest declares ${declared.slice(0, 12)}…: these are other bytes than were proposed`;
}

async function bytesAt(
  reference: { readonly uri: string; readonly sha256?: string },
  limitBytes: number,
  options: ResolveOptions,
): Promise<Fetched> {
  const where = referenceUriOf(reference.uri, options.folder);
  switch (where.kind) {
    case 'refused':
      return { kind: 'problem', reason: `${reference.uri} ${where.reason}` };
    case 'path': {
      const bytes = await options.snapshot.read(where.path, options.signal);
      return bytes === undefined
        ? { kind: 'problem', reason: `${where.path} is not in ${options.snapshot.label}` }
        : { kind: 'bytes', bytes };
    }
    case 'https':
      return fetchThroughCache(where.url, reference.sha256, limitBytes, options);
    case 's3':
    case 'release':
      return {
        kind: 'problem',
        reason: `${reference.uri}: ${where.kind}:// is not fetched yet by this version; use https:// or a file of the repository`,
      };
  }
}

async function fetchThroughCache(
  url: string,
  sha256: string | undefined,
  limitBytes: number,
  { cacheFolder, offline, policy, signal }: ResolveOptions,
): Promise<Fetched> {
  const cached = sha256 === undefined ? undefined : join(cacheFolder, 'artifacts', sha256);
  const kept = cached === undefined ? undefined : await readIfThere(cached);
  if (kept !== undefined) return { kind: 'bytes', bytes: kept };
  if (offline) return { kind: 'problem', reason: `${url} is not in the cache, and --offline fetches nothing` };
  const fetched = await fetchOrProblem(url, limitBytes, policy, signal);
  if (
    fetched.kind === 'bytes' &&
    cached !== undefined &&
    createHash('sha256').update(fetched.bytes).digest('hex') === sha256
  )
    await writeWhole(cached, fetched.bytes);
  return fetched;
}

async function fetchOrProblem(
  url: string,
  limitBytes: number,
  policy: Policy,
  signal: AbortSignal | undefined,
): Promise<Fetched> {
  try {
    return await fetchArtifact(url, {
      hosts: policy.artifactHosts,
      limitBytes,
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    signal?.throwIfAborted();
    return { kind: 'problem', reason: error instanceof Error ? error.message : String(error) };
  }
}

export async function readIfThere(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes a file so that it is there whole or not at all, whoever else writes it at the same time. */
export async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  await mkdir(join(file, '..'), { recursive: true });
  const fresh = `${file}.${randomUUID()}`;
  await writeFile(fresh, bytes);
  await rename(fresh, file);
}

function megabytes(bytes: number): string {
  return (bytes / BYTES_PER_MB).toFixed(1);
}
