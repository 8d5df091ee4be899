import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultPolicy } from '../manifest/parse-policy.ts';
import { folderSnapshot } from './folder-snapshot.ts';
import { gitHistory } from './git-history.ts';
import { commitOf, gitSnapshot } from './git-snapshot.ts';

let root = '';
const git = (...args: readonly string[]): string =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-C', root, ...args], {
    encoding: 'utf8',
  }).trim();
const manifest = (version: string, digit: string): string =>
  `apiVersion: slipway/v1\nkind: Model\nname: m\nversion: ${version}\nartifact: { uri: model.onnx, sha256: ${digit.repeat(64)} }\nevaluation:\n  data: { uri: e.csv, sha256: ${'c'.repeat(64)} }\n  label: y\n`;
const commit = (version: string, digit: string): string => {
  writeFileSync(join(root, 'models/m/model.yaml'), manifest(version, digit));
  git('add', '.');
  git('commit', '-qm', version);
  return git('rev-parse', 'HEAD');
};

let first = '';
let second = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'slipway snapshots-'));
  mkdirSync(join(root, 'models/m'), { recursive: true });
  git('init', '-q', '-b', 'main');
  writeFileSync(join(root, 'models/m/mödel räw.bin'), Uint8Array.of(0, 255, 10, 13));
  symlinkSync('/etc/hostname', join(root, 'models/m/link'));
  first = commit('1.0.0', 'a');
  second = commit('2.0.0', 'b');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('a commit and a folder', () => {
  it('give the same files, bytes unchanged, whatever their names', async () => {
    const [folder, tree] = [folderSnapshot(root), await gitSnapshot(root, 'main')];
    const path = 'models/m/mödel räw.bin';
    for (const snapshot of [folder, tree]) expect([...((await snapshot.read(path)) ?? [])]).toEqual([0, 255, 10, 13]);
    expect(await tree.list()).toEqual(['models/m/model.yaml', path]);
    expect(tree.commit).toBe(second);
  });

  it('have no file where there is none, or where a link leads out', async () => {
    for (const snapshot of [folderSnapshot(root), await gitSnapshot(root, 'main')])
      for (const path of ['absent', 'models', 'models/m/link', '../x'])
        expect(await snapshot.read(path)).toBeUndefined();
  });

  it('are as they were at that commit', async () => {
    const before = await gitSnapshot(root, first);
    expect(Buffer.from((await before.read('models/m/model.yaml')) ?? []).toString()).toContain('version: 1.0.0');
  });

  it('a ref that is not there is told, and never taken for an option', async () => {
    expect(await commitOf(root, 'nowhere')).toBeUndefined();
    expect(await commitOf(root, '--help')).toBeUndefined();
    await expect(gitSnapshot(root, 'nowhere')).rejects.toThrow('has no commit "nowhere"');
  });
});

it('the first-parent history binds each version to its revision and commit, newest first', async () => {
  const bindings = await gitHistory(root, 'main', defaultPolicy).bindings('m');
  expect(bindings.map(({ version, commit: at }) => [version, at])).toEqual([
    ['2.0.0', second],
    ['1.0.0', first],
  ]);
  expect(new Set(bindings.map(({ revision }) => revision)).size).toBe(2);
  const tree = gitHistory(root, 'main', defaultPolicy).snapshot(first);
  expect(await tree.list()).toContain('models/m/model.yaml');
});
