import type { Specification } from '../../serving/model/specification.ts';
import { revisionOf } from '../../serving/model/specification.ts';
import { durationMs } from './duration.ts';
import type { LoadedManifest, Manifest, ManifestColumn, RolloutStep } from './manifest.ts';
import type * as document from './manifest-document.generated.ts';
import { inconsistencies } from './inconsistencies.ts';
import { cohortMarginFactor, metricFacts, defaultMetrics, type Margin } from './metric-defaults.ts';
import type { Policy } from './policy.ts';
import type { Problem } from './problem.ts';
import { readDocument } from './read-document.ts';
import { withDefaults } from './schema-defaults.ts';
import { schemas } from './schemas.ts';

export type ParsedManifest =
  | { readonly kind: 'parsed'; readonly loaded: LoadedManifest }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

/**
 * A model manifest as it stands in a file, with every default filled in and every problem told at once.
 *
 * Defaults come from `policy.checks.defaults` first, then from the schema; none that a policy may give decides an answer,
 * so the revision is the same under every policy.
 */
export function parseManifest(source: string, path: string, policy?: Policy): ParsedManifest {
  const read = readDocument(source, path, 'model', 'manifest');
  if (read.kind === 'refused') return read;
  const used = new Map<string, unknown>();
  const filled = withDefaults(schemas.model, read.value, used, policy?.checks.defaults);
  // The schema holds and the defaults are filled in: this is the one place where that becomes a type.
  const raw = filled as document.ModelDocument;
  const problems = inconsistencies(raw, read);
  if (problems.length > 0) return { kind: 'refused', problems };
  const steps = used.has('/rollout/steps') ? defaultSteps[raw.rollout.strategy] : undefined;
  if (steps !== undefined) used.set('/rollout/steps', steps);
  const manifest = manifestOf(steps === undefined ? raw : { ...raw, rollout: { ...raw.rollout, steps: [...steps] } });
  const specification = specificationOf(manifest);
  const loaded: LoadedManifest = {
    manifest,
    path,
    folder: folderOf(path),
    specification,
    revision: revisionOf(specification),
    defaults: { ...told(used), ...metricDefaults(manifest) },
    place: (pointer) => read.place(pointer),
    source,
  };
  return { kind: 'parsed', loaded };
}

/** `models/income/model.yaml` → `models/income`; empty for a file at the root. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/**
 * Everything of a manifest that decides an answer. What only decides a verdict (owners, metrics, cohorts, `protected`)
 * leaves the revision as it is.
 */
export function specificationOf(manifest: Manifest): Specification {
  const { artifact, features, inputs, columns, outputs, serving } = manifest;
  const domains = Object.entries(columns)
    .map(([name, { type, min, max, values }]) => [name, defined({ type, min, max, values })] as const)
    .filter(([, domain]) => Object.keys(domain).length > 0);
  return {
    artifact,
    ...(features === undefined ? {} : { features }),
    inputs,
    columns: Object.fromEntries(domains),
    outputs,
    serving: { maxBatch: serving.maxBatch, strictInputs: serving.strictInputs },
  };
}

function manifestOf(raw: document.ModelDocument): Manifest {
  const { data, label, key, time, metrics, cohorts, cohortGap, goldens, corners } = raw.evaluation;
  const { training, tolerance } = raw.reproducibility;
  return defined({
    name: raw.name,
    version: raw.version,
    description: raw.description,
    owners: raw.owners,
    labels: raw.labels,
    artifact: { ...referenceOf(raw.artifact), files: raw.artifact.files.map(referenceOf) },
    features: raw.features === undefined ? undefined : referenceOf(raw.features),
    inputs: raw.inputs.map(({ name, column, columns, shape }) =>
      defined({ name, columns: columns ?? (column === undefined ? [] : [column]), shape }),
    ),
    columns: Object.fromEntries(Object.entries(raw.columns).map(([name, column]) => [name, columnOf(column)])),
    outputs: raw.outputs,
    serving: raw.serving,
    evaluation: defined({
      data: referenceOf(data),
      label,
      key,
      time,
      metrics,
      cohorts: cohorts.map((cohort) => (typeof cohort === 'string' ? { column: cohort } : cohort)),
      cohortGap: { ...cohortGap },
      goldens,
      corners,
    }),
    baseline: raw.baseline,
    breaking: raw.breaking,
    reproducibility: defined({
      tolerance,
      training:
        training === undefined
          ? undefined
          : defined({
              ...training,
              lockfile: training.lockfile === undefined ? undefined : referenceOf(training.lockfile),
              data: training.data.map(referenceOf),
            }),
    }),
    drift: defined({
      reference: raw.drift.reference === undefined ? undefined : referenceOf(raw.drift.reference),
      windowMs: ms(raw.drift.window),
      alpha: raw.drift.alpha,
      effect: { ...raw.drift.effect },
    }),
    performance: raw.performance,
    replay: raw.replay,
    explanation: raw.explanation,
    impact: raw.impact,
    attest: raw.attest,
    readiness: raw.readiness,
    rollout: defined({
      strategy: raw.rollout.strategy,
      steps: raw.rollout.steps.map(stepOf),
      sticky: stickyOf(raw.rollout.sticky),
      analysis: raw.rollout.analysis,
      minimum: raw.rollout.minimum,
      onInsufficient: raw.rollout.onInsufficient,
      onFail: raw.rollout.onFail,
      keepWarmMs: ms(raw.rollout.keepWarm),
    }),
    replicas: raw.replicas,
    lifetime: raw.lifetime,
  });
}

