import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseBackground } from '../../checks/explain/background.ts';
import { withBackground } from './served-background.ts';
import { readServedModel } from './served-model.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-background-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const digestOf = async (file: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

/** The rows that a model is handed over with, whose evaluation data are this CSV. */
async function rowsOf(name: string, graph: string, csv: string) {
  const own = join(folder, name);
  await mkdir(own, { recursive: true });
  const [model, data] = [join(own, 'model.onnx'), join(own, 'evaluation.csv')];
  await copyFile(join(FIXTURES, graph), model);
  await writeFile(data, csv);
  await writeFile(
    join(own, 'model.yaml'),
    `apiVersion: slipway/v1
kind: Model
name: ${name}
version: 1.0.0
artifact: { uri: model.onnx, sha256: "${await digestOf(model)}" }
evaluation: { data: { uri: evaluation.csv, sha256: "${await digestOf(data)}" }, label: label }
`,
  );
  const read = await readServedModel(own);
  if (read.kind === 'refused') throw new Error(read.problems.join('\n'));
  const found = await withBackground(read.model);
  if (found.kind === 'without') throw new Error(found.why);
  return parseBackground(found.model.background?.bytes ?? new Uint8Array()).rows;
}

it('cells are read as the graph takes them: True and False of pandas are booleans', async () => {
  const rows = await rowsOf('flags', 'datatypes/bool.onnx', 'x,label\nTrue,1\nFalse,0\nTrue,1\n');
  expect(rows).toEqual([{ x: true }, { x: false }, { x: true }]);
});

it('digits that the graph takes as text stay text', async () => {
  const row = '41,6.5,52000,0012,1\n';
  const rows = await rowsOf(
    'loans',
    'loans/models/v1_champion.onnx',
    `age,employment_years,income,region,label\n${row}${row}`,
  );
  expect(rows[0]).toEqual({ age: 41, employment_years: 6.5, income: 52_000, region: '0012' });
});
