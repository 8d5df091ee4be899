import { reportConclusionOf, waiverFor, waiverKeyOf } from './conclusion.ts';
import { environmentOf } from './environment.ts';
import type { Evidence, ManifestEvidence } from './evidence/evidence.ts';
import type { Governance } from './evidence/governance.ts';
import { gatherEvidence, type GatherInput, type PlacedManifest } from './evidence/gather-evidence.ts';
import { checks } from './index.ts';
import { judgeAll } from './judge-all.ts';
import { judgedManifest } from './manifest/judged-manifest.ts';
import { loadManifest, manifestNames } from './manifest/load-manifest.ts';
import { loosenedFindings } from './manifest/loosened.ts';
import type { LoadedManifest } from './manifest/manifest.ts';
import { textOfProblem } from './manifest/problem.ts';
import type { Policy } from './manifest/policy.ts';
import { referenceUriOf } from './manifest/reference-uri.ts';
import { manifestSummaryOf } from './report/manifest-summary.ts';
import type { BaselineReference, CheckResult, Finding, Report } from './report/report.ts';
import { headOf } from './report-head.ts';
import type { Snapshot } from './snapshot.ts';
import { restoringReport, unreadableReport } from './unjudged-report.ts';

/** Everything that a verdict on one model's proposal depends on. */
export interface ModelProposal {
  /** Path of the proposed manifest in `proposal`, `models/income/model.yaml`. */
  readonly path: string;
  readonly proposal: Snapshot;
  /** The default branch; undefined when there is none to compare with (a folder on its own). */
  readonly base?: Snapshot;
  /** What production's stable arm runs; undefined before the first version. Its manifest is read from its own snapshot. */
  readonly production?: { readonly snapshot: Snapshot; readonly path: string };
  /** Where `baseline: { version }` is looked up. */
  readonly versions: VersionHistory;
  readonly policy: Policy;
  /** Recorded production rows; undefined when none were recorded. */
  readonly window?: WindowSource;
  /** Another training of the same specification: compared with the artifact by `reproducibility`. */
  readonly retrained?: RetrainedSource;
  /** What the repository and the fleet know beside the files; undefined where nobody could be asked. */
  readonly governance?: Governance;
  readonly waivers: readonly Waiver[];
  /** Set when a held fleet runs exactly this tree: the proposal passes with `manifest/restores`. */
  readonly restores?: { readonly revision: string; readonly since: string };
}

/** A version's binding, as the first-parent history of the default branch tells it. */
export interface VersionBinding {
  readonly model: string;
  readonly version: string;
  readonly revision: string;
  readonly commit: string;
}
export interface VersionHistory {
  /** Every version that the model ever had on the default branch, newest first. */
  bindings(model: string, signal?: AbortSignal): Promise<readonly VersionBinding[]>;
  /** The tree at a binding's commit. */
  snapshot(commit: string): Snapshot;
}

/** A Parquet or CSV file of recorded rows: input columns, and where they are known the label under its own name. */
export interface WindowSource {
  readonly label: string;
  readonly file: string;
}

/** An ONNX file that the training which the manifest pins gave another time. */
export interface RetrainedSource {
  /** Where it comes from: a workflow run's address, or a file's name. */
  readonly label: string;
  readonly file: string;
}

export interface Waiver {
  /** A finding's id, or a check's name for all of its findings as they were. */
  readonly finding: string;
  readonly by: string;
  readonly because: string;
  /** ISO date-time; a waiver past it no longer holds. */
  readonly until: string;
  /** Content keys (`waiverKeyOf`) of the findings that were waived; a finding outside the set is not covered. */
  readonly covers: readonly string[];
}

export interface CheckOptions {
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  /** Content-addressed cache of evidence and fetched artifacts. */
  readonly cacheFolder: string;
  readonly offline?: boolean;
  /** Gathers only what both models answer: for checks of answers alone. */
  readonly answersOnly?: boolean;
  readonly now: Date;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly stage: string; readonly done: number; readonly of: number }) => void;
  /** Called as soon as a check's result stands, so that it can be reported before the others. */
  readonly onResult?: (result: CheckResult) => void;
  /** Called with what is judged, for who tells more than a report holds. */
  readonly onEvidence?: (evidence: Evidence) => void;
}

export type CheckModel = (proposal: ModelProposal, options: CheckOptions) => Promise<Report>;

