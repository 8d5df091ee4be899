import type { LoadedManifest } from '../../checks/manifest/manifest.ts';
import { dispatchWorkflow, listRuns } from '../github/actions.ts';
import type { Dispatched, WorkflowRun } from '../github/actions.ts';
import type { Repository } from '../github/request.ts';
import type { Ledger, LedgerLine } from '../ledger/ledger.ts';
import type { Outcome } from '../rollouts/rollouts.ts';

/**
 * Training a deployed model anew by its own workflow, `lifetime.retrain.workflow` of its manifest on the default branch, whoever asks: a comment, a caller of
 * the fleet, the schedule. The workflow proposes what it makes as a pull request, which is judged like any other.
 */
export interface TrainingWish {
  readonly model: string;
  /** A GitHub login, or `slipway`. */
  readonly by: string;
  readonly because?: string;
  /** Says which wish it is: done twice it is done once. */
  readonly key: string;
  /** When it was wished. */
  readonly at: Date;
}

/** The default branch as it is now. */
export interface TrainingGround {
  readonly repository: Repository;
  readonly ledger: Ledger;
  readonly branch: { readonly name: string; readonly sha: string };
  readonly models: ReadonlyMap<string, LoadedManifest>;
}

/** Starts the training unless it was started for this wish, or one of this model is under way. */
export async function trainModel(
  { repository, ledger, branch, models }: TrainingGround,
  wish: TrainingWish,
  signal: AbortSignal,
): Promise<Outcome> {
  const { model } = wish;
  const loaded = models.get(model);
  if (loaded === undefined) return refused(`The default branch has no model \`${model}\`.`);
  const { manifest, path, revision } = loaded;
  const workflow = manifest.lifetime?.retrain?.workflow;
  if (workflow === undefined)
    return refused(
      `\`${path}\` does not say how ${model} is trained anew: it needs \`lifetime: { retrain: { workflow: FILE.yml } }\`, a workflow of this repository that can be dispatched.`,
    );
  const { lines } = await ledger.read(signal);
  const key = trainingKey(wish);
  const done = lines.find((line) => line.key === key);
  if (done !== undefined) return startedText(model, runUrlOf(done));
  const runs = await listRuns(repository, { workflow }, signal);
  const underWay = runOfModel(lines, runs, model);
  if (underWay !== undefined) return refused(`${model} is [being trained](${underWay.url}) already.`);
  const run =
    leftRun(lines, runs, branch.sha, wish) ?? (await started(repository, workflow, branch.name, wish, signal));
  if (run.kind === 'absent')
    return refused(
      `This repository has no \`.github/workflows/${workflow}\` on its default branch, or no Actions, or the App may not write to them.`,
    );
  if (run.kind === 'refused') return refused(`GitHub does not start the training: ${run.reason}`);
  const event = {
    kind: 'retraining' as const,
    key,
    at: wish.at.toISOString(),
    actor: wish.by,
    model,
    version: manifest.version,
    revision,
    commit: branch.sha,
    ...(wish.because === undefined ? {} : { because: wish.because }),
    data: { run: run.url, workflow },
  };
  await ledger.append([event], signal);
  return startedText(model, run.url);
}

/** Of the ledger's line. */
export function trainingKey({ model, key }: Pick<TrainingWish, 'model' | 'key'>): string {
  return `retraining/${model}/${key}`;
}

/** Of a line `retraining`, which this file alone writes. */
function runUrlOf({ data }: LedgerLine): string {
  const run = data?.['run'];
  return typeof run === 'string' ? run : '';
}

function startedText(model: string, url: string): Outcome {
  return {
    kind: 'done',
    text: `${model} is [trained anew](${url}) by its own workflow in this repository’s Actions; what comes out is proposed as a pull request.`,
  };
}

/** The model's last training, where it has not ended. */
function runOfModel(
  lines: readonly LedgerLine[],
  runs: readonly WorkflowRun[],
  model: string,
): WorkflowRun | undefined {
  const last = lines.findLast((line) => line.kind === 'retraining' && line.model === model);
  if (last === undefined) return undefined;
  return runs.find(({ url, status }) => url === runUrlOf(last) && status !== 'completed');
}

/** GitHub's clock and ours differ. */
const SKEW_MS = 60_000;

/** A run that was started for this wish by a process that ended before it could write so: newer than the wish, of this commit, and nobody's in the ledger. */
function leftRun(
  lines: readonly LedgerLine[],
  runs: readonly WorkflowRun[],
  headSha: string,
  { at }: TrainingWish,
): Dispatched | undefined {
  const known = new Set(lines.flatMap((line) => (line.kind === 'retraining' ? [runUrlOf(line)] : [])));
  const left = runs.find(
    (run) => run.headSha === headSha && Date.parse(run.createdAt) >= at.getTime() - SKEW_MS && !known.has(run.url),
  );
  return left === undefined ? undefined : { kind: 'dispatched', url: left.url };
}

/** A workflow that takes an input `model` is told which; one that is for one model alone need not take it. */
async function started(
  repository: Repository,
  workflow: string,
  ref: string,
  { model }: TrainingWish,
  signal: AbortSignal,
): Promise<Dispatched> {
  const told = await dispatchWorkflow(repository, { workflow, ref, inputs: { model } }, signal);
  return told.kind === 'refused' && /unexpected inputs/i.test(told.reason)
    ? dispatchWorkflow(repository, { workflow, ref, inputs: {} }, signal)
    : told;
}

function refused(text: string): Outcome {
  return { kind: 'refused', text };
}
