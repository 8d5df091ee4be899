import type {
  ArtifactEvidence,
  Answers,
  BaselineEvidence,
  DriftEvidence,
  Evidence,
  Missing,
  Part,
} from './evidence.ts';
import type { GatherInput } from './gather-evidence.ts';
import type { PartName, Parts } from './job.ts';
import { gathered, missing } from './missing.ts';
import type { Plan } from './plan-job.ts';
import type { Files } from './proposal-files.ts';
import type { ResolvedFile } from './resolve-file.ts';
import type { MeasuredParts } from './run-job.ts';

/** What was measured, and why the rest is not there, as evidence. */
export function evidenceOf(input: GatherInput, files: Files, plan: Plan, parts: MeasuredParts): Evidence {
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
    ...laterParts(parts, files),
    ...retrainedOf(plan, files, parts, rest),
  };
}

const LATER = ['replay', 'performance', 'explanation'] as const;

/** Parts that are there only where there was something to measure. */
function laterParts(parts: MeasuredParts, { reference }: Files): Partial<Evidence> {
  const measured = Object.fromEntries(
    LATER.flatMap((name) => (parts[name] === undefined ? [] : [[name, parts[name]]])),
  );
  if (reference?.kind === 'problem') return { ...measured, reference: missing('manifest', reference.reason) };
  return parts.reference === undefined ? measured : { ...measured, reference: parts.reference };
}

/** Whoever handed a retrained artifact over is told what became of it, also where nothing could be measured. */
function retrainedOf(plan: Plan, files: Files, parts: MeasuredParts, rest: Missing): Pick<Evidence, 'retrained'> {
  if (files.retrained === undefined) return {};
  const problem = plan.kind === 'run' ? plan.retrainedProblem : undefined;
  return { retrained: problem ?? parts.retrained ?? rest };
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
    ...(parts.limit === undefined ? {} : { limit: parts.limit }),
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
