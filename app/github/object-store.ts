import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Git blobs on disk by their own id: what was once read from GitHub is not asked for again. A cache, nothing is lost with it. */
export interface ObjectStore {
  get(sha: string): Promise<Uint8Array | undefined>;
  put(sha: string, bytes: Uint8Array): Promise<void>;
}

/** A damaged file is taken for absent: every read is verified against the id. */
export function folderObjectStore(folder: string): ObjectStore {
  const fileOf = (sha: string) => join(folder, sha.slice(0, 2), sha.slice(2));
  return {
    async get(sha) {
      const bytes = await readFile(fileOf(sha)).catch((error: unknown) => {
        if (isAbsent(error)) return undefined;
        throw new Error(`Reading the cached blob ${sha} failed`, { cause: error });
      });
      return bytes !== undefined && blobIdOf(bytes, sha.length) === sha ? bytes : undefined;
    },
    async put(sha, bytes) {
      const file = fileOf(sha);
      const partial = `${file}.${randomUUID()}`;
      await mkdir(dirname(file), { recursive: true });
      try {
        await writeFile(partial, bytes);
        await rename(partial, file);
      } finally {
        await rm(partial, { force: true });
      }
    },
  };
}

const sha256HexLength = 64;

/** Git's id of a blob: SHA-1 of `blob SIZE\0` and the bytes, SHA-256 in repositories of that object format. */
export function blobIdOf(bytes: Uint8Array, hexLength: number): string {
  return createHash(hexLength === sha256HexLength ? 'sha256' : 'sha1')
    .update(`blob ${bytes.byteLength}\0`)
    .update(bytes)
    .digest('hex');
}

function isAbsent(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}
