import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Manifest } from '../../checks/manifest/manifest.ts';
import { parseManifest } from '../../checks/manifest/parse-manifest.ts';
import { textOfProblem } from '../../checks/manifest/problem.ts';
import { type CommandArguments, type CommandIo, EXIT, UsageError } from './command.ts';
import { init } from './init.ts';

const fixtures = resolve(import.meta.dirname, '../../fixtures');
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-init-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
  readonly json: unknown;
}

async function run(positionals: readonly string[], values: CommandArguments['values']): Promise<Ran> {
  const said = { out: '', err: '', json: undefined as unknown };
  const io: CommandIo = {
    out: (text) => void (said.out += `${text}\n`),
    err: (text) => void (said.err += `${text}\n`),
    progress: () => {},
    json: async (value) => void (said.json = value),
    jsonLine: async () => {},
    wantsJson: true,
    color: false,
    signal: new AbortController().signal,
  };
  return { status: await init.run({ positionals, values }, io), ...said };
}

function model(set: string, name: string): string {
  return join(fixtures, set, 'models', `${name}.onnx`);
}
function data(set: string, file: string): string {
  return join(fixtures, set, 'data', file);
}

async function written(name: string): Promise<Manifest> {
  const path = join(folder, name, 'model.yaml');
  const parsed = parseManifest(await readFile(path, 'utf8'), path);
  if (parsed.kind === 'refused') throw new Error(parsed.problems.map(textOfProblem).join('\n'));
  return parsed.loaded.manifest;
}

describe('init writes a manifest from what the graph and the data say', () => {
  test('inputs named like columns need no word; the score, the classes and what was measured are written out', async () => {
    const out = join(folder, 'loans');
    const { status, out: said } = await run([model('loans', 'v2_better')], {
      data: data('loans', 'evaluation.csv'),
      label: 'defaulted',
      out,
      name: 'loans',
    });
    expect(status).toBe(EXIT.good);
    const manifest = await written('loans');
    expect(manifest.inputs).toEqual([]);
    expect(manifest.outputs).toEqual({
      task: 'binary',
      score: { output: 'probabilities', index: 1 },
      classes: [0, 1],
      threshold: 0.5,
    });
    // fixtures/loans/expected.json: 0.829501…, 0.388432…
    expect(manifest.evaluation.metrics).toMatchObject([
      { name: 'roc_auc', min: 0.78, claimed: 0.829501 },
      { name: 'log_loss', claimed: 0.388432 },
    ]);
    expect((await readdir(out)).toSorted()).toEqual(['evaluation.csv', 'model.onnx', 'model.yaml']);
    expect(await readFile(join(out, 'model.yaml'), 'utf8')).toContain('#   group: { protected: true');
    expect(said).toContain(`Next: slipway check ${out}`);
  });

  test('margins are those that the rows can decide: wider than the default where there are few rows', async () => {
    await run([model('loans', 'v2_better')], {
      data: data('loans', 'evaluation.csv'),
      label: 'defaulted',
      out: join(folder, 'loans'),
      name: 'loans',
    });
    const [auc] = (await written('loans')).evaluation.metrics;
    expect(auc?.margin).toBeGreaterThan(0.005);
    expect(auc?.margin).toBeLessThan(0.03);
  });

  test('a list column has its shape; many classes stay in their order', async () => {
    await run([model('digits', 'v2_better')], {
      data: data('digits', 'evaluation.parquet'),
      label: 'digit',
      out: join(folder, 'digits'),
      name: 'digits',
    });
    expect(await written('digits')).toMatchObject({
      inputs: [{ name: 'pixels', columns: ['pixels'], shape: [64] }],
      outputs: { task: 'multiclass', score: { output: 'probabilities' }, classes: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] },
    });
  });

  test('an amount is a regression', async () => {
    await run([model('diabetes', 'v2_better')], {
      data: data('diabetes', 'evaluation.csv'),
      label: 'progression',
      out: join(folder, 'diabetes'),
      name: 'diabetes',
    });
    expect((await written('diabetes')).outputs).toEqual({ task: 'regression', score: { output: 'prediction' } });
  });

  test('files that lie in the folder already are left where they are', async () => {
    const out = join(folder, 'wine');
    await mkdir(join(out, 'rows'), { recursive: true });
    await copyFile(model('wine', 'v2_better'), join(out, 'cultivar.onnx'));
    await copyFile(data('wine', 'evaluation.csv'), join(out, 'rows', 'held-out.csv'));
    await run([join(out, 'cultivar.onnx')], {
      data: join(out, 'rows', 'held-out.csv'),
      label: 'cultivar',
      out,
      name: 'wine',
    });
    const manifest = await written('wine');
    expect([manifest.artifact.uri, manifest.evaluation.data.uri]).toEqual(['cultivar.onnx', 'rows/held-out.csv']);
    expect((await readdir(out)).toSorted()).toEqual(['cultivar.onnx', 'model.yaml', 'rows']);
  });

  test('an MLflow model is its onnx flavour, and its signature says the order of columns', async () => {
    const source = join(folder, 'mlflow');
    await mkdir(source);
    await copyFile(join(fixtures, 'awkward-models', 'dynamic_batch.onnx'), join(source, 'model.onnx'));
    const signature = JSON.stringify(['d', 'c', 'b', 'a'].map((name) => ({ type: 'double', name })));
    await writeFile(
      join(source, 'MLmodel'),
      `flavors:\n  onnx: { data: model.onnx, onnx_version: 1.19.0 }\n  python_function: { loader_module: mlflow.onnx }\nsignature:\n  inputs: '${signature}'\n`,
    );
    const rows = Array.from({ length: 20 }, (_, row) => `${row},${row % 3},${row % 5},${row % 7},${row % 3}`);
    await writeFile(join(folder, 'rows.csv'), `a,b,c,d,y\n${rows.join('\n')}\n`);
    const { status, out, err } = await run([source], {
      data: join(folder, 'rows.csv'),
      label: 'y',
      out: join(folder, 'mlflow-model'),
      name: 'mlflow-model',
    });
    expect([err, status]).toEqual(['', EXIT.good]);
    expect(out).toContain('the signature in MLmodel');
    expect((await written('mlflow-model')).inputs).toEqual([{ name: 'x', columns: ['d', 'c', 'b', 'a'] }]);
  });

  test('external weights are copied beside the model, each with its digest', async () => {
    await writeFile(
      join(folder, 'rows.csv'),
      `a,b,c,d,y\n${Array.from({ length: 20 }, (_, row) => `${row},1,2,3,${row % 3}`).join('\n')}\n`,
    );
    const { err } = await run([join(fixtures, 'awkward-models', 'external_ok.onnx')], {
      data: join(folder, 'rows.csv'),
      label: 'y',
      columns: 'a,b,c,d',
      out: join(folder, 'weights'),
      name: 'weights',
    });
    expect(err).toBe('');
    expect((await written('weights')).artifact.files).toMatchObject([{ uri: 'weights.bin' }]);
    expect(await readdir(join(folder, 'weights'))).toContain('weights.bin');
  });
});

