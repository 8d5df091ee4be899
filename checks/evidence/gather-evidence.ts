import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, posix } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import canonicalize from 'canonicalize';
import { readOnnxGraph } from '../../serving/model/onnx-graph.ts';
import type { ColumnType, FitProblem } from '../../serving/model/signature.ts';
import { environmentOf, programDigest } from '../environment.ts';
import type { LoadedManifest } from '../manifest/manifest.ts';
import type { Policy } from '../manifest/policy.ts';
import type { WindowSource } from '../check-model.ts';
import type { Snapshot } from '../snapshot.ts';
import type {
  Answers,
  ArtifactEvidence,
  BaselineEvidence,
  DriftEvidence,
  Evidence,
  GraphFacts,
  Missing,
  Part,
  Repeat,
} from './evidence.ts';
import { externalDataProblem, locationOf } from './external-data.ts';
import type { DataJob, Job, ModelJob, PartName, Parts, ProgressLine } from './job.ts';
import { isolationHere, runLimited, type Isolation } from './limited-child.ts';
import { gathered, missing } from './missing.ts';
import { repeatOf } from './repeats.ts';
import { readIfThere, resolveFile, writeWhole, type ResolvedFile, type ResolveOptions } from './resolve-file.ts';

/** A manifest and the tree that its files are looked up in. */
export interface PlacedManifest {
  readonly loaded: LoadedManifest;
  readonly snapshot: Snapshot;
}

export interface GatherInput {
  /** As it is judged: the strictest of policy, default branch and proposal. */
  readonly proposal: PlacedManifest;
  readonly base?: PlacedManifest;
  readonly champion:
    | ({ readonly kind: 'production' | 'version' } & PlacedManifest)
    | { readonly kind: 'simple'; readonly why: string };
  readonly policy: Policy;
  readonly window?: WindowSource;
  readonly cacheFolder: string;
  readonly offline: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (line: ProgressLine) => void;
}

export interface GatheredEvidence {
  readonly evidence: Evidence;
  /** Digest of everything that the evidence follows from. */
  readonly key: string;
  readonly cached: boolean;
  readonly isolation: Isolation;
}

/** Gathers what the checks judge, or finds it in the cache. Throws only when the world fails, or the policy refuses this machine's isolation. */
export async function gatherEvidence(input: GatherInput): Promise<GatheredEvidence> {
  const isolation = isolationHere();
  if (isolation === 'process' && input.policy.checks.isolation === 'namespace')
    throw new Error(
      'the policy wants evidence gathered in a namespace (checks.isolation), which this machine does not allow',
    );
  const files = await resolveAll(input);
  const plan = planOf(input, files);
  const key = keyOf(plan, isolation);
  const cacheFile = join(input.cacheFolder, 'evidence', `${key}.bin`);
  const kept = plan.kind === 'run' ? await readIfThere(cacheFile) : undefined;
  if (kept !== undefined)
    return { evidence: evidenceOf(input, files, plan, deserialize(kept)), key, cached: true, isolation };
  const measured = plan.kind === 'run' ? await measureInChild(plan, input, isolation) : { parts: {}, complete: false };
  if (measured.complete) {
    await writeWhole(cacheFile, serialize(measured.parts));
    await prune(dirname(cacheFile));
  }
  return { evidence: evidenceOf(input, files, plan, measured.parts), key, cached: false, isolation };
}

interface ModelFiles {
  readonly model: ResolvedFile;
  readonly weights: readonly ResolvedFile[];
  readonly features?: ResolvedFile;
}

interface Files {
  readonly candidate: ModelFiles;
  readonly champion?: ModelFiles;
  readonly evaluation: ResolvedFile;
  readonly baseRows?: ResolvedFile;
  readonly reference?: ResolvedFile;
  readonly goldens?: ResolvedFile;
  readonly window?: ResolvedFile;
}