export type { Finding, LoadedManifest };

export { waiverKeyOf };

/**
 * Judges one model's proposal: evidence is gathered once, every check judges it, and what they find becomes the report. Throws only when the world
 * fails (a tree that cannot be read, a disk that is full); a check that throws is an `error` in its own result.
 */
export const checkModel: CheckModel = async (proposal, options) => {
  const wanted = checks.filter(
    ({ name }) => (options.only?.includes(name) ?? true) && !(options.skip?.includes(name) ?? false),
  );
  const read = await loadManifest(proposal.proposal, proposal.path, proposal.policy, options.signal);
  if (read.kind === 'absent') throw new Error(`there is no manifest ${proposal.path} in ${proposal.proposal.label}`);
  if (read.kind === 'refused') return unreadableReport(read.problems, proposal, wanted, options);
  if (proposal.restores !== undefined)
    return restoringReport(read.loaded, proposal.restores, proposal, wanted, options);
  const prepared = await prepare(read.loaded, proposal, options);
  const gathered = await gatherEvidence(prepared.input);
  const evidence = judgedEvidence(gathered.evidence, prepared, proposal, options);
  options.onEvidence?.(evidence);
  const report = (results: readonly CheckResult[]): Report => ({
    ...headOf(read.loaded, baselineReferenceOf(evidence)),
    conclusion: reportConclusionOf(results),
    checks: results,
    environment: environmentOf(gathered.isolation),
    manifest: manifestSummaryOf(read.loaded.manifest, measuredOf(evidence)),
    evidence: { key: gathered.key, cached: gathered.cached },
  });
  options.onProgress?.({ stage: 'judging', done: 0, of: wanted.length });
  const results = await judgeAll(
    evidence,
    wanted.map(({ name }) => name),
    { policy: proposal.policy, waivers: proposal.waivers, now: options.now },
    {
      cacheFolder: options.cacheFolder,
      ...(gathered.measured === undefined ? {} : { measured: gathered.measured }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(options.onResult === undefined ? {} : { onResult: options.onResult }),
    },
  );
  return report(results);
};

interface Prepared {
  readonly input: GatherInput;
  readonly submitted: LoadedManifest;
  readonly base?: LoadedManifest;
  readonly context: ManifestEvidence;
}

async function prepare(submitted: LoadedManifest, proposal: ModelProposal, options: CheckOptions): Promise<Prepared> {
  const { policy, base: baseTree, versions } = proposal;
  const { signal } = options;
  const { name } = submitted.manifest;
  const base = baseTree === undefined ? undefined : await parsedAt(baseTree, proposal.path, policy, signal);
  const judged = judgedOf(submitted, base, proposal, options);
  const bindings = await versions.bindings(name, signal);
  const placedBase: PlacedManifest | undefined =
    base === undefined || baseTree === undefined ? undefined : { loaded: base, snapshot: baseTree };
  const champion = await championOf(judged, proposal, bindings, signal);
  const context: ManifestEvidence = {
    submitted,
    files: await proposal.proposal.list(signal),
    bindings,
    names: await manifestNames(proposal.proposal, policy, signal),
    goldens: await goldenFilesOf(submitted, proposal.proposal, placedBase, signal),
  };
  const input: GatherInput = {
    proposal: { loaded: judged, snapshot: proposal.proposal },
    ...(placedBase === undefined ? {} : { base: placedBase }),
    champion,
    policy,
    ...(proposal.window === undefined ? {} : { window: proposal.window }),
    ...(proposal.retrained === undefined ? {} : { retrained: proposal.retrained }),
    cacheFolder: options.cacheFolder,
    offline: options.offline ?? false,
    ...(options.answersOnly === undefined ? {} : { answersOnly: options.answersOnly }),
    ...(signal === undefined ? {} : { signal }),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  };
  return { input, submitted, context, ...(base === undefined ? {} : { base }) };
}

/** The manifest at a path of another tree; one that does not parse there counts as none, since it cannot be compared with. */
async function parsedAt(
  tree: Snapshot,
  path: string,
  policy: Policy,
  signal: AbortSignal | undefined,
): Promise<LoadedManifest | undefined> {
  const read = await loadManifest(tree, path, policy, signal);
  return read.kind === 'parsed' ? read.loaded : undefined;
}

/** The proposal's manifest as it is judged; where a loosening was waived the proposal's own value counts. */
function judgedOf(
  submitted: LoadedManifest,
  base: LoadedManifest | undefined,
  { policy, waivers }: ModelProposal,
  { now }: CheckOptions,
  task?: 'binary' | 'multiclass' | 'regression',
): LoadedManifest {
  const waived = loosenedFindings(submitted, base, policy, task)
    .filter((finding) => finding.verdict === 'fail' && waiverFor(finding, waivers, now) !== undefined)
    .map(({ id }) => id);
  const manifest = judgedManifest(submitted.manifest, base?.manifest, policy, {
    waived,
    ...(task === undefined ? {} : { task }),
  });
  return { ...submitted, manifest };
}

/** The default metrics of a manifest that names none depend on the task, which the graph may be the first to tell. */
function judgedEvidence(
  evidence: Evidence,
  { submitted, base, context }: Prepared,
  proposal: ModelProposal,
  options: CheckOptions,
): Evidence {
  const task = evidence.candidate.kind === 'gathered' ? evidence.candidate.value.task : undefined;
  const { governance } = proposal;
  return {
    ...evidence,
    proposal: judgedOf(submitted, base, proposal, options, task),
    context,
    ...(governance === undefined ? {} : { governance }),
    today: options.now.toISOString().slice(0, 'YYYY-MM-DD'.length),
  };
}

async function championOf(
  judged: LoadedManifest,
  { production, versions, policy }: ModelProposal,
  bindings: readonly VersionBinding[],
  signal: AbortSignal | undefined,
): Promise<GatherInput['champion']> {
  const { baseline, name } = judged.manifest;
  if (baseline === 'simple') return { kind: 'simple', why: 'the manifest asks for it' };
  if (baseline === 'production') {
    if (production === undefined) return { kind: 'simple', why: 'no version is in production yet' };
    const loaded = await mustParse(production.snapshot, production.path, policy, signal);
    return { kind: 'production', loaded, snapshot: production.snapshot };
  }
  const { version } = baseline;
  const binding = bindings.findLast((bound) => bound.model === name && bound.version === version);
  if (binding === undefined)
    return { kind: 'simple', why: `version ${version}, which baseline names, never was on the default branch` };
  const snapshot = versions.snapshot(binding.commit);
  return { kind: 'version', loaded: await mustParse(snapshot, judged.path, policy, signal), snapshot };
}

async function mustParse(
  tree: Snapshot,
  path: string,
  policy: Policy,
  signal: AbortSignal | undefined,
): Promise<LoadedManifest> {
  const read = await loadManifest(tree, path, policy, signal);
  if (read.kind === 'parsed') return read.loaded;
  const why = read.kind === 'absent' ? 'there is none' : read.problems.map(textOfProblem).join('; ');
  throw new Error(`the baseline's manifest ${path} in ${tree.label} cannot be read: ${why}`);
}

async function goldenFilesOf(
  submitted: LoadedManifest,
  snapshot: Snapshot,
  base: PlacedManifest | undefined,
  signal: AbortSignal | undefined,
): Promise<ManifestEvidence['goldens']> {
  const own = await goldensAt(submitted, snapshot, signal);
  const before = base === undefined ? undefined : await goldensAt(base.loaded, base.snapshot, signal);
  return { ...(own === undefined ? {} : { proposal: own }), ...(before === undefined ? {} : { base: before }) };
}

async function goldensAt(
  { manifest, folder }: LoadedManifest,
  tree: Snapshot,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const where =
    manifest.evaluation.goldens === undefined ? undefined : referenceUriOf(manifest.evaluation.goldens, folder);
  const bytes = where?.kind === 'path' ? await tree.read(where.path, signal) : undefined;
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
}

function baselineReferenceOf({ baseline }: Evidence): BaselineReference {
  if (baseline.kind === 'simple') return { kind: 'simple' };
  const { manifest, revision } = baseline.manifest;
  return { kind: baseline.kind, version: manifest.version, revision, digest: baseline.digest };
}

/** What the graph tells where the manifest leaves it to it. */
function measuredOf({ candidate, artifact: { session } }: Evidence): Parameters<typeof manifestSummaryOf>[1] {
  return {
    ...(candidate.kind === 'gathered' ? { task: candidate.value.task } : {}),
    ...(session.kind === 'gathered' ? { columns: session.value.inputs.map(({ name }) => name) } : {}),
  };
}
