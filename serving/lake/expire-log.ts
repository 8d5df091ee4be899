import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bucket } from './bucket.ts';

/** Deletes the days of rows and feedback, in the folder and in the bucket, that lie wholly before what is kept of their model. */
export async function expireLog(
  folder: string,
  bucket: Bucket | undefined,
  keptMs: (model: string) => number,
  nowMs: number,
): Promise<void> {
  const isOld = (name: string): boolean => {
    const [, model = '', day = ''] = /^(?:feedback\/)?model=([^/]+)\/(?:day=)?(\d{4}-\d\d-\d\d)/.exec(name) ?? [];
    return day !== '' && day < new Date(nowMs - keptMs(model)).toISOString().slice(0, 10);
  };
  for (const part of ['', 'feedback'])
    for (const model of await filesIn(join(folder, part)))
      for (const day of await filesIn(join(folder, part, model)))
        if (isOld(join(part, model, day))) await rm(join(folder, part, model, day), { recursive: true, force: true });
  if (bucket === undefined) return;
  for (const below of ['model=', 'feedback/model='])
    for (const { key } of await bucket.list(below)) if (isOld(key)) await bucket.delete(key);
}

/** Names in a folder; none where it is none. */
async function filesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
}
