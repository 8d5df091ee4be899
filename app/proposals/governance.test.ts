import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/rest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { models, startSample, type Sample } from '../../fixtures/github/start-sample.ts';
import type { PullRequest } from '../github/pull-requests.ts';
import { readPullRequest } from '../github/pull-requests.ts';
import { folderObjectStore } from '../github/object-store.ts';
import { githubSnapshot } from '../github/snapshot.ts';
import type { Repository } from '../github/request.ts';
import type { LedgerLine } from '../ledger/ledger.ts';
import { governanceOfPull, rolloutsOf } from './governance.ts';

const signal = AbortSignal.timeout(60_000);

describe('what people and other programs say of a proposal', () => {
  let sample: Sample;
  let repository: Repository;
  let pull: PullRequest;
  let ci: Octokit;
  beforeAll(async () => {
    sample = await startSample();
    repository = {
      owner: models.owner,
      repo: models.repo,
      botLogin: 'slipway[bot]',
      request: sample.asApp.request as Repository['request'],
    };
    const { number } = await sample.propose('two', 'version: 2\n');
    const found = await readPullRequest(repository, number, signal);
    if (found === undefined) throw new Error('the pull request is there');
    pull = found;
    const { appId, privateKey } = sample.github.registerApp({
      slug: 'ci',
      webhookSecret: 'secret of ci',
      events: [],
      permissions: { checks: 'write', contents: 'read' },
    });
    const installationId = sample.github.install('ci', 'acme/models');
    ci = new Octokit({
      authStrategy: createAppAuth,
      auth: { appId, privateKey, installationId },
      baseUrl: sample.github.apiUrl,
    });
  });
  afterAll(() => sample.close());

  const asked = () => {
    const base = githubSnapshot(repository, 'main', folderObjectStore(sample.folder));
    return governanceOfPull({ repository, appId: sample.app.appId }, pull, base, signal);
  };
  const approve = (login: 'alice' | 'bob', event: 'APPROVE' | 'COMMENT' = 'APPROVE') =>
    sample.as(login).rest.pulls.createReview({ ...models, pull_number: pull.number, event, body: 'so be it' });

  it('counts who approves the head, and no comment', async () => {
    expect((await asked()).approvals).toEqual([]);
    await approve('alice', 'COMMENT');
    expect((await asked()).approvals).toEqual([]);
    await approve('alice');
    const { approvals, review } = await asked();
    expect(approvals).toEqual([
      { by: 'alice', at: expect.stringMatching(/^20/), url: expect.stringContaining('http') },
    ]);
    expect(review).toEqual({ url: pull.url, codeOwners: false });
  });

  it('does not count who wrote a part of it', async () => {
    await sample.github.commit({
      repository: 'acme/models',
      branch: 'two',
      message: 'a hand from alice',
      by: 'alice',
      files: { 'models/a/model.yaml': 'version: 3\n' },
    });
    const moved = await readPullRequest(repository, pull.number, signal);
    if (moved === undefined) throw new Error('the pull request is there');
    pull = moved;
    await approve('alice');
    expect((await asked()).approvals).toEqual([]);
  });

  it('lists check runs and statuses of other programs, the newest of a name', async () => {
    const at = { ...models, head_sha: pull.headSha };
    await ci.rest.checks.create({ ...at, name: 'unit tests', status: 'completed', conclusion: 'failure' });
    await ci.rest.checks.create({ ...at, name: 'unit tests', status: 'completed', conclusion: 'success' });
    await ci.rest.checks.create({ ...at, name: 'lint', status: 'in_progress' });
    await sample.asApp.rest.checks.create({ ...at, name: 'baseline', status: 'completed', conclusion: 'success' });
    for (const state of ['pending', 'failure'] as const)
      await sample.as('bob').rest.repos.createCommitStatus({ ...models, sha: pull.headSha, state, context: 'train' });
    const { continuousIntegration } = await asked();
    expect(continuousIntegration?.map(({ name, conclusion }) => [name, conclusion])).toEqual([
      ['lint', 'pending'],
      ['train', 'failure'],
      ['unit tests', 'success'],
    ]);
  });

  it('knows the file that says who must own a change', async () => {
    await sample.github.commit({
      repository: 'acme/models',
      branch: 'main',
      message: 'owners',
      by: 'alice',
      files: { '.github/CODEOWNERS': '* @acme/ml\n' },
    });
    expect((await asked()).review?.codeOwners).toBe(true);
  });

  it('asks for nothing that GitHub does not know', () => expect(sample.github.violations()).toEqual([]));
});

describe('how versions got to production', () => {
  const line = (kind: LedgerLine['kind'], version: string, data?: LedgerLine['data']): LedgerLine => ({
    kind,
    key: `${kind}/${version}`,
    at: '2026-11-01T00:00:00Z',
    actor: 'slipway',
    model: 'income',
    version,
    revision: `r${version}`,
    sequence: 0,
    previous: '',
    signature: '',
    ...(data === undefined ? {} : { data }),
  });
  const weight = { step: 0, kind: 'weight', weight: 5 };
  const told = (lines: readonly LedgerLine[]) =>
    rolloutsOf(lines, 'income').map(({ version, outcome, canaried }) => [version, outcome, canaried]);

  it.each<[string, readonly LedgerLine[], readonly (readonly [string, string, boolean])[]]>([
    ['all at once', [line('rollout-started', '1'), line('promoted', '1')], [['1', 'promoted', false]]],
    [
      'in weighted steps',
      [line('rollout-started', '1'), line('rollout-step', '1', weight), line('promoted', '1')],
      [['1', 'promoted', true]],
    ],
    [
      'in the shadow alone',
      [line('rollout-started', '1'), line('rollout-step', '1', { ...weight, kind: 'shadow' }), line('promoted', '1')],
      [['1', 'promoted', false]],
    ],
    [
      'aborted in a step, the newest first',
      [line('promoted', '1'), line('rollout-started', '2'), line('rollout-step', '2', weight), line('aborted', '2')],
      [
        ['2', 'aborted', true],
        ['1', 'promoted', false],
      ],
    ],
    [
      'turned back: the line is about where to, the version about what from',
      [line('promoted', '2'), line('rolled-back', '1', { from: '2', fromRevision: 'r2' })],
      [
        ['2', 'rolled-back', false],
        ['2', 'promoted', false],
      ],
    ],
    ['another model’s', [{ ...line('promoted', '1'), model: 'wine' }], []],
  ])('%s', (_, lines, expected) => expect(told(lines)).toEqual(expected));
});