test('check accepts what init wrote', { timeout: 120_000 }, async () => {
  const out = join(folder, 'loans');
  await run([model('loans', 'v2_better')], {
    data: data('loans', 'evaluation.csv'),
    label: 'defaulted',
    out,
    name: 'loans',
  });
  const program = resolve(import.meta.dirname, 'slipway.mjs');
  const report = join(folder, 'report.json');
  const env = { ...process.env, SLIPWAY_CACHE: join(folder, 'cache') };
  await promisify(execFile)(process.execPath, [program, 'check', out, '--quiet', '--json', report], {
    env,
    timeout: 110_000,
  });
  expect(JSON.parse(await readFile(report, 'utf8'))).toMatchObject({ model: 'loans', conclusion: 'success' });
});

describe('init refuses what check would refuse, and says what would help', () => {
  const loans = { data: data('loans', 'evaluation.csv'), label: 'defaulted' };
  const awkward = (name: string) => join(fixtures, 'awkward-models', `${name}.onnx`);
  const cases: readonly (readonly [string, string, CommandArguments['values'], string])[] = [
    [
      'a label that is not there',
      model('loans', 'v2_better'),
      { ...loans, label: 'default' },
      'no such column; the file has "row_id", "age"',
    ],
    [
      'a label that is an input',
      model('loans', 'v2_better'),
      { ...loans, label: 'income' },
      'the graph\'s input "income" is the label',
    ],
    [
      'columns that no count tells',
      awkward('dynamic_batch'),
      { data: data('wine', 'evaluation.csv'), label: 'cultivar' },
      'Name the columns in the order the model was trained with: --columns a,b,c',
    ],
    [
      'columns of the wrong count',
      awkward('dynamic_batch'),
      { ...loans, columns: 'age,income' },
      '--columns names 2 columns, and one row of input "x" is 4 values',
    ],
    [
      'a column that is not there',
      awkward('dynamic_batch'),
      { ...loans, columns: 'age,income,debt_ratio,heigth' },
      '--columns names "heigth", which the data do not have',
    ],
    ['an operator that is not known', awkward('custom_op'), loans, 'does not load'],
    ['an output that cannot travel', awkward('int4_output'), loans, 'Add a Cast to int8 or float32'],
    ['weights that are not there', awkward('external_missing'), loans, 'its weights lie in nowhere.bin'],
    ['weights outside of the folder', awkward('external_traversal'), loans, 'outside of its folder'],
    ['no model', awkward('lfs_pointer'), loans, 'this is a Git LFS pointer'],
    ['an empty file', awkward('empty'), loans, 'the file is empty (0 bytes)'],
  ];
  test.each(cases)('%s', async (_, file, values, expected) => {
    const { status, err, json } = await run([file], { ...values, out: join(folder, 'loans'), name: 'loans' });
    expect(err).toContain(expected);
    expect(status).toBe(EXIT.failed);
    expect(json).toHaveProperty('refused');
    expect(await readdir(folder)).toEqual([]);
  });

  test('a manifest that is there already is kept, unless it is forced', async () => {
    const out = join(folder, 'loans');
    await mkdir(out);
    await writeFile(join(out, 'model.yaml'), 'mine');
    const values = { ...loans, out, name: 'loans' };
    expect(await run([model('loans', 'v2_better')], values)).toMatchObject({
      status: EXIT.failed,
      err: expect.stringContaining('is there already'),
    });
    expect(await readdir(out)).toEqual(['model.yaml']);
    expect((await run([model('loans', 'v2_better')], { ...values, force: true })).status).toBe(EXIT.good);
    expect((await written('loans')).name).toBe('loans');
  });

  test.each([
    ['no model', [], {}, 'no model was named'],
    ['no data', ['m.onnx'], {}, '--data is missing'],
    ['no label', ['m.onnx'], { data: 'd.csv' }, '--label is missing'],
    ['a name that no model may have', ['m.onnx'], { data: 'd.csv', label: 'y', name: 'My Model' }, 'such as my-model'],
    ['a model that is not there', ['nowhere.onnx'], { data: 'd.csv', label: 'y' }, 'there is no nowhere.onnx'],
  ])('wrong usage: %s', async (_, positionals, values, expected) => {
    await expect(run(positionals, values)).rejects.toThrow(expected);
    await expect(run(positionals, values)).rejects.toBeInstanceOf(UsageError);
  });
});
