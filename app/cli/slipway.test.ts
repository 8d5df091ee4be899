import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const bin = join(import.meta.dirname, 'slipway.mjs');
const loans = join(import.meta.dirname, '../../fixtures/loans');
let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'slipway cli-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Runs the command as a user would, in a folder of its own. */
function slipway(folder: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: root, SLIPWAY_CACHE: join(root, 'cache'), ORT_DISABLE_TELEMETRY: '1' },
  });
  return { status, stdout, stderr };
}

function modelIn(repository: string, model: string, version: string): string {
  const folder = join(repository, 'models/loans');
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(loans, 'models', `${model}.onnx`), join(folder, 'model.onnx'));
  copyFileSync(join(loans, 'data/evaluation.parquet'), join(folder, 'evaluation.parquet'));
  const digest = (file: string): string =>
    createHash('sha256')
      .update(readFileSync(join(folder, file)))
      .digest('hex');
  writeFileSync(
    join(folder, 'model.yaml'),
    `apiVersion: slipway/v1\nkind: Model\nname: loans\nversion: ${version}\nartifact: { uri: model.onnx, sha256: ${digest('model.onnx')} }\nevaluation:\n  data: { uri: evaluation.parquet, sha256: ${digest('evaluation.parquet')} }\n  label: defaulted\n  cohorts: [group]\n`,
  );
  return folder;
}

const git = (folder: string, ...args: readonly string[]): string =>
  execFileSync('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
    encoding: 'utf8',
  });

describe('slipway', () => {
  it('lists its commands, and tells its version', () => {
    const { status, stdout } = slipway(root, '--help');
    expect([status, stdout]).toEqual([0, expect.stringMatching(/check .*\n/)]);
    expect(slipway(root, '--version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('goes on to its exit status when its reader has left', () => {
    const folder = join(root, 'read by head');
    mkdirSync(folder);
    const rows = Array.from({ length: 400 }, (_, i) => `${i},${Math.sin(i)}`).join('\n');
    writeFileSync(join(folder, 'a.csv'), `at,x\n${rows}\n`);
    const { status, stderr } = spawnSync(
      'bash',
      ['-c', 'set -o pipefail; "$0" "$1" drift a.csv a.csv --columns at,x | true', process.execPath, bin],
      { cwd: folder, encoding: 'utf8', env: { PATH: process.env['PATH'], HOME: root, ORT_DISABLE_TELEMETRY: '1' } },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it.each([
    [['chekc'], /There is no command "chekc". Did you mean check\?/],
    [[], /slipway COMMAND/],
    [['check', '--agains', 'x'], /Unknown option '--agains'/],
    [['check', 'nowhere'], /nowhere: there is no such file or folder/],
    [['check', '--only', 'basline'], /--only basline: there is no such check; there are manifest, artifact/],
    [['check', '.'], /holds no manifest/],
    [['check', '--window', 'none.csv', '.'], /none.csv: there is no such file/],
    [['bench', '--connections', 'many'], /--connections many: a number above 0/],
    [['bench'], /no models\/\*\/model.yaml here/],
  ])('%j is wrong usage: status 64, and what was expected', (args, message) => {
    const { status, stderr, stdout } = slipway(root, ...args);
    expect([status, stdout]).toEqual([64, '']);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe('slipway check', () => {
  it('on a folder on its own says first what it comes to, and writes JSON, Markdown and JUnit where it is told', () => {
    const repository = join(root, 'alone');
    modelIn(repository, 'v2_better', '2.0.0');
    const { status, stdout, stderr } = slipway(
      repository,
      'check',
      'models/loans',
      '--markdown',
      'out/report.md',
      '--junit',
      'out/report.xml',
      '--json',
      'out.json',
    );
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^loans 2\.0\.0 against a trivial model: may be merged\n/);
    expect(JSON.parse(readFileSync(join(repository, 'out.json'), 'utf8'))).toMatchObject({
      model: 'loans',
      conclusion: 'success',
    });
    expect(readFileSync(join(repository, 'out/report.md'), 'utf8')).toContain('loans');
    expect(readFileSync(join(repository, 'out/report.xml'), 'utf8')).toMatch(
      /<testsuite name="loans 2.0.0 manifest" tests="\d+" failures="0"/,
    );
  });

  it('prints nothing but JSON with --json, and nothing at all with --quiet', () => {
    const repository = join(root, 'alone');
    const { stdout } = slipway(repository, 'check', 'models/loans/model.yaml', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ model: 'loans', evidence: { cached: true } });
    expect(slipway(repository, 'check', 'models/loans', '--quiet')).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('in a git repository compares the models that differ with the default branch', () => {
    const repository = join(root, 'repository');
    modelIn(repository, 'v2_better', '1.0.0');
    git(repository, 'init', '-q', '-b', 'main');
    git(repository, 'add', '.');
    git(repository, 'commit', '-qm', 'first');
    expect(slipway(repository, 'check')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('no model differs from main@'),
    });

    git(repository, 'checkout', '-qb', 'proposal');
    modelIn(repository, 'v3b_overall_regression', '2.0.0');
    const worse = slipway(repository, 'check', '--json');
    expect([worse.status, JSON.parse(worse.stdout)]).toMatchObject([
      1,
      { conclusion: 'failure', baseline: { kind: 'production', version: '1.0.0' } },
    ]);
    expect(slipway(repository, 'check', 'models/loans', '--against', 'main').stdout).toMatch(
      /^loans 2\.0\.0 against 1\.0\.0: blocked\n/,
    );

    // A version is bound to its revision for ever.
    modelIn(repository, 'v3b_overall_regression', '1.0.0');
    expect(slipway(repository, 'check', '--only', 'manifest').stdout).toContain('manifest/version-rebound');
    expect(slipway(repository, 'check', '--against', 'nowhere')).toMatchObject({
      status: 64,
      stderr: expect.stringContaining('neither a manifest nor a git ref'),
    });
  });

  it('takes the policy of the default branch, never the proposal’s, and says where a policy is wrong', () => {
    const repository = join(root, 'repository');
    mkdirSync(join(repository, '.github'), { recursive: true });
    writeFileSync(join(repository, '.github/slipway.yml'), 'checks: { required: [manifest] }\n');
    const { stdout } = slipway(repository, 'check', '--json');
    expect(JSON.parse(stdout).checks.find(({ name }: { readonly name: string }) => name === 'baseline').required).toBe(
      true,
    );
    writeFileSync(join(root, 'policy.yml'), 'chekcs: {}\n');
    expect(slipway(repository, 'check', '--policy', join(root, 'policy.yml'))).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/policy\.yml:1:1 .*chekcs/s),
    });
  });
});
