import { posix } from 'node:path';
import { readOnnxGraph, togetherOf } from '../../serving/model/onnx-graph.ts';
import type { ColumnType, FitProblem } from '../../serving/model/signature.ts';
import type { LoadedManifest } from '../manifest/manifest.ts';
import type { Policy } from '../manifest/policy.ts';
import type { GraphFacts, Missing, Part } from './evidence.ts';
import { externalDataProblem, locationOf } from './external-data.ts';
import type { GatherInput } from './gather-evidence.ts';
import type { DataJob, Job, ModelJob, RetrainedJob } from './job.ts';
import { gathered, missing } from './missing.ts';
import type { Fetched, Files, ModelFiles } from './proposal-files.ts';
import type { ResolvedFile } from './resolve-file.ts';

/** A job whose files still have to be written: `job` names each by its place in the folder. */
export interface RunPlan {
  readonly kind: 'run';
  readonly job: Omit<Job, 'folder'>;
  readonly files: ReadonlyMap<string, Fetched>;
  readonly graph: Part<GraphFacts>;
  readonly problems: readonly FitProblem[];
  readonly championProblem?: Missing;
  readonly retrainedProblem?: Missing;
}

export type Plan =
  | RunPlan
  | {
      readonly kind: 'refused';
      readonly graph: Part<GraphFacts>;
      readonly problems: readonly FitProblem[];
      readonly why: Missing;
    };

/** Nothing that is not verified and safe by its own words reaches the child. */
export function planOf(input: GatherInput, files: Files): Plan {
  const { loaded } = input.proposal;
  const { manifest } = loaded;
  const candidate = modelPlanOf('candidate', loaded, files.candidate);
  if (candidate.kind === 'refused') return candidate;
  const written = new Map(candidate.files);
  const champion = championPlanOf(input, files);
  if (champion?.kind === 'plan') for (const [place, file] of champion.files) written.set(place, file);
  const data = (place: string, file: ResolvedFile | undefined, from: LoadedManifest): DataJob | undefined => {
    if (file?.kind !== 'file') return undefined;
    written.set(place, file);
    const { label, key, time } = from.manifest.evaluation;
    return {
      file: place,
      name: file.uri,
      label,
      ...(key === undefined ? {} : { key }),
      ...(time === undefined ? {} : { time }),
    };
  };
  const evaluation = data('evaluation', files.evaluation, loaded);
  const baseRows = input.base === undefined ? undefined : data('base-rows', files.baseRows, input.base.loaded);
  const window = withoutTime(data('window', files.window, loaded));
  const reference = withoutTime(data('reference', files.reference, loaded));
  if (files.goldens?.kind === 'file') written.set('goldens.jsonl', files.goldens);
  const retrained = retrainedPlanOf(candidate.job, files.retrained);
  if (retrained?.kind === 'job' && files.retrained?.kind === 'file') written.set(retrained.job.model, files.retrained);
  const { columns } = manifest;
  const job: Omit<Job, 'folder'> = {
    candidate: candidate.job,
    ...(champion?.kind === 'plan' ? { champion: champion.job } : {}),
    ...(evaluation === undefined ? {} : { evaluation }),
    ...(baseRows === undefined ? {} : { baseRows }),
    ...(files.goldens?.kind === 'file' ? { goldens: 'goldens.jsonl' } : {}),
    ...(window === undefined ? {} : { window }),
    ...(reference === undefined ? {} : { reference }),
    ...(retrained?.kind === 'job' ? { retrained: retrained.job } : {}),
    corners: manifest.evaluation.corners,
    types: Object.fromEntries(
      Object.entries(columns).flatMap(([name, { type }]): [string, ColumnType][] =>
        type === undefined ? [] : [[name, type]],
      ),
    ),
    mayMiss: Object.keys(columns).filter((name) => (columns[name]?.missing ?? 0) > 0),
    tolerance: manifest.reproducibility.tolerance,
    random: candidate.graph.kind === 'gathered' && candidate.graph.value.random.length > 0,
    answerLimitMs: answerLimitMs(input.policy),
    budgets: manifest.performance ?? {},
    answersOnly: input.answersOnly ?? false,
    background: manifest.explanation.background,
    metrics: manifest.evaluation.metrics,
    protected: Object.keys(columns).filter((name) => columns[name]?.protected === true),
  };
  return {
    kind: 'run',
    job,
    files: written,
    graph: candidate.graph,
    problems: [],
    ...(champion?.kind === 'missing' ? { championProblem: champion } : {}),
    ...(retrained?.kind === 'missing' ? { retrainedProblem: retrained } : {}),
  };
}

/** A window or reference is compared as a set; its order says nothing. */
function withoutTime(data: DataJob | undefined): DataJob | undefined {
  if (data === undefined) return undefined;
  const { time: _, key: __, ...rest } = data;
  return rest;
}

