import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { cliEnvironment } from './config.ts';

/** Where evidence and fetched artifacts are kept between runs; made when it is not there. */
export async function cacheFolder(): Promise<string> {
  const { cacheFolder: chosen, xdgCacheHome } = cliEnvironment();
  const folder = chosen ?? join(xdgCacheHome ?? join(homedir(), '.cache'), 'slipway');
  await mkdir(folder, { recursive: true });
  return folder;
}
