import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Octokit } from '@octokit/rest';
import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { blobIdOf, folderObjectStore } from './object-store.ts';
import type { ObjectStore } from './object-store.ts';
import { closeCheckRun, listCheckRuns } from './check-runs.ts';
import { postCommentOnce, putComment } from './comments.ts';
import { findOrCreate } from './find-or-create.ts';
import { roleOf } from './permissions.ts';
import type { Repository } from './request.ts';
import { githubSnapshot } from './snapshot.ts';

const api = 'https://api.github.example';
const at = '/repos/acme/models';

const repository = (): Repository => ({
  owner: 'acme',
  repo: 'models',
  request: new Octokit({ baseUrl: api }).request as Repository['request'],
});

const output = {
  conclusion: 'success',
  title: 'fine',
  summary: 'all fine',
  annotations: [],
  actions: [],
} as const;

describe('what is asked of GitHub', () => {
  let folder: string;
  let store: ObjectStore;
  beforeEach(async () => {
    nock.disableNetConnect();
    folder = await mkdtemp(join(tmpdir(), 'slipway-github-'));
    store = folderObjectStore(folder);
  });
  afterEach(async () => {
    nock.cleanAll();
    nock.enableNetConnect();
    await rm(folder, { recursive: true, force: true });
  });

  it('reads a binary file byte for byte, although GitHub labels it as text, and asks for it once', async () => {
    const bytes = Buffer.from([0x08, 0xff, 0xfe, 0x00, 0xc3, 0x28]);
    const sha = blobIdOf(bytes, 40);
    nock(api)
      .get(`${at}/git/trees/c0ffee?recursive=1`)
      .twice()
      .reply(200, {
        sha: 't',
        truncated: false,
        tree: [{ path: 'm/model.onnx', mode: '100644', type: 'blob', sha, size: 6 }],
      });
    const blob = nock(api, { reqheaders: { accept: 'application/vnd.github.raw+json' } })
      .get(`${at}/git/blobs/${sha}`)
      .once()
      .reply(200, bytes, { 'content-type': 'application/vnd.github.raw+json; charset=utf-8' });
    expect(await githubSnapshot(repository(), 'c0ffee', store).read('m/model.onnx')).toEqual(bytes);
    expect(await githubSnapshot(repository(), 'c0ffee', store).read('m/model.onnx')).toEqual(bytes);
    expect(blob.isDone()).toBe(true);
  });

  it('does not believe bytes that are not what their id says', async () => {
    const sha = blobIdOf(Buffer.from('right'), 40);
    nock(api)
      .get(`${at}/git/trees/c0ffee?recursive=1`)
      .reply(200, { sha: 't', truncated: false, tree: [{ path: 'a', mode: '100644', type: 'blob', sha }] });
    nock(api).get(`${at}/git/blobs/${sha}`).reply(200, 'wrong');
    await expect(githubSnapshot(repository(), 'c0ffee', store).read('a')).rejects.toThrow('Reading a at c0ffee');
  });

  it('reads a tree that GitHub cut short folder by folder, and leaves links and submodules out', async () => {
    const tree = (sha: string, entries: readonly object[], truncated = false) =>
      nock(api)
        .get(new RegExp(`${at}/git/trees/${sha}`))
        .query(true)
        .reply(200, { sha, truncated, tree: entries });
    tree('root', [], true);
    tree('root', [
      { path: 'models', mode: '040000', type: 'tree', sha: 'm' },
      { path: 'link', mode: '120000', type: 'blob', sha: 'l' },
      { path: 'sub', mode: '160000', type: 'commit', sha: 's' },
    ]);
    tree('m', [{ path: 'a.yaml', mode: '100644', type: 'blob', sha: 'a' }]);
    const snapshot = githubSnapshot(repository(), 'root', store);
    expect(await snapshot.list()).toEqual(['models/a.yaml']);
    expect(await snapshot.objectAt('models')).toBe('m');
  });

  it('sends 120 annotations in calls of fifty, and the conclusion with the first', async () => {
    const sent: { readonly status?: string; readonly output: { readonly annotations: readonly unknown[] } }[] = [];
    nock(api)
      .patch(`${at}/check-runs/5`, (body) => {
        sent.push(body);
        return true;
      })
      .times(3)
      .reply(200, {});
    const annotations = Array.from({ length: 120 }, (_, line) => ({
      path: 'models/a/model.yaml',
      line: line + 1,
      level: 'failure' as const,
      title: 't',
      message: 'm',
    }));
    await closeCheckRun(repository(), 5, { ...output, annotations });
    expect(sent.map((body) => body.output.annotations.length)).toEqual([50, 50, 20]);
    expect(sent.map(({ status }) => status)).toEqual(['completed', undefined, undefined]);
  });

  it('keeps texts within what GitHub takes', async () => {
    let sent = { output: { title: '', summary: '', text: '' } };
    nock(api)
      .patch(`${at}/check-runs/5`, (body) => {
        sent = body;
        return true;
      })
      .reply(200, {});
    const long = 'a line of a report\n'.repeat(10_000);
    await closeCheckRun(repository(), 5, { ...output, title: 'x'.repeat(400), summary: long, text: long });
    expect(sent.output.title).toHaveLength(255);
    expect(sent.output.summary.length).toBeLessThanOrEqual(65_535);
    expect(sent.output.text).toMatch(/full report is on the dashboard\)$/);
  });

  it('takes the newest check run of each name', async () => {
    const run = (id: number, name: string) => ({
      id,
      name,
      head_sha: 'h',
      external_id: `1/${name}/${id}`,
      status: 'completed',
      conclusion: 'success',
      html_url: null,
      output: { title: null, summary: null, text: null },
    });
    nock(api)
      .get(`${at}/commits/h/check-runs`)
      .query({ app_id: '9', filter: 'all', per_page: '100', page: '1' })
      .reply(200, { total_count: 3, check_runs: [run(3, 'baseline'), run(1, 'baseline'), run(2, 'drift')] });
    const runs = await listCheckRuns(repository(), 'h', 9);
    expect(runs.map(({ id, name }) => [id, name])).toEqual([
      [3, 'baseline'],
      [2, 'drift'],
    ]);
  });

  const comment = (id: number, body: string, type = 'Bot') => ({
    id,
    body,
    user: { login: 'slipway[bot]', type },
    html_url: `https://github.example/acme/models/pull/12#issuecomment-${id}`,
    issue_url: `${api}${at}/issues/12`,
    created_at: '2026-11-21T12:00:00Z',
    updated_at: '2026-11-21T12:00:00Z',
  });
  const comments = (...there: readonly object[]) =>
    nock(api).get(`${at}/issues/12/comments`).query({ per_page: '100', page: '1' }).reply(200, there);

  it('edits its one comment in place, and leaves it alone when it says so already', async () => {
    comments(comment(1, '<!-- slipway:plan -->\nold'));
    const edited = nock(api)
      .patch(`${at}/issues/comments/1`, { body: '<!-- slipway:plan -->\nnew' })
      .reply(200, comment(1, '<!-- slipway:plan -->\nnew'));
    await putComment(repository(), { issue: 12, key: 'plan', body: 'new' });
    expect(edited.isDone()).toBe(true);
    comments(comment(1, '<!-- slipway:plan -->\nnew'));
    await putComment(repository(), { issue: 12, key: 'plan', body: 'new' });
  });

  it('does not take somebody else’s comment with the same mark for its own', async () => {
    comments(comment(1, '<!-- slipway:plan -->\nforged', 'User'));
    const posted = nock(api).post(`${at}/issues/12/comments`).reply(201, comment(2, '<!-- slipway:plan -->\nnew'));
    await putComment(repository(), { issue: 12, key: 'plan', body: 'new' });
    expect(posted.isDone()).toBe(true);
  });

  it('looks again when the answer to a new comment was lost, and does not write a second one', async () => {
    comments();
    nock(api).post(`${at}/issues/12/comments`).once().reply(502, { message: 'Bad gateway' });
    comments(comment(3, '<!-- slipway:reply 7 -->\ndone'));
    expect((await postCommentOnce(repository(), { issue: 12, key: 'reply 7', body: 'done' })).id).toBe(3);
  });

  it('gives up on a write that is refused, and on one that fails three times', async () => {
    const failing = (status: number) => {
      let tries = 0;
      const write = () => {
        tries += 1;
        return Promise.reject(Object.assign(new Error(String(status)), { status }));
      };
      return { write, tries: () => tries };
    };
    const refused = failing(422);
    await expect(findOrCreate(() => Promise.resolve(undefined), refused.write)).rejects.toThrow('422');
    const down = failing(503);
    await expect(findOrCreate(() => Promise.resolve(undefined), down.write)).rejects.toThrow('503');
    expect([refused.tries(), down.tries()]).toEqual([1, 3]);
  });

  it.each([
    [{ permission: 'write', role_name: 'maintain' }, 'maintain'],
    [{ permission: 'read', role_name: 'triage' }, 'triage'],
    [{ permission: 'write', role_name: 'release-captain' }, 'write'],
    [{ permission: 'none', role_name: 'none' }, 'none'],
  ])('reads %j as the role %s', async (data, role) => {
    nock(api)
      .get(`${at}/collaborators/ola/permission`)
      .reply(200, { ...data, user: null });
    expect(await roleOf(repository(), 'ola')).toBe(role);
  });

  it('takes a stranger for one without a role', async () => {
    nock(api).get(`${at}/collaborators/eve/permission`).reply(404, { message: 'Not Found' });
    expect(await roleOf(repository(), 'eve')).toBe('none');
  });
});