async function resolveAll(input: GatherInput): Promise<Files> {
  const { proposal, base, champion, policy, window } = input;
  const from = ({ loaded, snapshot }: PlacedManifest): ResolveOptions => ({
    snapshot,
    folder: loaded.folder,
    policy,
    cacheFolder: input.cacheFolder,
    offline: input.offline,
    ...(input.signal === undefined ? {} : { signal: input.signal }),
  });
  const { dataMb } = policy.limits;
  const { evaluation, drift } = proposal.loaded.manifest;
  const own = from(proposal);
  const baseRows =
    base !== undefined &&
    champion.kind !== 'simple' &&
    base.loaded.manifest.evaluation.data.sha256 !== evaluation.data.sha256
      ? base
      : undefined;
  const [candidate, championFiles, data, rows, reference, goldens, windowFile] = await Promise.all([
    modelFilesOf(proposal.loaded, own),
    champion.kind === 'simple' ? undefined : modelFilesOf(champion.loaded, from(champion)),
    resolveFile(evaluation.data, dataMb, own),
    baseRows === undefined ? undefined : resolveFile(baseRows.loaded.manifest.evaluation.data, dataMb, from(baseRows)),
    drift.reference === undefined
      ? undefined
      : resolveJudged(drift.reference, dataMb, own, base === undefined ? undefined : from(base)),
    evaluation.goldens === undefined
      ? undefined
      : resolveJudged({ uri: evaluation.goldens }, dataMb, own, base === undefined ? undefined : from(base)),
    window === undefined ? undefined : windowFileOf(window),
  ]);
  return {
    candidate,
    evaluation: data,
    ...(championFiles === undefined ? {} : { champion: championFiles }),
    ...(rows === undefined ? {} : { baseRows: rows }),
    ...(reference === undefined ? {} : { reference }),
    ...(goldens === undefined ? {} : { goldens }),
    ...(windowFile === undefined ? {} : { window: windowFile }),
  };
}

/** What is judged may be the default branch's reference or goldens, which the proposal took away: they are then read there. */
async function resolveJudged(
  reference: { readonly uri: string; readonly sha256?: string },
  limitMb: number,
  own: ResolveOptions,
  base: ResolveOptions | undefined,
): Promise<ResolvedFile> {
  const file = await resolveFile(reference, limitMb, own);
  if (file.kind === 'file' || base === undefined) return file;
  const before = await resolveFile(reference, limitMb, base);
  return before.kind === 'file' ? before : file;
}

async function modelFilesOf({ manifest }: LoadedManifest, options: ResolveOptions): Promise<ModelFiles> {
  const { artifactMb } = options.policy.limits;
  const [model, features, ...weights] = await Promise.all([
    resolveFile(manifest.artifact, artifactMb, options),
    manifest.features === undefined ? undefined : resolveFile(manifest.features, artifactMb, options),
    ...manifest.artifact.files.map((file) => resolveFile(file, artifactMb, options)),
  ]);
  return {
    model,
    weights: weights.filter((file) => file !== undefined),
    ...(features === undefined ? {} : { features }),
  };
}

async function windowFileOf({ file, label }: WindowSource): Promise<ResolvedFile> {
  const bytes = await readIfThere(file);
  if (bytes === undefined) return { kind: 'problem', uri: label, reason: `${file} is not there` };
  return { kind: 'file', uri: label, sha256: createHash('sha256').update(bytes).digest('hex'), bytes };
}

type Fetched = Extract<ResolvedFile, { readonly kind: 'file' }>;

/** A job whose files still have to be written: `job` names each by its place in the folder. */
interface RunPlan {
  readonly kind: 'run';
  readonly job: Omit<Job, 'folder'>;
  readonly files: ReadonlyMap<string, Fetched>;
  readonly graph: Part<GraphFacts>;
  readonly problems: readonly FitProblem[];
  readonly championProblem?: Missing;
}

type Plan =
  | RunPlan
  | {
      readonly kind: 'refused';
      readonly graph: Part<GraphFacts>;
      readonly problems: readonly FitProblem[];
      readonly why: Missing;
    };

