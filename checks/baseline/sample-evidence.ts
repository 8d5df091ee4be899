import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTable } from '../data/read-table.ts';
import type { Answers, EvaluationData, Evidence, Labels } from '../evidence/evidence.ts';
import { gathered, missing } from '../evidence/missing.ts';
import { smallestManifest } from '../manifest/manifest-samples.ts';
import type { Evaluation, LoadedManifest, ManifestColumn } from '../manifest/manifest.ts';
import { parseManifest } from '../manifest/parse-manifest.ts';
import { defaultPolicy } from '../manifest/parse-policy.ts';
import type { Policy } from '../manifest/policy.ts';

/** Evidence made from answers on rows, for tests of the checks that judge rows. */
export interface SampleEvidence {
  readonly data: EvaluationData;
  readonly candidate: Answers;
  /** Undefined: there is no champion. */
  readonly champion?: Answers;
  readonly evaluation?: Partial<Evaluation>;
  readonly columns?: Readonly<Record<string, Partial<ManifestColumn>>>;
  /** The candidate's input columns. */
  readonly inputs?: readonly string[];
  readonly policy?: Partial<Policy['checks']>;
}

export function sampleEvidence(sample: SampleEvidence): Evidence {
  const parsed = parseManifest(smallestManifest, 'models/income/model.yaml');
  if (parsed.kind === 'refused') throw new Error('the smallest manifest is valid');
  const proposal = withParts(parsed.loaded, sample);
  const champion = { ...parsed.loaded, manifest: { ...parsed.loaded.manifest, version: '1.0.0' } };
  return {
    proposal,
    policy: { ...defaultPolicy, checks: { ...defaultPolicy.checks, ...sample.policy } },
    artifact: {
      files: [],
      graph: missing('artifact', 'not looked at'),
      session: missing('artifact', 'not looked at'),
      misfits: [],
    },
    baseline:
      sample.champion === undefined
        ? { kind: 'simple', why: 'nothing is in production yet' }
        : { kind: 'production', manifest: champion, digest: 'sha256:00', answers: gathered(sample.champion) },
    evaluation: gathered(sample.data),
    candidate: gathered(sample.candidate),
    goldens: gathered([]),
    corners: gathered([]),
    repeats: gathered([]),
    drift: { against: { kind: 'none', why: 'nothing was recorded in production' } },
  };
}

function withParts(loaded: LoadedManifest, { evaluation, columns = {}, inputs = [] }: SampleEvidence): LoadedManifest {
  const { manifest, specification } = loaded;
  return {
    ...loaded,
    manifest: {
      ...manifest,
      evaluation: { ...manifest.evaluation, ...evaluation },
      columns: Object.fromEntries(
        Object.entries(columns).map(([name, column]) => [name, { protected: false, pii: false, ...column }]),
      ),
    },
    specification: { ...specification, inputs: inputs.map((name) => ({ name, columns: [name] })) },
  };
}

/** Where the fixtures lie that may not be committed; tests of them are skipped where the folder is absent. */
export const sharedData = join(import.meta.dirname, '../../../shared/data');

/** A fixture's rows with labels, and its models' recorded answers. */
export async function fixture(set: 'adult' | 'bike' | 'loans', split = 'evaluation') {
  const label = { adult: 'income_gt_50k', bike: 'cnt', loans: 'defaulted' }[set];
  const read = await readTable(readFileSync(join(sharedData, set, 'data', `${split}.csv`)), { name: `${split}.csv` });
  if (read.kind === 'refused') throw new Error(`${set} ${split} can be read`);
  const column = read.table.columns.get(label);
  if (column?.kind !== 'number') throw new Error(`${set}'s label is a number`);
  const labels: Labels =
    set === 'bike'
      ? { kind: 'values', values: column.values }
      : { kind: 'classes', classes: [0, 1], codes: Int32Array.from(column.values) };
  const answers = (model: string): Answers => {
    const bytes = readFileSync(join(sharedData, set, 'predictions', `${model}.${split}.f32`));
    const scores = Float64Array.from(
      new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)),
    );
    return set === 'bike'
      ? { task: 'regression', rows: scores.length, scores }
      : { task: 'binary', rows: scores.length, classes: [0, 1], scores, threshold: 0.5, probabilities: true };
  };
  return { data: { table: read.table, labels } satisfies EvaluationData, answers };
}
