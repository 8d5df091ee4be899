import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Octokit } from '@octokit/rest';
import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Repository } from '../github/request.ts';
import { closeLeftRuns, openRunsIn } from './open-runs.ts';

const api = 'https://api.github.example';
const at = '/repos/acme/models';
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

describe('check runs that a killed process left open', () => {
  let folder: string;
  beforeEach(async () => {
    nock.disableNetConnect();
    folder = await mkdtemp(join(tmpdir(), 'slipway-runs-'));
    nock(api).persist().get(at).reply(200, { default_branch: 'main' });
    nock(api)
      .persist()
      .get(`${at}/git/matching-refs/heads%2Fmain`)
      .reply(200, [{ ref: 'refs/heads/main', object: { sha: 'm' } }]);
  });
  afterEach(async () => {
    nock.cleanAll();
    nock.enableNetConnect();
    await rm(folder, { recursive: true, force: true });
  });

  const repository: Repository = {
    owner: 'acme',
    repo: 'models',
    request: new Octokit({ baseUrl: api, log: silent }).request as Repository['request'],
  };
  const pull = (number: number, sha: string, state = 'open') =>
    nock(api)
      .get(`${at}/pulls/${number}`)
      .reply(200, {
        number,
        title: 't',
        body: null,
        user: { login: 'dana' },
        html_url: 'u',
        state,
        merged_at: null,
        head: { sha, ref: 'b', repo: { full_name: 'acme/models' } },
        base: { ref: 'main' },
        updated_at: '2026-11-21T12:00:00Z',
      });
  const checkRun = (id: number, status: string) =>
    nock(api)
      .get(`${at}/check-runs/${id}`)
      .reply(200, {
        id,
        name: 'drift',
        head_sha: 'h',
        external_id: '1/drift/1',
        status,
        conclusion: null,
        html_url: null,
        output: { title: null, summary: null, text: null },
      });
  const left = async () => (await openRunsIn(folder).list()).map(({ id }) => id);

  it('are closed where nobody proposes the commit any more, and left to the next judgement where somebody does', async () => {
    const runs = openRunsIn(folder);
    await runs.opened({ id: 1, pullRequest: 11, headSha: 'old' });
    await runs.opened({ id: 2, pullRequest: 12, headSha: 'head' });
    await runs.opened({ id: 3, pullRequest: 13, headSha: 'closed' });
    pull(11, 'new');
    pull(12, 'head');
    pull(13, 'closed', 'closed');
    checkRun(1, 'in_progress');
    checkRun(3, 'completed');
    const closed = nock(api)
      .patch(`${at}/check-runs/1`, (body) => body.status === 'completed' && body.conclusion === 'cancelled')
      .reply(200, {});
    await closeLeftRuns(repository, openRunsIn(folder), AbortSignal.timeout(10_000));
    expect(closed.isDone()).toBe(true);
    expect(await left()).toEqual([2]);
  });

  it('are remembered by whole files only', async () => {
    await openRunsIn(folder).opened({ id: 1, pullRequest: 11, headSha: 'h' });
    await writeFile(join(folder, '2.json'), '{"id":2,"pullReq');
    await writeFile(join(folder, '3.json'), '{"id":"three"}');
    expect(await left()).toEqual([1]);
    await openRunsIn(folder).closed(1);
    expect(await left()).toEqual([]);
  });
});
