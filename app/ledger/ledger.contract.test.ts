import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/rest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../checks/report/report.ts';
import type { GitHub } from '../../fixtures/github/github.ts';
import { startGitHub } from '../../fixtures/github/start-github.ts';
import { folderObjectStore } from '../github/object-store.ts';
import type { Repository } from '../github/request.ts';
import { gitLedger } from './git-ledger.ts';
import type { Ledger, LedgerEvent } from './ledger.ts';
import { ledgerKey } from './ledger-key.ts';
import type { LedgerKey } from './ledger-key.ts';
import { memoryLedger } from './memory-ledger.ts';
import { reportDigest } from './report-digest.ts';

const event = (key: string, more: Partial<LedgerEvent> = {}): LedgerEvent => ({
  kind: 'promoted',
  key,
  at: '2026-11-21T10:00:00.000Z',
  actor: 'slipway',
  model: 'income',
  ...more,
});

const report: Report = {
  model: 'income',
  version: '2.0.0',
  revision: 'sha256:aa',
  digest: 'sha256:bb',
  baseline: { kind: 'simple' },
  conclusion: 'success',
  checks: [],
  defaults: {},
  environment: { slipway: '0', node: '0', onnxruntime: '0', cpu: 'x', isolation: 'process' },
};

interface Opened {
  readonly ledger: Ledger;
  /** The same ledger, opened by another process. */
  readonly again: () => Ledger;
}

function ledgerContract(name: string, open: () => Promise<Opened>): void {
  describe(`a ledger ${name}`, () => {
    it('is empty at first', async () => {
      const { ledger } = await open();
      expect(await ledger.read()).toEqual({ lines: [], problems: [] });
      expect(await ledger.report('sha256:00')).toBeUndefined();
    });

    it('gives back what was written, in order, numbered and chained', async () => {
      const { ledger, again } = await open();
      await ledger.append([event('a'), event('b', { because: 'gräßlich' })]);
      await ledger.append([event('c', { at: '2026-11-22T00:00:00.000Z' })]);
      const { lines, problems } = await again().read();
      expect(problems).toEqual([]);
      expect(lines.map(({ key, sequence }) => [key, sequence])).toEqual([
        ['a', 1],
        ['b', 2],
        ['c', 3],
      ]);
      expect(lines[1]?.because).toBe('gräßlich');
    });

    it('writes an event once, however often it is asked to', async () => {
      const { ledger, again } = await open();
      await ledger.append([event('a'), event('a')]);
      await again().append([event('a'), event('b')]);
      expect((await ledger.read()).lines.map(({ key }) => key)).toEqual(['a', 'b']);
    });

    it('loses nothing when several write at once', async () => {
      const { ledger, again } = await open();
      const writers = [ledger, again(), again()];
      await Promise.all(
        writers.flatMap((each, writer) => ['x', 'y'].map((key) => each.append([event(`${key}${writer}`)]))),
      );
      const { lines, problems } = await again().read();
      expect(problems).toEqual([]);
      expect(lines.map(({ key }) => key).toSorted()).toEqual(['x0', 'x1', 'x2', 'y0', 'y1', 'y2']);
      expect(lines.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6]);
    });

    it('keeps the order of its lines when clocks disagree', async () => {
      const { ledger, again } = await open();
      await ledger.append([event('a', { at: '2026-11-22T00:00:01.000Z' })]);
      await ledger.append([event('b', { at: '2026-11-21T23:59:59.000Z' })]);
      const { lines, problems } = await again().read();
      expect({ keys: lines.map(({ key }) => key), problems }).toEqual({ keys: ['a', 'b'], problems: [] });
    });

    it('keeps reports by their digest', async () => {
      const { ledger, again } = await open();
      const [digest] = await Promise.all([ledger.putReport(report), ledger.append([event('a')])]);
      expect(digest).toBe(reportDigest(report));
      expect(await again().report(digest)).toEqual(report);
    });
  });
}

