import { readdir, readFile, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { Snapshot } from '../snapshot.ts';

/** Folders that hold no one's models and may hold a great many files. */
const NEVER_LISTED = new Set(['.git', 'node_modules', '.venv']);

/** A folder as it is now. A link that leads out of the folder is a file that is not there: a manifest must not reach beyond its repository. */
export function folderSnapshot(root: string): Snapshot {
  const folder = resolve(root);
  return {
    label: folder,
    list: async (signal) => {
      const files: string[] = [];
      await listInto(folder, '', files, signal);
      return files.toSorted();
    },
    read: (path, signal) => readInside(folder, path, signal),
  };
}

async function listInto(root: string, folder: string, files: string[], signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!NEVER_LISTED.has(entry.name)) await listInto(root, path, files, signal);
    } else if (entry.isFile() || entry.isSymbolicLink()) files.push(path);
  }
}

async function readInside(
  root: string,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  try {
    const real = await realpath(join(root, path));
    const within = relative(await realpath(root), real);
    if (within === '' || within === '..' || within.startsWith(`..${sep}`) || isAbsolute(within)) return undefined;
    return await readFile(real, { signal });
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw new Error(`${path} in ${root} cannot be read`, { cause: error });
  }
}

function isAbsent(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR' || code === 'ELOOP';
}
