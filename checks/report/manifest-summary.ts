import type { Impact, Manifest, Training } from '../manifest/manifest.ts';
import type { ArtifactReference } from '../../serving/model/specification.ts';

/** What a report carries of the manifest that it judged: enough for a model card and a bill of materials, without a second file. */
export interface ManifestSummary {
  readonly description?: string;
  readonly owners: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** The model file, and other files that it loads. */
  readonly artifact: ArtifactReference & { readonly files: readonly ArtifactReference[] };
  readonly task?: 'binary' | 'multiclass' | 'regression';
  readonly inputs: readonly InputSummary[];
  readonly outputs: { readonly classes?: readonly (string | number)[]; readonly threshold?: number };
  readonly evaluation: ArtifactReference & { readonly label: string; readonly cohorts: readonly string[] };
  readonly reference?: ArtifactReference;
  readonly training?: Training;
  readonly impact?: Impact;
  readonly reviewBy?: string;
}

export interface InputSummary {
  readonly column: string;
  readonly type?: string;
  readonly protected?: true;
  readonly pii?: true;
  /** Why a protected column is an input. */
  readonly why?: string;
}

/** `measured`: task and input columns as the graph told them, where the manifest leaves them to it. */
export function manifestSummaryOf(
  manifest: Manifest,
  measured: { readonly task?: ManifestSummary['task']; readonly columns?: readonly string[] } = {},
): ManifestSummary {
  const { description, owners, labels, artifact, inputs, columns, outputs, evaluation, drift, impact, lifetime } =
    manifest;
  const { training } = manifest.reproducibility;
  const task = outputs.task ?? measured.task;
  const named = inputs.flatMap((input) => input.columns);
  const read = named.length > 0 ? named : (measured.columns ?? []);
  return {
    ...(description === undefined ? {} : { description }),
    owners,
    labels,
    artifact: { uri: artifact.uri, sha256: artifact.sha256, files: artifact.files },
    ...(task === undefined ? {} : { task }),
    inputs: [...new Set(read)].map((column) => inputOf(column, columns[column])),
    outputs: {
      ...(outputs.classes === undefined ? {} : { classes: outputs.classes }),
      ...(outputs.threshold === undefined ? {} : { threshold: outputs.threshold }),
    },
    evaluation: {
      uri: evaluation.data.uri,
      sha256: evaluation.data.sha256,
      label: evaluation.label,
      cohorts: evaluation.cohorts.map(({ column }) => column),
    },
    ...(drift.reference === undefined ? {} : { reference: drift.reference }),
    ...(training === undefined ? {} : { training }),
    ...(impact === undefined ? {} : { impact }),
    ...(lifetime?.reviewBy === undefined ? {} : { reviewBy: lifetime.reviewBy }),
  };
}

const inputOf = (column: string, declared: Manifest['columns'][string] | undefined): InputSummary => ({
  column,
  ...(declared?.type === undefined ? {} : { type: declared.type }),
  ...(declared?.protected === true ? { protected: true as const } : {}),
  ...(declared?.pii === true ? { pii: true as const } : {}),
  ...(declared?.why === undefined ? {} : { why: declared.why }),
});
