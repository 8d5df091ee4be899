import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultPolicy } from '../manifest/parse-policy.ts';
import { folderSnapshot } from '../snapshots/folder-snapshot.ts';
import { externalDataProblem, locationOf } from './external-data.ts';
import { fetchArtifact } from './fetch-artifact.ts';
import { resolveFile, type ResolveOptions } from './resolve-file.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'slipway-resolve-'));
  mkdirSync(join(root, 'repository/models/m'), { recursive: true });
  writeFileSync(join(root, 'secret'), 'outside');
  writeFileSync(join(root, 'repository/models/m/model.onnx'), 'bytes');
  writeFileSync(join(root, 'repository/models/m/pointer'), 'version https://git-lfs.github.com/spec/v1\n');
  symlinkSync(join(root, 'secret'), join(root, 'repository/models/m/link'));
  symlinkSync('model.onnx', join(root, 'repository/models/m/inner'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function resolve(uri: string, declared?: string, options: Partial<ResolveOptions> = {}, limitMb = 1) {
  return resolveFile({ uri, ...(declared === undefined ? {} : { sha256: declared }) }, limitMb, {
    snapshot: folderSnapshot(join(root, 'repository')),
    folder: 'models/m',
    policy: defaultPolicy,
    cacheFolder: join(root, 'cache'),
    offline: false,
    ...options,
  });
}

describe('a file that a manifest names', () => {
  it('is handed on when its bytes are the declared ones', async () => {
    expect(await resolve('model.onnx', sha256('bytes'))).toMatchObject({ kind: 'file', sha256: sha256('bytes') });
    expect(await resolve('inner', sha256('bytes'))).toMatchObject({ kind: 'file' });
  });

  it.each([
    ['other bytes', 'model.onnx', sha256('other'), /has SHA-256 .* these are other bytes than were proposed/],
    ['a Git LFS pointer in the place of the file', 'pointer', sha256('real'), /a Git LFS pointer/],
    ['no such file', 'absent.onnx', sha256(''), /models\/m\/absent.onnx is not in/],
    ['a path out of the repository', '../../../secret', sha256('outside'), /leaves the repository/],
    ['a link out of the repository', 'link', sha256('outside'), /is not in/],
    ['an absolute path', '/etc/passwd', sha256(''), /absolute path/],
    [
      'a host that the policy does not list',
      'https://models.example/m.onnx',
      sha256(''),
      /not among the policy's artifactHosts/,
    ],
    ['s3, which this version does not fetch', 's3://bucket/m.onnx', sha256(''), /s3:\/\/ is not fetched yet/],
    [
      'a release, which this version does not fetch',
      'release://o/r/v1/m.onnx',
      sha256(''),
      /release:\/\/ is not fetched yet/,
    ],
  ])('is refused for %s', async (_, uri, declared, reason) => {
    expect(await resolve(uri, declared)).toMatchObject({ kind: 'problem', reason: expect.stringMatching(reason) });
  });

  it('is refused above the size limit', async () => {
    expect(await resolve('model.onnx', sha256('bytes'), {}, 0.000001)).toMatchObject({
      kind: 'problem',
      reason: expect.stringContaining('more than'),
    });
  });

  it('is not fetched offline', async () => {
    const policy = { ...defaultPolicy, artifactHosts: ['models.example.org'] };
    expect(await resolve('https://models.example.org/m.onnx', sha256('x'), { policy, offline: true })).toMatchObject({
      kind: 'problem',
      reason: expect.stringContaining('--offline fetches nothing'),
    });
  });
});

it.each([
  ['https://127.0.0.1/m', ['127.0.0.1']],
  ['https://[::1]/m', ['[::1]']],
  ['https://169.254.169.254/latest', ['169.254.169.254']],
  ['https://localhost/m', ['localhost']],
  ['https://models.example.org:8443/m', ['models.example.org']],
])('%s is never asked, even where the policy lists %s', async (url, hosts) => {
  expect(await fetchArtifact(url, { hosts, limitBytes: 10 })).toMatchObject({ kind: 'problem' });
});

describe('external data', () => {
  const declared = new Set(['weights.bin', 'deep/weights.bin']);

  it.each(['weights.bin', './weights.bin', 'deep/weights.bin', 'deep/../weights.bin'])(
    'at %s are loaded when they are declared',
    (location) => {
      expect(externalDataProblem(location, declared)).toBeUndefined();
    },
  );

  it.each([
    '../weights.bin',
    '/etc/passwd',
    'deep/../../x',
    'C:\\x',
    'a\\b',
    '',
    '~/x',
    'other.bin',
    'weights.bin\0.png',
  ])('at %j are refused', (location) => {
    expect(externalDataProblem(location, declared)).toMatch(/^external data at/);
  });

  it('lie where the graph names them: relative to the model file', () => {
    const artifact = { uri: 'onnx/model.onnx', sha256: '', files: [] };
    expect(locationOf(artifact, 'onnx/weights.bin', 'models/m')).toBe('weights.bin');
    expect(locationOf(artifact, 'weights.bin', 'models/m')).toBe('../weights.bin');
    expect(
      locationOf({ ...artifact, uri: 'https://h.example/m.onnx' }, 'https://h.example/m.onnx.data', 'models/m'),
    ).toBe('m.onnx.data');
  });
});
