import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { WindowSource } from '../../checks/check-model.ts';
import { durationText } from '../../checks/manifest/duration.ts';
import type { FleetRecords } from '../../serving/fleet.ts';

/** Fewer recorded rows say nothing about drift (checks.md). */
const leastRows = 200;
const mostRows = 50_000;
const keptMs = 24 * 3_600_000;

interface WindowWish {
  readonly model: string;
  readonly windowMs: number;
  readonly now: Date;
  /** What it is for: judged again from the cache, a proposal is judged on the rows that it was judged on before. */
  readonly key: string;
  /** Ask for the rows of now, whatever there was before. */
  readonly fresh: boolean;
}

export interface WindowParts {
  readonly fleet: Pick<FleetRecords, 'predictions'>;
  readonly cacheFolder: string;
  readonly now: () => Date;
}

/** What production recorded, as a file; undefined when that is too little to judge by. */
export async function windowOf(
  parts: WindowParts,
  asked: Omit<WindowWish, 'now'>,
  signal: AbortSignal,
): Promise<WindowSource | undefined> {
  const wish: WindowWish = { ...asked, now: parts.now() };
  const records = parts.fleet;
  const folder = join(parts.cacheFolder, 'windows');
  await mkdir(folder, { recursive: true });
  await removeOld(folder, wish.now);
  const kept = (await readdir(folder)).find((name) => rowsIn(name, wish.key) !== undefined);
  if (kept !== undefined && !wish.fresh) return sourceOf(folder, kept, wish);
  const partial = join(folder, `${wish.key}.partial`);
  const query = {
    model: wish.model,
    from: new Date(wish.now.getTime() - wish.windowMs),
    to: wish.now,
    limit: mostRows,
  };
  const rows = await records.predictions(query, partial, signal);
  if (rows < leastRows) {
    await rm(partial, { force: true });
    return undefined;
  }
  const name = `${wish.key}.${rows}.parquet`;
  await rename(partial, join(folder, name));
  if (kept !== undefined && kept !== name) await rm(join(folder, kept), { force: true });
  return sourceOf(folder, name, wish);
}

function sourceOf(folder: string, name: string, wish: WindowWish): WindowSource {
  const rows = rowsIn(name, wish.key) ?? 0;
  return {
    label: `production, the last ${durationText(wish.windowMs)} (${rows.toLocaleString('en')} rows)`,
    file: join(folder, name),
  };
}

function rowsIn(name: string, key: string): number | undefined {
  if (!name.startsWith(`${key}.`) || !name.endsWith('.parquet')) return undefined;
  const rows = Number(name.slice(key.length + 1, -'.parquet'.length));
  return Number.isSafeInteger(rows) ? rows : undefined;
}

async function removeOld(folder: string, now: Date): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = join(folder, name);
    const found = await stat(file).catch(() => undefined);
    if (found !== undefined && now.getTime() - found.mtimeMs > keptMs) await rm(file, { force: true });
  }
}
