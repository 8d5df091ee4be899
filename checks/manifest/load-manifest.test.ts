import { describe, expect, test } from 'vitest';
import { changedModels, loadManifest, manifestNames, manifestPaths, type Tree } from './load-manifest.ts';
import { smallestManifest } from './manifest-samples.ts';
import { defaultPolicy } from './parse-policy.ts';

function tree(files: Readonly<Record<string, string>>): Tree {
  return {
    list: async () => Object.keys(files),
    read: async (path) => (files[path] === undefined ? undefined : Buffer.from(files[path])),
  };
}

const manifest = (name: string) => smallestManifest.replace('name: income', `name: ${name}`);
const base = {
  'models/income/model.yaml': manifest('income'),
  'models/income/model.onnx': 'one',
  'models/wages/model.yaml': manifest('wages'),
  'models/wages/deep/model.yaml': 'not a manifest of the glob',
  'shared/rows.parquet': 'rows',
  'README.md': '',
};

test('manifests are found by the glob of the policy', async () => {
  expect(await manifestPaths(tree(base), defaultPolicy)).toEqual([
    'models/income/model.yaml',
    'models/wages/model.yaml',
  ]);
  expect(await manifestPaths(tree(base), { ...defaultPolicy, models: '**/model.yaml' })).toHaveLength(3);
});

test('a manifest that is not there is absent, and one that cannot be read is not among the names', async () => {
  expect(await loadManifest(tree(base), 'models/none/model.yaml', defaultPolicy)).toEqual({ kind: 'absent' });
  const broken = tree({ ...base, 'models/wages/model.yaml': 'name: [' });
  expect(await manifestNames(broken, defaultPolicy)).toEqual([{ path: 'models/income/model.yaml', name: 'income' }]);
});

describe('a model is changed', () => {
  const shared = {
    ...base,
    'models/wages/model.yaml': manifest('wages').replace('uri: evaluation.parquet', 'uri: ../../shared/rows.parquet'),
  };
  test.each([
    ['nothing', base, base, []],
    ['another file of the repository', base, { ...base, 'README.md': 'more' }, []],
    [
      'its artifact',
      base,
      { ...base, 'models/income/model.onnx': 'two' },
      ['changed models/income/model.yaml: models/income/model.onnx'],
    ],
    [
      'a new file of its folder',
      base,
      { ...base, 'models/income/x.csv': '' },
      ['changed models/income/model.yaml: models/income/x.csv'],
    ],
    [
      'a new model',
      base,
      { ...base, 'models/rent/model.yaml': manifest('rent') },
      ['added models/rent/model.yaml: models/rent/model.yaml'],
    ],
    [
      'a file elsewhere that its manifest names',
      shared,
      { ...shared, 'shared/rows.parquet': 'other' },
      ['changed models/wages/model.yaml: shared/rows.parquet'],
    ],
  ])('%s', async (_, before, after, expected) => {
    const changes = await changedModels(tree(after), tree(before), defaultPolicy);
    expect(changes.map(({ kind, path, files }) => `${kind} ${path}: ${files.join(', ')}`)).toEqual(expected);
  });

  test('and removed, when its manifest is', async () => {
    const { 'models/income/model.yaml': _, ...rest } = base;
    expect(await changedModels(tree(rest), tree(base), defaultPolicy)).toMatchObject([
      { kind: 'removed', path: 'models/income/model.yaml', folder: 'models/income' },
    ]);
  });

  test('by digests alone, where the trees know them: no file is read for it', async () => {
    const known = (files: Readonly<Record<string, string>>): Tree => ({
      ...tree(files),
      digests: async () => new Map(Object.entries(files).map(([path, text]) => [path, `digest of ${text}`])),
      read: async (path) => {
        if (!path.endsWith('.yaml')) throw new Error(`${path} is read`);
        return tree(files).read(path);
      },
    });
    expect(
      await changedModels(known({ ...base, 'models/income/model.onnx': 'two' }), known(base), defaultPolicy),
    ).toHaveLength(1);
  });
});
