import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bucket } from './bucket.ts';

/** Where the log's files lie: names are paths below the log's folder, with slashes. */
export interface LogFiles {
  list(below: string): Promise<readonly string[]>;
  /** Undefined: deleted meanwhile. */
  read(name: string): Promise<Uint8Array | undefined>;
}

export function filesOfFolder(folder: string): LogFiles {
  return {
    async list(below) {
      const names = await absent(readdir(join(folder, below), { recursive: true }));
      return (names ?? []).map((name) => `${below}/${name}`);
    },
    read: (name) => absent(readFile(join(folder, name))),
  };
}

export function filesOfBucket(bucket: Bucket): LogFiles {
  return {
    list: async (below) => (await bucket.list(`${below}/`)).map(({ key }) => key),
    read: (name) => bucket.get(name),
  };
}

/** Undefined where there is no such file or folder: nothing recorded yet, or deleted as too old just now. */
async function absent<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
