import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { deserialize } from 'node:v8';
import { removeForgotten } from './evidence-cache.ts';
import type { Answers, Repeat } from './evidence.ts';
import type { GatherInput } from './gather-evidence.ts';
import type { DataJob, ModelJob, Parts, ProgressLine } from './job.ts';
import { type BrokenLimit, runLimited, type Isolation } from './limited-child.ts';
import { gathered } from './missing.ts';
import type { RunPlan } from './plan-job.ts';
import { measureMemory } from './measure-memory.ts';
import { repeatOf } from './repeats.ts';
import { readIfThere } from './resolve-file.ts';

const CHILD = join(import.meta.dirname, `child${extname(import.meta.filename)}`);
const NEW_PROCESSES = ['again-1', 'again-2'];

export type MeasuredParts = Partial<Parts> & {
  readonly failure?: string;
  /** The limit that ended it, and what it was doing then. */
  readonly limit?: BrokenLimit & { readonly stage: string };
};

export async function measureInChild(
  plan: RunPlan,
  input: GatherInput,
  isolation: Isolation,
): Promise<{ readonly parts: MeasuredParts; readonly complete: boolean }> {
  await mkdir(join(input.cacheFolder, 'jobs'), { recursive: true });
  const jobs = await realpath(join(input.cacheFolder, 'jobs'));
  await removeForgotten(jobs);
  const folder = await mkdtemp(join(jobs, 'job-'));
  try {
    await writeJob(folder, plan);
    let stage = 'starting';
    const run = (args: readonly string[]) =>
      runLimited(CHILD, [folder, ...args], {
        folder,
        isolation,
        limits: { timeMs: input.policy.limits.checkMinutes * 60_000, memoryMb: input.policy.limits.memoryMb },
        ...(input.signal === undefined ? {} : { signal: input.signal }),
        onLine: (line) => {
          const progress = progressOf(line);
          stage = progress.stage;
          input.onProgress?.(progress);
        },
      });
    const end = await run(['measure']);
    const parts = await readParts(folder);
    if (end.kind === 'failed') {
      const limit = end.limit === undefined ? {} : { limit: { ...end.limit, stage } };
      return { parts: { ...parts, failure: end.reason, ...limit }, complete: false };
    }
    const again = await askNewProcesses(parts, folder, plan, run);
    input.onProgress?.({ stage: 'measuring memory', done: 0, of: 1 });
    const memory = await measureMemory(parts, folder, plan.job.budgets, run);
    return { parts: { ...parts, ...again, ...memory }, complete: true };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The files of a plan, and `job.json` with each file's place, into a folder. */
export async function writeJob(folder: string, plan: RunPlan): Promise<void> {
  const place = (path: string): string => join(folder, path);
  for (const [path, file] of plan.files) {
    await mkdir(dirname(place(path)), { recursive: true });
    await writeFile(place(path), file.bytes);
  }
  const model = <J extends ModelJob>(job: J): J => ({
    ...job,
    model: place(job.model),
    ...(job.features === undefined ? {} : { features: place(job.features) }),
  });
  const { job } = plan;
  const data = (given: DataJob | undefined): DataJob | undefined =>
    given === undefined ? undefined : { ...given, file: place(given.file) };
  const placed = {
    ...job,
    folder,
    candidate: model(job.candidate),
    champion: job.champion === undefined ? undefined : model(job.champion),
    evaluation: data(job.evaluation),
    baseRows: data(job.baseRows),
    window: data(job.window),
    reference: data(job.reference),
    retrained: job.retrained === undefined ? undefined : model(job.retrained),
    goldens: job.goldens === undefined ? undefined : place(job.goldens),
  };
  await writeFile(place('job.json'), JSON.stringify(placed));
}

function progressOf(line: string): ProgressLine {
  return JSON.parse(line) as ProgressLine;
}

async function readParts(folder: string): Promise<MeasuredParts> {
  const parts: Record<string, unknown> = {};
  for (const name of await readdir(folder)) {
    const bytes = name.endsWith('.part') ? await readIfThere(join(folder, name)) : undefined;
    if (bytes !== undefined) parts[basename(name, '.part')] = deserialize(bytes);
  }
  return parts as MeasuredParts;
}

/** The same question in two fresh processes, side by side: an unseeded random graph draws its seed once a process. */
async function askNewProcesses(
  parts: MeasuredParts,
  folder: string,
  plan: RunPlan,
  run: (args: readonly string[]) => ReturnType<typeof runLimited>,
): Promise<Pick<MeasuredParts, 'repeats'>> {
  const { repeats, repeatAnswers } = parts;
  if (repeats?.kind !== 'gathered' || repeatAnswers === undefined) return {};
  // A session that contradicts itself needs no other process to prove it.
  if (repeats.value.some(({ condition, beyondTolerance }) => condition === 'same session' && beyondTolerance > 0))
    return {};
  const ends = await Promise.all(NEW_PROCESSES.map((name) => run(['again', name])));
  const answers: Answers[] = [];
  for (const name of NEW_PROCESSES) {
    const bytes = await readIfThere(join(folder, `${name}.part`));
    if (bytes !== undefined) answers.push(deserialize(bytes) as Answers);
  }
  const failed = ends.find((end) => end.kind === 'failed');
  const again: Repeat = {
    ...repeatOf('new process', repeatAnswers.answers, answers, plan.job.tolerance),
    ...(failed?.kind === 'failed' ? { error: failed.reason } : {}),
  };
  return { repeats: gathered([...repeats.value, again]) };
}
