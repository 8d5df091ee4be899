import { createHash } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import canonicalize from 'canonicalize';
import { environmentOf, programDigest } from '../environment.ts';
import type { Isolation } from './limited-child.ts';
import type { Plan } from './plan-job.ts';

/** Everything that evidence follows from: the job with each file's digest in the place of its path, this program, and this machine. */
export function keyOf(plan: Plan, isolation: Isolation): string {
  const { slipway: _, ...machine } = environmentOf(isolation);
  const text = canonicalize({
    program: programDigest(),
    machine,
    job: plan.kind === 'run' ? plan.job : plan.why.reason,
    files: plan.kind === 'run' ? Object.fromEntries([...plan.files].map(([place, { sha256 }]) => [place, sha256])) : {},
  });
  return createHash('sha256')
    .update(text ?? '')
    .digest('hex');
}

const CACHE_KEPT = 200;

/** Keeps the newest evidence; the cache is a convenience, never a record. */
export async function prune(folder: string, most = CACHE_KEPT): Promise<void> {
  const names = await readdir(folder);
  if (names.length <= most) return;
  const aged = await Promise.all(names.map(async (name) => ({ name, at: await ageOf(join(folder, name)) })));
  const old = aged.toSorted((a, b) => b.at - a.at).slice(most);
  await Promise.all(old.map(({ name }) => rm(join(folder, name), { force: true })));
}

async function ageOf(file: string): Promise<number> {
  try {
    return (await stat(file)).mtimeMs;
  } catch {
    // Another process pruned it first.
    return 0;
  }
}

const FORGOTTEN_AFTER_MS = 24 * 3_600_000;

/** Folders of jobs whose process was killed: nobody else will remove them. No job runs this long. */
export async function removeForgotten(jobs: string): Promise<void> {
  for (const name of await readdir(jobs))
    if (Date.now() - (await ageOf(join(jobs, name))) > FORGOTTEN_AFTER_MS)
      await rm(join(jobs, name), { recursive: true, force: true });
}
