import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../app/cli/slipway.ts';
import { scoresOf } from '../serving/model/score.ts';
import { openSession } from '../serving/model/session.ts';
import { spreadRows } from '../serving/model/rows.ts';
import type { Report } from './report/report.ts';

const shared = join(import.meta.dirname, '../../shared/data');
/** This project's own, and committed; three more that were trained on others' data are read where they are present. */
const zoo = join(import.meta.dirname, '../fixtures/awkward-models');
const present = existsSync(shared);
const others = join(shared, 'zoo/awkward');

/** What `slipway check` says of each file as an artifact: exit status, and the blocking finding that decides. */
interface Awkward {
  readonly file: string;
  readonly status: 0 | 1 | 2;
  readonly deciding?: string;
  readonly reason?: RegExp;
  /** Columns packed into the input `x`, and the manifest's lines about inputs, outputs and files. */
  readonly manifest?: string;
  readonly files?: readonly string[];
  /** The declared digest is this file's instead. */
  readonly declared?: string;
  /** Row values; four columns a to d by default. */
  readonly columns?: readonly string[];
  readonly cell?: (row: number, column: number) => string;
}

/** Trained on data that may not be committed. */
const elsewhere = new Set(['bit_flip.onnx', 'truncated.onnx']);

const packed = 'inputs: [{ name: x, columns: [a, b, c, d] }]';
const firstOf = (output: string): string =>
  `${packed}\noutputs: { task: regression, score: { output: ${output}, index: 0 } }`;
const single = 'outputs: { task: regression }';

const cases: readonly Awkward[] = [
  {
    file: 'batch_dependent_scaled.onnx',
    status: 1,
    deciding: 'golden/batch',
    reason: /depend on what a row is batched with/,
    manifest: firstOf('y'),
  },
  {
    file: 'bit_flip.onnx',
    status: 1,
    deciding: 'artifact/digest',
    reason: /other bytes than were proposed/,
    declared: 'adult/models/v2_better.onnx',
  },
  {
    file: 'bool_in_string_out.onnx',
    status: 1,
    deciding: 'artifact/score',
    reason: /no output holds a score/,
    columns: ['x'],
    cell: (row) => String(row % 2 === 0),
  },
  { file: 'custom_op.onnx', status: 1, deciding: 'artifact/load', reason: /com\.example:SecretSauce/ },
  { file: 'dynamic_batch.onnx', status: 0, manifest: firstOf('y') },
  { file: 'empty.onnx', status: 1, deciding: 'artifact/graph', reason: /the file is empty/ },
  {
    file: 'external_missing.onnx',
    status: 1,
    deciding: 'artifact/external-data',
    reason: /"nowhere.bin" are not declared/,
  },
  { file: 'external_ok.onnx', status: 0, manifest: firstOf('y'), files: ['weights.bin'] },
  {
    file: 'external_ok.onnx',
    status: 1,
    deciding: 'artifact/external-data',
    reason: /"weights.bin" are not declared/,
    manifest: firstOf('y'),
  },
  {
    file: 'external_traversal.onnx',
    status: 1,
    deciding: 'artifact/external-data',
    reason: /etc\/passwd": the path leaves the model's folder/,
  },
  { file: 'fixed_batch_1.onnx', status: 0, manifest: firstOf('y') },
  { file: 'float64_io.onnx', status: 0, manifest: firstOf('y') },
  { file: 'future_opset.onnx', status: 1, deciding: 'artifact/load', reason: /Opset 99/ },
  { file: 'int4_output.onnx', status: 1, deciding: 'artifact/load', reason: /"y" has type int4/, columns: ['x'] },
  { file: 'int64_identity.onnx', status: 0, manifest: single, columns: ['x'], cell: (row) => String(row * 3) },
  { file: 'lfs_pointer.onnx', status: 1, deciding: 'artifact/graph', reason: /a Git LFS pointer/ },
  {
    file: 'nan_output.onnx',
    status: 1,
    deciding: 'golden/finite',
    reason: /not a finite number/,
    manifest: firstOf('y'),
  },
  { file: 'not_onnx_protobuf.onnx', status: 1, deciding: 'artifact/graph', reason: /some other protobuf/ },
  { file: 'optional_default_input.onnx', status: 0, manifest: firstOf('y') },
  {
    file: 'random_unseeded.onnx',
    status: 1,
    deciding: 'reproducibility/same-session',
    reason: /differ when one session/,
    manifest: firstOf('y'),
  },
  {
    file: 'slow_loop.onnx',
    status: 1,
    deciding: 'artifact/run',
    reason: /too slow to be judged/,
    manifest: single,
    columns: ['x'],
  },
  {
    file: 'three_outputs.onnx',
    status: 1,
    deciding: 'artifact/score',
    reason: /the score cannot be told: 3 outputs/,
    manifest: packed,
  },
  { file: 'three_outputs.onnx', status: 0, manifest: `${packed}\noutputs: { task: regression, score: { output: b } }` },
  { file: 'truncated.onnx', status: 1, deciding: 'artifact/graph', reason: /cut short/ },
  { file: 'undefined_input.onnx', status: 1, deciding: 'artifact/load', reason: /'ghost'/ },
];

