import { generateKeyPairSync } from 'node:crypto';
import nock from 'nock';
import { pino } from 'pino';
import { Probot } from 'probot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { octokitOf } from './octokit.ts';

const api = 'https://api.github.example';
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

describe('Octokit as Slipway uses it', () => {
  beforeEach(() => {
    nock.disableNetConnect();
    for (const id of [1, 2])
      nock(api)
        .post(`/app/installations/${id}/access_tokens`)
        .reply(201, {
          token: `token-of-${id}`,
          expires_at: '2099-01-01T00:00:00Z',
          permissions: {},
          repository_selection: 'all',
        });
  });
  afterEach(() => {
    nock.cleanAll();
    nock.enableNetConnect();
  });

  const probotOf = (perMinute: number) =>
    new Probot({
      appId: 7,
      privateKey,
      secret: 'x',
      baseUrl: api,
      Octokit: octokitOf({ perMinute, perHour: 1000 }),
      log: pino({ level: 'silent' }),
    });

  it('does not repeat a POST by itself: a lost answer is not a lost write', async () => {
    const { request } = await probotOf(100).auth(1);
    const first = nock(api).post('/repos/a/b/issues').reply(502);
    const second = nock(api).post('/repos/a/b/issues').reply(201, {});
    await expect(
      request('POST /repos/{owner}/{repo}/issues', { owner: 'a', repo: 'b', title: 't' }),
    ).rejects.toMatchObject({ status: 502 });
    expect([first.isDone(), second.isDone()]).toEqual([true, false]);
  });

  it('repeats a GET after a POST, too', async () => {
    const { request } = await probotOf(100).auth(1);
    nock(api).post('/repos/a/b/issues').reply(201, {});
    await request('POST /repos/{owner}/{repo}/issues', { owner: 'a', repo: 'b', title: 't' });
    nock(api).get('/repos/a/b').reply(502);
    nock(api).get('/repos/a/b').reply(200, { id: 1 });
    expect((await request('GET /repos/{owner}/{repo}', { owner: 'a', repo: 'b' })).status).toBe(200);
  });

  it('asks again with the ETag of the last answer, and gives that again when nothing has changed', async () => {
    const { request } = await probotOf(100).auth(1);
    const look = () => request('GET /repos/{owner}/{repo}', { owner: 'a', repo: 'b' });
    nock(api).get('/repos/a/b').reply(200, { id: 1 }, { etag: '"v1"' });
    nock(api, { reqheaders: { 'if-none-match': '"v1"' } })
      .get('/repos/a/b')
      .reply(304);
    nock(api, { reqheaders: { 'if-none-match': '"v1"' } })
      .get('/repos/a/b')
      .reply(200, { id: 2 }, { etag: '"v2"' });
    expect([(await look()).data.id, (await look()).data.id, (await look()).data.id]).toEqual([1, 1, 2]);
  });

  it('does not give one installation what another was answered', async () => {
    const probot = probotOf(100);
    const [one, two] = await Promise.all([probot.auth(1), probot.auth(2)]);
    const at = { owner: 'a', repo: 'b' };
    nock(api).get('/repos/a/b').reply(200, { id: 1 }, { etag: '"v1"' });
    nock(api, { badheaders: ['if-none-match'] })
      .get('/repos/a/b')
      .reply(404, { message: 'Not Found' });
    await one.request('GET /repos/{owner}/{repo}', at);
    await expect(two.request('GET /repos/{owner}/{repo}', at)).rejects.toMatchObject({ status: 404 });
  });

  it('does not let one installation wait for the writes of another', async () => {
    const probot = probotOf(1);
    const [one, two] = await Promise.all([probot.auth(1), probot.auth(2)]);
    nock(api)
      .post(/check-runs/)
      .times(3)
      .reply(201, {});
    const write = (octokit: typeof one) =>
      octokit.request('POST /repos/{owner}/{repo}/check-runs', { owner: 'a', repo: 'b', name: 'x', head_sha: 'y' });
    await write(one);
    // With one limiter for both, this one would wait for a minute.
    expect((await write(two)).status).toBe(201);
  });

  it('takes an installation’s own token', async () => {
    const { request } = await probotOf(100).auth(2);
    nock(api, { reqheaders: { authorization: 'token token-of-2' } })
      .get('/repos/a/b')
      .reply(200, { id: 1 });
    expect((await request('GET /repos/{owner}/{repo}', { owner: 'a', repo: 'b' })).status).toBe(200);
  });
});
