import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { deserialize } from 'node:v8';
import { removeForgotten } from './evidence-cache.ts';
import type { ExplainedPart, ExplainQuestion } from './explain-job.ts';
import type { GatherInput } from './gather-evidence.ts';
import { isolationHere, runLimited } from './limited-child.ts';
import { missing } from './missing.ts';
import { planOf } from './plan-job.ts';
import { resolveAll } from './proposal-files.ts';
import { readIfThere } from './resolve-file.ts';
import { writeJob } from './run-job.ts';

const CHILD = join(import.meta.dirname, `explain-child${extname(import.meta.filename)}`);

/** Asks a model one question in a limited child, as the checks do: a model may abort the process that runs it. The rows are the proposal's evaluation data. */
export async function explainInChild(
  input: Pick<GatherInput, 'proposal' | 'policy' | 'cacheFolder' | 'offline' | 'signal'>,
  question: ExplainQuestion,
): Promise<ExplainedPart> {
  const whole: GatherInput = { ...input, champion: { kind: 'simple', why: 'one model is explained' } };
  const files = await resolveAll(whole);
  if (files.evaluation.kind === 'problem') return missing('manifest', files.evaluation.reason);
  const plan = planOf(whole, files);
  if (plan.kind === 'refused') return plan.why;
  await mkdir(join(input.cacheFolder, 'jobs'), { recursive: true });
  const jobs = await realpath(join(input.cacheFolder, 'jobs'));
  await removeForgotten(jobs);
  const folder = await mkdtemp(join(jobs, 'explain-'));
  try {
    await writeJob(folder, plan);
    await writeFile(join(folder, 'question.json'), JSON.stringify(question));
    const { checkMinutes, memoryMb } = input.policy.limits;
    const end = await runLimited(CHILD, [folder], {
      folder,
      isolation: isolationHere(),
      limits: { timeMs: checkMinutes * 60_000, memoryMb },
      ...(input.signal === undefined ? {} : { signal: input.signal }),
    });
    const bytes = await readIfThere(join(folder, 'explained.part'));
    if (bytes !== undefined) return deserialize(bytes) as ExplainedPart;
    return missing('artifact', `asking the model failed${end.kind === 'failed' ? `: ${end.reason}` : ''}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
