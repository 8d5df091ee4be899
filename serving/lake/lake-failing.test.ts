import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Lake, restartWaitMs } from './lake.ts';

const LIMIT = { timeout: 20_000, interval: 20 };
let folder: string;
let lake: Lake | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-lake-'));
});
afterEach(async () => {
  await lake?.stop();
  await rm(folder, { recursive: true, force: true });
});

it('a log whose folder cannot be made says why, and is written once it can', async () => {
  const inTheWay = join(folder, 'log');
  await writeFile(inTheWay, '');
  lake = new Lake({ folder: join(inTheWay, 'own'), socket: join(folder, 'log.sock'), retentionMs: 86_400_000 });
  await vi.waitUntil(() => lake?.status?.failing !== undefined, LIMIT);
  expect(lake.status).toMatchObject({ written: 0, lost: 0, failing: expect.stringMatching(/(EEXIST|ENOTDIR).*mkdir/) });
  await rm(inTheWay);
  await vi.waitUntil(() => lake?.status !== undefined && lake.status.failing === undefined, LIMIT);
  expect(lake.status).toMatchObject({ written: 0, lost: 0 });
});

it('writers that cannot begin are started ever more rarely, but at least twice a minute', () => {
  expect([0, 1, 2, 6, 7, 50].map(restartWaitMs)).toEqual([250, 500, 1000, 16_000, 30_000, 30_000]);
});
