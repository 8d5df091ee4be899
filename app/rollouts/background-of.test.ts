import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseBackground } from '../../checks/explain/background.ts';
import { parseManifest } from '../../checks/manifest/parse-manifest.ts';
import { defaultPolicy } from '../../checks/manifest/parse-policy.ts';
import { folderSnapshot } from '../../checks/snapshots/folder-snapshot.ts';
import { backgroundFrom } from './background-of.ts';

const LOANS = join(import.meta.dirname, '../../fixtures/loans');
const COLUMNS = ['age', 'debt_ratio', 'employment_years', 'group', 'income', 'region'];

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'slipway-background-'));
  await mkdir(join(root, 'models/loans'), { recursive: true });
  await copyFile(join(LOANS, 'models/v2_better.onnx'), join(root, 'models/loans/model.onnx'));
  await copyFile(join(LOANS, 'data/evaluation.csv'), join(root, 'models/loans/evaluation.csv'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function backgroundOf(more = '', data = 'evaluation.csv') {
  const digestOf = async (file: string): Promise<string> =>
    createHash('sha256')
      .update(await readFile(join(root, 'models/loans', file)))
      .digest('hex');
  const path = 'models/loans/model.yaml';
  const manifest = `apiVersion: slipway/v1
kind: Model
name: loans
version: 2.0.0
artifact: { uri: model.onnx, sha256: ${await digestOf('model.onnx')} }
evaluation: { data: { uri: ${data}, sha256: ${await digestOf('evaluation.csv')} }, label: defaulted, key: row_id }
${more}`;
  await writeFile(join(root, path), manifest);
  const parsed = parseManifest(manifest, path, defaultPolicy);
  if (parsed.kind === 'refused') throw new Error(parsed.problems.map(({ reason }) => reason).join('; '));
  const make = backgroundFrom(join(root, 'cache'));
  const bytes = await make(parsed.loaded, folderSnapshot(root), AbortSignal.timeout(60_000), defaultPolicy);
  return bytes === undefined ? undefined : { bytes, ...parseBackground(bytes) };
}

it('is a sample of the evaluation rows with the columns that the model takes: no label, no key', async () => {
  const [found, again] = [await backgroundOf(), await backgroundOf()];
  expect(found?.dataRows).toBe(2000);
  expect(found?.rows).toHaveLength(100);
  for (const row of found?.rows ?? []) expect(Object.keys(row).toSorted()).toEqual(COLUMNS);
  expect(found?.rows[0]).toEqual({
    age: 28,
    income: 21200,
    debt_ratio: 0.3344,
    employment_years: 1.9,
    region: 'west',
    group: 'A',
  });
  expect(again?.bytes).toEqual(found?.bytes);
});

it('has as many rows as the manifest says that one row is explained against', async () => {
  expect((await backgroundOf('explanation: { background: 20 }'))?.rows).toHaveLength(20);
});

it('is not made where a column that the model takes is private, nor where there are no rows', async () => {
  expect(await backgroundOf('columns: { region: { pii: true } }')).toBeUndefined();
  expect(await backgroundOf('', 'nowhere.csv')).toBeUndefined();
});
