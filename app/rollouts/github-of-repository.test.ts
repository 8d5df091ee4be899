import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { models, type Sample, startSample } from '../../fixtures/github/start-sample.ts';
import { folderObjectStore } from '../github/object-store.ts';
import type { GithubSide, Revert } from './github-side.ts';
import { githubOfRepository } from './github-of-repository.ts';

const signal = AbortSignal.timeout(60_000);
const folder = 'models/a';

describe('the rollouts on GitHub', () => {
  let sample: Sample;
  let cache: string;
  let github: GithubSide;
  beforeAll(async () => {
    sample = await startSample();
    cache = await mkdtemp(join(tmpdir(), 'slipway-objects-'));
    const { request } = sample.asApp;
    github = githubOfRepository({ ...models, request }, folderObjectStore(cache));
  });
  afterAll(async () => {
    await sample.close();
    await rm(cache, { recursive: true, force: true });
  });

  const commit = (text: string) =>
    sample.github.commit({
      repository: 'acme/models',
      branch: 'main',
      message: text,
      by: 'bob',
      files: { [`${folder}/model.yaml`]: `${text}\n`, [`${folder}/new-${text}.txt`]: text },
    });
  const branch = async () => {
    const found = await github.defaultBranch(signal);
    if (found === undefined) throw new Error('no default branch');
    return found;
  };

  it('sees the tip move, and where a folder came from', async () => {
    const before = await branch();
    const { sha } = await commit('two');
    expect(await branch()).toEqual({ name: 'main', sha });
    expect(await github.originOf(folder, sha, signal)).toEqual({ commit: sha });
    expect(await github.snapshot(sha).objectAt(folder, signal)).not.toBe(
      await github.snapshot(before.sha).objectAt(folder, signal),
    );
  });

  it('opens one revert a key, whose branch puts the folder back file for file and leaves the rest alone', async () => {
    const first = await branch();
    const tree = await github.snapshot(first.sha).objectAt(folder, signal);
    await commit('three');
    const base = await branch();
    const revert: Revert = {
      key: 'a/rollback/1',
      branch: 'slipway/revert/a/0123456789ab',
      base,
      folder,
      tree: tree ?? '',
      title: 'Revert a to two',
      body: 'Because.',
    };
    const opened = await github.openRevert(revert, signal);
    expect(await github.openRevert(revert, signal)).toEqual(opened);
    const { data: files } = await sample.as('bob').rest.pulls.listFiles({ ...models, pull_number: opened.number });
    expect(files.map(({ filename, status }) => `${status} ${filename}`).toSorted()).toEqual([
      `modified ${folder}/model.yaml`,
      `removed ${folder}/new-three.txt`,
    ]);
    const head = await github.pullRequest(opened.number, signal);
    expect(await github.snapshot(head?.headSha ?? '').objectAt(folder, signal)).toBe(tree);
  });

  it('merges a revert once its summary check is green, and then says that it is merged', async () => {
    const { data: pulls } = await sample.as('bob').rest.pulls.list({ ...models, state: 'open' });
    const [pull] = pulls;
    if (pull === undefined) throw new Error('no revert is open');
    const wish = { number: pull.number, headSha: pull.head.sha };
    expect(await github.mergeWhenGreen(wish, signal)).toBe('waiting');
    await sample.asApp.rest.checks.create({
      ...models,
      name: 'slipway',
      head_sha: pull.head.sha,
      status: 'completed',
      conclusion: 'success',
    });
    expect(await github.mergeWhenGreen(wish, signal)).toBe('merged');
    expect(await github.pullRequest(pull.number, signal)).toMatchObject({ state: 'merged' });
    const origin = await github.originOf(folder, (await branch()).sha, signal);
    expect(origin.pullRequest).toEqual({ number: pull.number, approvals: [] });
  });

  it('moves a branch of an earlier time, and closes what nobody needs', async () => {
    const base = await branch();
    const { sha } = await commit('four');
    const tree = (await github.snapshot(base.sha).objectAt(folder, signal)) ?? '';
    const again = {
      key: 'a/rollback/2',
      branch: 'slipway/revert/a/0123456789ab',
      base: { name: 'main', sha },
      folder,
      tree,
      title: 'Revert a to two, again',
      body: 'Because.',
    };
    const opened = await github.openRevert(again, signal);
    expect(await github.pullRequest(opened.number, signal)).toMatchObject({ state: 'open' });
    await github.closePullRequest(opened.number, signal);
    expect(await github.pullRequest(opened.number, signal)).toMatchObject({ state: 'closed' });
  });

  it('tells a deployment once however often it is asked to, and makes the one before inactive', async () => {
    const { sha } = await branch();
    const status = {
      environment: 'production/a',
      ref: sha,
      production: true,
      payload: { model: 'a' },
      description: 'x',
    };
    const tell = (key: string, state: 'in_progress' | 'success') =>
      github.putDeploymentStatus({ ...status, key, state }, signal);
    for (const [key, state] of [
      ['one', 'in_progress'],
      ['one', 'success'],
      ['one', 'success'],
      ['two', 'in_progress'],
      ['two', 'success'],
    ] as const) {
      await tell(key, state);
    }
    const { data: deployments } = await sample
      .as('bob')
      .rest.repos.listDeployments({ ...models, environment: 'production/a' });
    const histories = await Promise.all(
      deployments.map(async ({ id }) => {
        const { data } = await sample.as('bob').rest.repos.listDeploymentStatuses({ ...models, deployment_id: id });
        return data.map(({ state }) => state).toReversed();
      }),
    );
    expect(histories).toEqual([
      ['in_progress', 'success'],
      ['in_progress', 'success', 'inactive'],
    ]);
  });

  it('keeps one open issue a key, edited in place, and opens another once that is closed', async () => {
    const issue = { key: 'refused/a', title: 'a 2 is not rolled out', body: 'why' };
    const number = await github.putIssue(issue, signal);
    expect(await github.putIssue({ ...issue, title: 'a 3 is not rolled out' }, signal)).toBe(number);
    const { data } = await sample.as('bob').rest.issues.get({ ...models, issue_number: number });
    expect(data.title).toBe('a 3 is not rolled out');
    await github.comment(number, 'a/closed', 'over', signal);
    await github.comment(number, 'a/closed', 'over', signal);
    const { data: comments } = await sample.as('bob').rest.issues.listComments({ ...models, issue_number: number });
    expect(comments).toHaveLength(1);
    await github.closeIssue(number, signal);
    expect(await github.putIssue(issue, signal)).not.toBe(number);
  });

  it('asks nothing of GitHub that its OpenAPI does not know', () => {
    expect(sample.github.violations().filter(({ kind }) => kind === 'request')).toEqual([]);
  });
});
