import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseManifest } from '../../checks/manifest/parse-manifest.ts';
import type { RevisionTarget, SelfTest } from '../fleet.ts';

const MODELS = new URL('../../fixtures/loans/models/', import.meta.url);

/** What the story of the made-up loans calls its models. */
export type LoansModel =
  | 'v1_champion'
  | 'v1b_equivalent'
  | 'v2_better'
  | 'v3_cohort_regression'
  | 'v4_nondeterministic';

export function loansBytes(name: LoansModel): Uint8Array {
  return readFileSync(new URL(`${name}.onnx`, MODELS));
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Every loans model by its digest. */
export function loansFiles(): ReadonlyMap<string, Uint8Array> {
  const names: readonly LoansModel[] = [
    'v1_champion',
    'v1b_equivalent',
    'v2_better',
    'v3_cohort_regression',
    'v4_nondeterministic',
  ];
  return new Map(names.map((name) => [sha256Of(loansBytes(name)), loansBytes(name)]));
}

/** A record that every loans model can answer. */
export const loansRecord = {
  age: 41,
  income: 52_000,
  debt_ratio: 0.31,
  employment_years: 6.5,
  region: 'west',
  group: 'A',
};

/** A manifest of a graph, with whatever else is said of it, as a fleet is told. */
export function revisionOfManifest(manifest: string, selfTests: readonly SelfTest[] = []): RevisionTarget {
  const parsed = parseManifest(manifest, 'model.yaml');
  if (parsed.kind === 'refused') throw new Error(parsed.problems.map(({ reason }) => reason).join('; '));
  const { manifest: read, revision, specification } = parsed.loaded;
  const files = [specification.artifact, ...specification.artifact.files];
  return {
    model: read.name,
    version: read.version,
    revision,
    manifest,
    files: Object.fromEntries(files.map(({ uri, sha256 }) => [uri, sha256])),
    selfTests,
    provenance: { repository: 'acme/models', commit: 'c0ffee', pullRequest: 7, approvals: ['ana'], checks: [] },
  };
}

/** A manifest of one graph of a folder of fixtures, named after it. */
export function awkwardRevision(
  file: string,
  more = '',
  from = 'awkward-models',
): { readonly target: RevisionTarget; readonly bytes: ReadonlyMap<string, Uint8Array> } {
  const folder = new URL(`../../fixtures/${from}/`, import.meta.url);
  const model = readFileSync(new URL(file, folder));
  const weights = readFileSync(new URL('../../fixtures/awkward-models/weights.bin', import.meta.url));
  const files = file === 'external_ok.onnx' ? `, files: [{ uri: weights.bin, sha256: ${sha256Of(weights)} }]` : '';
  const target = revisionOfManifest(`apiVersion: slipway/v1
kind: Model
name: ${file.replace('.onnx', '').replaceAll('_', '-')}
version: 1.0.0
artifact: { uri: model.onnx, sha256: ${sha256Of(model)}${files} }
${more}
evaluation:
  data: { uri: evaluation.parquet, sha256: ${'ab'.repeat(32)} }
  label: y
`);
  return { target, bytes: new Map([model, weights].map((bytes) => [sha256Of(bytes), bytes])) };
}

export function loansRevision(
  version: string,
  name: LoansModel,
  selfTests: readonly SelfTest[] = [],
  model = 'loans',
): RevisionTarget {
  return revisionOfManifest(
    `apiVersion: slipway/v1
kind: Model
name: ${model}
version: ${version}
artifact: { uri: model.onnx, sha256: ${sha256Of(loansBytes(name))} }
columns:
  age: { type: number, min: 18, max: 100 }
outputs: { score: { output: probabilities, index: 1 } }
evaluation:
  data: { uri: evaluation.parquet, sha256: ${'ab'.repeat(32)} }
  label: defaulted
`,
    selfTests,
  );
}