let github: GitHub;
let folder: string;
let key: LedgerKey;
let appId: number;
let privateKey: string;
let repositories = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-ledger-'));
  github = await startGitHub({ folder: join(folder, 'github') });
  github.addUser({ login: 'eve' });
  const app = github.registerApp({
    slug: 'slipway',
    webhookSecret: 'x',
    events: [],
    permissions: { contents: 'write', metadata: 'read' },
  });
  ({ appId, privateKey } = app);
  key = ledgerKey(privateKey);
});
afterAll(async () => {
  await github.close();
  await rm(folder, { recursive: true, force: true });
});

async function newRepository(): Promise<Repository> {
  repositories += 1;
  const name = `models-${repositories}`;
  await github.addRepository({ owner: 'acme', name, files: { 'README.md': 'x' }, collaborators: { eve: 'write' } });
  const installationId = github.install('slipway', `acme/${name}`);
  const octokit = new Octokit({
    authStrategy: createAppAuth,
    auth: { appId, privateKey, installationId },
    baseUrl: github.apiUrl,
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  });
  return { owner: 'acme', repo: name, request: octokit.request as Repository['request'] };
}

const openGit = (repository: Repository) =>
  gitLedger({ repository, key, store: folderObjectStore(join(folder, 'objects')) });

ledgerContract('in memory', () => {
  const ledger = memoryLedger(key);
  return Promise.resolve({ ledger, again: () => ledger });
});

ledgerContract('in git', async () => {
  const repository = await newRepository();
  return { ledger: openGit(repository), again: () => openGit(repository) };
});

describe('a ledger in git', () => {
  it('ignores what somebody else wrote there, and tells of it', async () => {
    const repository = await newRepository();
    const ledger = openGit(repository);
    await ledger.append([event('a')]);
    const eve = new Octokit({ auth: github.users['eve']?.token, baseUrl: github.apiUrl });
    const at = { owner: repository.owner, repo: repository.repo };
    const { data: ref } = await eve.rest.git.getRef({ ...at, ref: 'slipway/ledger' });
    const forged = JSON.stringify({
      ...event('forged', { kind: 'waived' }),
      sequence: 2,
      previous: 'x',
      signature: 'AAAA',
    });
    const { data: tree } = await eve.rest.git.createTree({
      ...at,
      base_tree: ref.object.sha,
      tree: [{ path: '2026/11/22.jsonl', mode: '100644', type: 'blob', content: `${forged}\n` }],
    });
    const { data: commit } = await eve.rest.git.createCommit({
      ...at,
      message: 'm',
      tree: tree.sha,
      parents: [ref.object.sha],
    });
    await eve.rest.git.updateRef({ ...at, ref: 'slipway/ledger', sha: commit.sha });
    const { lines, problems } = await ledger.read();
    expect(lines.map(({ key: each }) => each)).toEqual(['a']);
    expect(problems).toEqual([expect.stringMatching(/2026\/11\/22\.jsonl:1: not signed by the App/)]);
    await ledger.append([event('b')]);
    expect((await openGit(repository).read()).lines.map(({ key: each }) => each)).toEqual(['a', 'b']);
  });

  it('tells when its end was cut off', async () => {
    const repository = await newRepository();
    const ledger = openGit(repository);
    await ledger.append([event('a')]);
    const eve = new Octokit({ auth: github.users['eve']?.token, baseUrl: github.apiUrl });
    const at = { owner: repository.owner, repo: repository.repo, ref: 'slipway/ledger' };
    const { data: before } = await eve.rest.git.getRef(at);
    await ledger.append([event('b')]);
    await ledger.read();
    await eve.rest.git.updateRef({ ...at, sha: before.object.sha, force: true });
    expect((await ledger.read()).problems).toEqual([expect.stringMatching(/now ends with line 1: somebody has moved/)]);
  });

  it('writes once when GitHub’s answers get lost', async () => {
    const repository = await newRepository();
    const ledger = openGit(repository);
    github.setFaults({ seed: 3, forgetAnswers: 0.3 });
    try {
      for (const name of ['a', 'b', 'c', 'd']) await ledger.append([event(name)]);
    } finally {
      github.setFaults({});
    }
    const { lines, problems } = await openGit(repository).read();
    expect({ keys: lines.map(({ key: each }) => each), problems }).toEqual({
      keys: ['a', 'b', 'c', 'd'],
      problems: [],
    });
  });
});
