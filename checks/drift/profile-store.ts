import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseProfile } from './parse-profile.ts';
import type { Profile } from './profile.ts';

/** Profiles by the SHA-256 of the reference that they are of: `<folder>/profiles/<digest>.json`. */
export interface ProfileStore {
  read(digest: string): Promise<Profile | undefined>;
  write(digest: string, profile: Profile): Promise<void>;
}

export function profileStore(folder: string): ProfileStore {
  const fileOf = (digest: string) => {
    if (!/^[0-9a-f]{64}$/.test(digest)) throw new Error(`"${digest}" is no SHA-256 in hexadecimal`);
    return join(folder, 'profiles', `${digest}.json`);
  };
  return {
    read: async (digest) => {
      const text = await textOf(fileOf(digest));
      const parsed = text === undefined ? undefined : parseProfile(text);
      // What cannot be read is written anew by whoever has the reference.
      return parsed?.kind === 'profile' ? parsed.profile : undefined;
    },
    write: async (digest, profile) => {
      await mkdir(join(folder, 'profiles'), { recursive: true });
      const temporary = `${fileOf(digest)}.${randomUUID()}`;
      try {
        await writeFile(temporary, `${JSON.stringify(profile)}\n`);
        await rename(temporary, fileOf(digest));
      } finally {
        await rm(temporary, { force: true });
      }
    },
  };
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