/** Of the time a check may take, what answering the evaluation rows may: the rest is for everything else that runs the model. */
function answerLimitMs({ limits }: Policy): number {
  return limits.checkMinutes * 60_000 * 0.4;
}

type ModelPlan =
  | {
      readonly kind: 'plan';
      readonly job: ModelJob;
      readonly files: ReadonlyMap<string, Fetched>;
      readonly graph: Part<GraphFacts>;
    }
  | Extract<Plan, { readonly kind: 'refused' }>;

function modelPlanOf(folder: string, loaded: LoadedManifest, files: ModelFiles): ModelPlan {
  const { manifest, specification } = loaded;
  const label = `${manifest.name} ${manifest.version}`;
  const refused = (reason: string, graph: Part<GraphFacts>, problems: readonly FitProblem[] = []): ModelPlan => ({
    kind: 'refused',
    graph,
    problems,
    why: missing('artifact', reason),
  });
  if (files.model.kind === 'problem') return refused(files.model.reason, missing('artifact', files.model.reason));
  const read = readOnnxGraph(files.model.bytes);
  if (read.kind === 'refused') {
    const reason = `${files.model.uri}: ${read.reason}`;
    return refused(reason, missing('artifact', reason));
  }
  const featureGraph = files.features?.kind === 'file' ? readOnnxGraph(files.features.bytes) : undefined;
  const graph = gathered<GraphFacts>(
    featureGraph?.kind === 'graph' ? togetherOf(read.facts, featureGraph.facts) : read.facts,
  );
  const broken = [...files.weights, ...(files.features === undefined ? [] : [files.features])].find(
    (file) => file.kind === 'problem',
  );
  if (broken !== undefined) return refused(broken.reason, graph);
  if (featureGraph?.kind === 'refused') return refused(`${files.features?.uri}: ${featureGraph.reason}`, graph);

  const written = new Map<string, Fetched>([[`${folder}/model.onnx`, files.model]]);
  const declared = new Set<string>();
  for (const weights of files.weights) {
    const location = posix.normalize(locationOf(specification.artifact, weights.uri, loaded.folder));
    declared.add(location);
    if (weights.kind === 'file' && !location.startsWith('..')) written.set(`${folder}/${location}`, weights);
  }
  const used = [...read.facts.externalData, ...(featureGraph?.kind === 'graph' ? featureGraph.facts.externalData : [])];
  const problems = used.flatMap((location): readonly FitProblem[] => {
    const reason = externalDataProblem(location, declared);
    const next = 'Declare each file of weights beside the model: artifact: { files: [{ uri: …, sha256: … }] }.';
    return reason === undefined ? [] : [{ id: 'artifact/external-data', reason, pointer: '/artifact', next }];
  });
  if (problems.length > 0) return refused(problems[0]?.reason ?? '', graph, problems);
  if (files.features?.kind === 'file') written.set(`${folder}/features.onnx`, files.features);
  const job: ModelJob = {
    label,
    specification,
    model: `${folder}/model.onnx`,
    ...(files.features?.kind === 'file' ? { features: `${folder}/features.onnx` } : {}),
  };
  return { kind: 'plan', job, files: written, graph };
}

/** What training gave another time is as little trusted as the artifact: it is read by our own reader before it may be opened. */
function retrainedPlanOf(
  candidate: ModelJob,
  file: ResolvedFile | undefined,
): { readonly kind: 'job'; readonly job: RetrainedJob } | Missing | undefined {
  if (file === undefined) return undefined;
  if (file.kind === 'problem') return missing('reproducibility', `the retrained artifact: ${file.reason}`);
  const refused = (reason: string) => missing('reproducibility', `the retrained artifact ${file.uri}: ${reason}`);
  const read = readOnnxGraph(file.bytes);
  if (read.kind === 'refused') return refused(read.reason);
  const [outside] = read.facts.externalData;
  if (outside !== undefined)
    return refused(`its weights lie in "${outside}"; a retrained artifact has to hold its weights itself`);
  const job: RetrainedJob = {
    ...candidate,
    label: `${candidate.label}, trained again`,
    model: 'retrained/model.onnx',
    source: file.uri,
    sha256: file.sha256,
  };
  return { kind: 'job', job };
}

function championPlanOf(input: GatherInput, files: Files): Extract<ModelPlan, { kind: 'plan' }> | Missing | undefined {
  if (input.champion.kind === 'simple' || files.champion === undefined) return undefined;
  const plan = modelPlanOf('champion', input.champion.loaded, files.champion);
  if (plan.kind === 'plan') return plan;
  const { name, version } = input.champion.loaded.manifest;
  return missing('baseline', `${name} ${version}, the baseline, cannot be loaded: ${plan.why.reason}`);
}