function referenceOf({ uri, sha256 }: document.Reference): { readonly uri: string; readonly sha256: string } {
  return { uri, sha256: sha256.toLowerCase() };
}

function columnOf({ pii, ...column }: document.Column): ManifestColumn {
  return pii === 'hash' ? { ...column, pii: true, hashed: true } : { ...column, pii };
}

const defaultStepMs = 600_000;

/** A canary's default steps stand in the schema; they would contradict the other strategies. */
const defaultSteps: Readonly<Partial<Record<Manifest['rollout']['strategy'], readonly document.Step[]>>> = {
  'blue-green': [],
  shadow: [{ shadow: '10m' }],
  'ab-test': [{ weight: 50, for: '24h' }],
};

function stepOf(step: document.Step): RolloutStep {
  if (step.weight !== undefined) {
    return { kind: 'weight', weight: step.weight, forMs: step.for === undefined ? defaultStepMs : ms(step.for) };
  }
  return step.shadow === undefined ? { kind: 'pause' } : { kind: 'shadow', forMs: ms(step.shadow) };
}

function stickyOf(sticky: document.Rollout['sticky']): Manifest['rollout']['sticky'] {
  if (sticky?.header !== undefined) return { header: sticky.header };
  return sticky?.column === undefined ? undefined : { column: sticky.column };
}

function ms(duration: string): number {
  const parsed = durationMs(duration);
  if (parsed === undefined) throw new Error(`the schema let through ${duration}, which is no duration`);
  return parsed;
}

/** Columns that are not protected are no news. */
function told(used: ReadonlyMap<string, unknown>): Readonly<Record<string, unknown>> {
  return Object.fromEntries([...used].filter(([pointer]) => !pointer.startsWith('/columns/')));
}

/** The margins that a metric's name implies, as the report tells them; by task when the manifest names no metric. */
function metricDefaults(manifest: Manifest): Readonly<Record<string, unknown>> {
  const { metrics } = manifest.evaluation;
  if (metrics.length === 0) {
    const { task } = manifest.outputs;
    return { '/evaluation/metrics': task === undefined ? defaultMetrics : defaultMetrics[task] };
  }
  const entries = metrics.flatMap(({ name, margin, cohortMargin }, index): [string, unknown][] => {
    const pointer = `/evaluation/metrics/${index}`;
    const cohort =
      margin === undefined ? marginText(metricFacts[name].margin, cohortMarginFactor) : cohortMarginFactor * margin;
    return [
      ...(margin === undefined
        ? [[`${pointer}/margin`, marginText(metricFacts[name].margin, 1)] as [string, unknown]]
        : []),
      ...(cohortMargin === undefined ? [[`${pointer}/cohortMargin`, cohort] as [string, unknown]] : []),
    ];
  });
  return Object.fromEntries(entries);
}

function marginText(margin: Margin, factor: number): number | string {
  const value = Number((margin.value * factor).toPrecision(12));
  return margin.kind === 'absolute' ? value : `${value * 100} % of the baseline's value`;
}

/** Keys without a value are left out, so that canonical JSON and `in` agree with what was written. */
function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, child]) => child !== undefined)) as T;
}
