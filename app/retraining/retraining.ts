import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RetrainedSource } from '../../checks/check-model.ts';
import type { LoadedManifest, Training } from '../../checks/manifest/manifest.ts';
import type { Policy } from '../../checks/manifest/policy.ts';
import { dispatchWorkflow, downloadArtifact, listArtifacts, listRuns } from '../github/actions.ts';
import type { Artifact, Dispatched, WorkflowRun } from '../github/actions.ts';
import type { PullRequest } from '../github/pull-requests.ts';
import type { Repository } from '../github/request.ts';
import { unpackModel } from './unpack-model.ts';

/**
 * Training once more, in the repository's own Actions, for comparison: `reproducibility` judges what comes out. GitHub keeps all of it: a run
 * belongs to a proposal by its commit, and to a model by its title and its artifact's name. The App executes nothing of a proposal; the workflow runs on a
 * branch of the repository itself, where whoever may push may run Actions anyway, and never for a fork.
 */
export const RETRAIN_WORKFLOW = 'slipway-retrain.yml';

/** `run-name` of the workflow. */
export function runTitleOf(model: string): string {
  return `slipway-retrain ${model}`;
}

/** The artifact that it uploads: one `.onnx` file. */
export function artifactNameOf(model: string): string {
  return `slipway-retrained-${model}`;
}

/** How to train a model again; undefined where the manifest does not say, or says never. */
export function retrainable({ manifest }: LoadedManifest): (Training & { readonly command: string }) | undefined {
  const { training } = manifest.reproducibility;
  const command = training?.command;
  return training === undefined || command === undefined || training.retrain === 'never'
    ? undefined
    : { ...training, command };
}

type Head = Pick<PullRequest, 'headSha' | 'headRef'>;

/** Runs the workflow on the proposal's branch. The caller has made sure that it is a branch of this repository. */
export function startRetraining(
  repository: Repository,
  head: Head,
  loaded: LoadedManifest,
  training: Training & { readonly command: string },
  signal: AbortSignal,
): Promise<Dispatched> {
  const { name } = loaded.manifest;
  return dispatchWorkflow(
    repository,
    {
      workflow: RETRAIN_WORKFLOW,
      ref: head.headRef,
      inputs: {
        model: name,
        manifest: loaded.path,
        command: training.command,
        repository: training.repository ?? `${repository.owner}/${repository.repo}`,
        commit: training.commit ?? head.headSha,
        artifact: artifactNameOf(name),
      },
    },
    signal,
  );
}

/** The model's run at this head that is the newest, whatever became of it. */
export async function runOf(
  repository: Repository,
  headSha: string,
  model: string,
  signal: AbortSignal,
): Promise<WorkflowRun | undefined> {
  const runs = await listRuns(repository, { workflow: RETRAIN_WORKFLOW, headSha }, signal);
  return runs.find(({ title }) => title === runTitleOf(model));
}

/**
 * What the newest finished run at this head made of the model; undefined when none has succeeded. An artifact that cannot be used becomes an empty
 * file whose label says why: `reproducibility` tells it.
 */
export async function retrainedOf(
  { repository, cacheFolder }: { readonly repository: Repository; readonly cacheFolder: string },
  asked: { readonly headSha: string; readonly loaded: LoadedManifest; readonly policy: Policy },
  signal: AbortSignal,
): Promise<RetrainedSource | undefined> {
  const { headSha, loaded, policy } = asked;
  if (retrainable(loaded) === undefined) return undefined;
  const { name } = loaded.manifest;
  const runs = await listRuns(repository, { workflow: RETRAIN_WORKFLOW, headSha }, signal);
  const run = runs.find(({ title, conclusion }) => title === runTitleOf(name) && conclusion === 'success');
  if (run === undefined) return undefined;
  const found = await listArtifacts(repository, run.id, artifactNameOf(name), signal);
  const artifact = found.find(({ expired }) => !expired);
  if (artifact === undefined) return undefined;
  return fetched({ repository, cacheFolder }, run, artifact, policy.limits.artifactMb * MEGABYTE, signal);
}

const MEGABYTE = 1_000_000;

/** Kept by the artifact's id, which GitHub gives once. */
async function fetched(
  { repository, cacheFolder }: { readonly repository: Repository; readonly cacheFolder: string },
  run: WorkflowRun,
  artifact: Artifact,
  limitBytes: number,
  signal: AbortSignal,
): Promise<RetrainedSource> {
  const folder = join(cacheFolder, 'retrained', repository.owner, repository.repo);
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${artifact.id}.onnx`);
  if (await isThere(file)) return { label: run.url, file };
  const empty = join(folder, `${artifact.id}.refused`);
  const refused = async (reason: string): Promise<RetrainedSource> => {
    await writeFile(empty, '');
    return { label: `${run.url}: ${reason}`, file: empty };
  };
  if (artifact.sizeBytes > limitBytes)
    return refused(`its artifact has ${artifact.sizeBytes} bytes; at most ${limitBytes} are read (limits.artifactMb)`);
  const zip = join(folder, `${artifact.id}.zip.partial`);
  const partial = `${file}.partial`;
  try {
    await downloadArtifact(repository, { id: artifact.id, file: zip, limitBytes }, signal);
    const unpacked = await unpackModel(zip, partial, limitBytes, signal);
    if (unpacked.kind === 'refused') return await refused(unpacked.reason);
    await rename(partial, file);
    return { label: run.url, file };
  } finally {
    await Promise.all([rm(zip, { force: true }), rm(partial, { force: true })]);
  }
}

async function isThere(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}