/** Nothing that is not verified and safe by its own words reaches the child. */
function planOf(input: GatherInput, files: Files): Plan {
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
  const { columns } = manifest;
  const job: Omit<Job, 'folder'> = {
    candidate: candidate.job,
    ...(champion?.kind === 'plan' ? { champion: champion.job } : {}),
    ...(evaluation === undefined ? {} : { evaluation }),
    ...(baseRows === undefined ? {} : { baseRows }),
    ...(files.goldens?.kind === 'file' ? { goldens: 'goldens.jsonl' } : {}),
    ...(window === undefined ? {} : { window }),
    ...(reference === undefined ? {} : { reference }),
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
  };
  return {
    kind: 'run',
    job,
    files: written,
    graph: candidate.graph,
    problems: [],
    ...(champion?.kind === 'missing' ? { championProblem: champion } : {}),
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
    featureGraph?.kind === 'graph'
      ? { ...read.facts, random: [...read.facts.random, ...featureGraph.facts.random] }
      : read.facts,
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

function championPlanOf(input: GatherInput, files: Files): Extract<ModelPlan, { kind: 'plan' }> | Missing | undefined {
  if (input.champion.kind === 'simple' || files.champion === undefined) return undefined;
  const plan = modelPlanOf('champion', input.champion.loaded, files.champion);
  if (plan.kind === 'plan') return plan;
  const { name, version } = input.champion.loaded.manifest;
  return missing('baseline', `${name} ${version}, the baseline, cannot be loaded: ${plan.why.reason}`);
}

/** Everything that evidence follows from: the job with each file's digest in the place of its path, this program, and this machine. */
function keyOf(plan: Plan, isolation: Isolation): string {
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
async function prune(folder: string): Promise<void> {
  const names = await readdir(folder);
  if (names.length <= CACHE_KEPT) return;
  const aged = await Promise.all(names.map(async (name) => ({ name, at: await ageOf(join(folder, name)) })));
  const old = aged.toSorted((a, b) => b.at - a.at).slice(CACHE_KEPT);
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
async function removeForgotten(jobs: string): Promise<void> {
  for (const name of await readdir(jobs))
    if (Date.now() - (await ageOf(join(jobs, name))) > FORGOTTEN_AFTER_MS)
      await rm(join(jobs, name), { recursive: true, force: true });
}

const CHILD = join(import.meta.dirname, `child${extname(import.meta.filename)}`);
const NEW_PROCESSES = ['again-1', 'again-2'];

type MeasuredParts = Partial<Parts> & { readonly failure?: string };

async function measureInChild(
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
    const run = (args: readonly string[]) =>
      runLimited(CHILD, [folder, ...args], {
        folder,
        isolation,
        limits: { timeMs: input.policy.limits.checkMinutes * 60_000, memoryMb: input.policy.limits.memoryMb },
        ...(input.signal === undefined ? {} : { signal: input.signal }),
        onLine: (line) => input.onProgress?.(progressOf(line)),
      });
    const end = await run(['measure']);
    const parts = await readParts(folder);
    if (end.kind === 'failed') return { parts: { ...parts, failure: end.reason }, complete: false };
    const again = await askNewProcesses(parts, folder, plan, run);
    return { parts: { ...parts, ...again }, complete: true };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeJob(folder: string, plan: RunPlan): Promise<void> {
  const place = (path: string): string => join(folder, path);
  for (const [path, file] of plan.files) {
    await mkdir(dirname(place(path)), { recursive: true });
    await writeFile(place(path), file.bytes);
  }
  const model = (job: ModelJob): ModelJob => ({
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

function evidenceOf(input: GatherInput, files: Files, plan: Plan, parts: MeasuredParts): Evidence {
  const { proposal, base, policy } = input;
  const { loaded } = proposal;
  const rest = restOf(plan, parts);
  const part = <P extends PartName>(name: P) => (parts[name] ?? rest) as NonNullable<Parts[P]> | Missing;
  const goldens = goldensOf(files, part('goldens'));
  return {
    proposal: loaded,
    ...(base === undefined ? {} : { base: base.loaded }),
    policy,
    artifact: artifactEvidenceOf(input, files, plan, parts, rest),
    baseline: baselineOf(input, plan, files, part('champion')),
    evaluation: files.evaluation.kind === 'problem' ? missing('manifest', files.evaluation.reason) : part('evaluation'),
    candidate: part('candidate'),
    ...(parts.baseRows === undefined ? baseRowsProblem(files) : { onBaseRows: parts.baseRows }),
    goldens,
    corners: part('corners'),
    repeats: part('repeats'),
    drift: driftOf(files, parts, rest),
  };
}

/** Why a part that is not there is not there. */
function restOf(plan: Plan, parts: MeasuredParts): Missing {
  if (plan.kind === 'refused') return plan.why;
  if (parts.session?.kind === 'missing') return parts.session;
  const [misfit] = parts.fit ?? [];
  if (misfit !== undefined) return missing('artifact', misfit.reason);
  return missing(
    'artifact',
    parts.failure === undefined ? 'it was not asked for' : `running the model failed: ${parts.failure}`,
  );
}

function goldensOf(files: Files, part: Parts['goldens'] | Missing): Parts['goldens'] {
  if (files.goldens === undefined) return gathered([]);
  return files.goldens.kind === 'problem' ? missing('golden', files.goldens.reason) : part;
}

function baseRowsProblem(files: Files): Pick<Evidence, 'onBaseRows'> {
  return files.baseRows?.kind === 'problem'
    ? { onBaseRows: missing('manifest', `the default branch's evaluation data: ${files.baseRows.reason}`) }
    : {};
}

function artifactEvidenceOf(
  { proposal }: GatherInput,
  files: Files,
  plan: Plan,
  parts: MeasuredParts,
  rest: Missing,
): ArtifactEvidence {
  const { loaded } = proposal;
  const { manifest } = loaded;
  const fileOf = (role: ArtifactEvidence['files'][number]['role'], declared: string, file: ResolvedFile) => ({
    uri: file.uri,
    role,
    declared,
    ...(file.kind === 'file'
      ? { found: file.sha256, sizeBytes: file.bytes.length }
      : {
          problem: file.reason,
          ...(file.found === undefined ? {} : { found: file.found }),
          ...(file.sizeBytes === undefined ? {} : { sizeBytes: file.sizeBytes }),
        }),
  });
  const session = parts.session ?? rest;
  return {
    files: [
      fileOf('model', manifest.artifact.sha256, files.candidate.model),
      ...files.candidate.weights.map((file, index) =>
        fileOf('weights', manifest.artifact.files[index]?.sha256 ?? '', file),
      ),
      ...(files.candidate.features === undefined
        ? []
        : [fileOf('features', manifest.features?.sha256 ?? '', files.candidate.features)]),
    ],
    graph: plan.graph,
    session,
    ...(parts.championSession === undefined ? {} : { champion: parts.championSession }),
    misfits: [...plan.problems, ...(parts.fit ?? [])].map(({ id, reason, pointer, next }) => ({
      id,
      reason,
      at: loaded.place(pointer),
      ...(next === undefined ? {} : { next }),
    })),
    ...(parts.failure === undefined ? {} : { failure: parts.failure }),
  };
}

function baselineOf({ champion }: GatherInput, plan: Plan, files: Files, part: Part<Answers>): BaselineEvidence {
  if (champion.kind === 'simple') return champion;
  const problem = plan.kind === 'run' ? plan.championProblem : undefined;
  return {
    kind: champion.kind,
    manifest: champion.loaded,
    digest: `sha256:${files.champion?.model.kind === 'file' ? files.champion.model.sha256 : champion.loaded.manifest.artifact.sha256}`,
    answers: problem ?? part,
  };
}

function driftOf(files: Files, parts: MeasuredParts, rest: Missing): DriftEvidence {
  const { drift } = parts;
  const nothing = files.window === undefined && files.reference === undefined;
  if (nothing)
    return {
      against: { kind: 'none', why: 'nothing was recorded in production, and the manifest names no drift.reference' },
    };
  const broken = files.reference?.kind === 'problem' ? files.reference : undefined;
  if (drift === undefined || drift.against === 'none') {
    if (broken !== undefined)
      return { against: { kind: 'reference', label: broken.uri, data: missing('manifest', broken.reason) } };
    if (drift !== undefined) return { against: { kind: 'none', why: drift.why } };
    const kind = files.window === undefined ? 'reference' : 'window';
    return { against: { kind, label: (files.window ?? files.reference)?.uri ?? kind, data: rest } };
  }
  return { against: { kind: drift.against, label: drift.why, data: drift.data } };
}