/** Answered row by row at four seconds each: refused after the second row, within this policy's limits. */
const policy =
  'limits: { checkMinutes: 1 }\nchecks: { required: [manifest, artifact, golden, baseline, reproducibility] }\n';
const ROWS = 120;

describe('slipway check on each awkward artifact', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'slipway-awkward-'));
    process.env['SLIPWAY_CACHE'] = join(folder, 'cache');
    writeFileSync(join(folder, 'policy.yml'), policy);
  });
  afterAll(() => {
    delete process.env['SLIPWAY_CACHE'];
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(cases.filter(({ file }) => present || !elsewhere.has(file)))(
    '$file: exit status $status, $deciding',
    async (one) => {
      const manifest = await proposalIn(
        join(folder, createHash('sha256').update(JSON.stringify(one)).digest('hex').slice(0, 12)),
        one,
      );
      const { status, report } = await checked(manifest, folder);
      const blocking = report.checks
        .flatMap(({ findings }) => findings)
        .filter(({ verdict, severity }) => severity === 'blocking' && (verdict === 'fail' || verdict === 'error'));
      expect({ status, blocking: blocking.map(({ id, reason }) => `${id}: ${reason}`) }).toMatchObject({
        status: one.status,
      });
      const deciding = one.deciding === undefined ? [] : blocking.filter(({ id }) => id === one.deciding);
      const reasons = deciding.map(({ reason }) => reason);
      expect(reasons.length).toBe(one.deciding === undefined ? 0 : 1);
      expect(reasons.join()).toMatch(one.reason ?? /^$/);
    },
  );

  it.skipIf(!present)(
    'probabilities_do_not_sum.onnx: the score that is used is right, so it passes as v2_better does',
    async () => {
      const root = join(folder, 'do-not-sum');
      const manifest = adultIn(root, join(others, 'probabilities_do_not_sum.onnx'));
      expect((await checked(manifest, folder)).status).toBe(0);
    },
  );

  it('leaves no awkward file out', () => {
    const told = new Set([...cases.map(({ file }) => file), 'probabilities_do_not_sum.onnx']);
    const files = [...readdirSync(zoo), ...(present ? readdirSync(others) : [])];
    expect(files.filter((file) => file.endsWith('.onnx') && !told.has(file))).toEqual([]);
  });
});

async function checked(
  manifest: string,
  folder: string,
): Promise<{ readonly status: number; readonly report: Report }> {
  const result = join(manifest, '..', 'result.json');
  const status = await main(['check', manifest, '--json', result, '--quiet', '--policy', join(folder, 'policy.yml')]);
  return { status, report: JSON.parse(readFileSync(result, 'utf8')) };
}

const digestOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

/** A model's folder whose label is what the model answers, where it answers at all: its regression is then perfect, and only what is awkward can fail. */
async function proposalIn(root: string, one: Awkward): Promise<string> {
  const folder = join(root, 'models', 'awkward');
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(elsewhere.has(one.file) ? others : zoo, one.file), join(folder, 'model.onnx'));
  for (const file of one.files ?? []) copyFileSync(join(zoo, file), join(folder, file));
  const columns = one.columns ?? ['a', 'b', 'c', 'd'];
  // Both signs, several sizes, nothing that repeats.
  const cell = one.cell ?? ((row: number, column: number) => String((((row * 37 + column * 11) % 101) - 40) / 8));
  const rows = Array.from({ length: ROWS }, (_, row) => columns.map((_column, at) => cell(row, at)));
  const labels =
    one.status === 0 ? await answersTo(join(folder, 'model.onnx'), rows, one) : rows.map((_, row) => String(row % 7));
  writeFileSync(
    join(folder, 'evaluation.csv'),
    [[...columns, 'label'].join(','), ...rows.map((cells, row) => [...cells, labels[row]].join(',')), ''].join('\n'),
  );
  const digest = digestOf(one.declared === undefined ? join(folder, 'model.onnx') : join(shared, one.declared));
  const files = (one.files ?? []).map((file) => `{ uri: ${file}, sha256: ${digestOf(join(folder, file))} }`);
  const manifest = join(folder, 'model.yaml');
  writeFileSync(
    manifest,
    `apiVersion: slipway/v1
kind: Model
name: awkward
version: 1.0.0
artifact: { uri: model.onnx, sha256: ${digest}, files: [${files.join(', ')}] }
${one.manifest ?? ''}
evaluation:
  data: { uri: evaluation.csv, sha256: ${digestOf(join(folder, 'evaluation.csv'))} }
  label: label
`,
  );
  return manifest;
}

/** The first value of the score output, row by row, asked of the runtime itself. */
async function answersTo(
  model: string,
  rows: readonly (readonly string[])[],
  one: Awkward,
): Promise<readonly string[]> {
  const session = await openSession({ model });
  const [input] = session.inputs;
  if (input === undefined) throw new Error('a model without inputs');
  const output = /output: (\w+)/.exec(one.manifest ?? '')?.[1] ?? session.outputs[0]?.name ?? '';
  const answers: string[] = [];
  for (const row of spreadRows(rows.length, rows.length)) {
    const numbers = (rows[row] ?? []).map(Number);
    const data =
      input.datatype === 'INT64'
        ? BigInt64Array.from(numbers, BigInt)
        : input.datatype === 'FP64'
          ? Float64Array.from(numbers)
          : Float32Array.from(numbers);
    const shape = input.shape.length === 1 ? [1] : [1, numbers.length];
    const outputs = await session.run(new Map([['x', { datatype: input.datatype, shape, data }]]));
    const { scores } = scoresOf({ task: 'regression', output, index: 0, classes: [], threshold: 0.5 }, outputs, 1);
    answers.push(String(scores[0]));
  }
  await session.close();
  return answers;
}

function adultIn(root: string, model: string): string {
  const folder = join(root, 'models', 'adult');
  mkdirSync(folder, { recursive: true });
  copyFileSync(model, join(folder, 'model.onnx'));
  copyFileSync(join(shared, 'adult/data/evaluation.parquet'), join(folder, 'evaluation.parquet'));
  const manifest = join(folder, 'model.yaml');
  writeFileSync(
    manifest,
    `apiVersion: slipway/v1
kind: Model
name: adult
version: 1.0.0
artifact: { uri: model.onnx, sha256: ${digestOf(join(folder, 'model.onnx'))} }
evaluation:
  data: { uri: evaluation.parquet, sha256: ${digestOf(join(folder, 'evaluation.parquet'))} }
  label: income_gt_50k
`,
  );
  return manifest;
}
