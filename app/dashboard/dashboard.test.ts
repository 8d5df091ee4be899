import { describe, expect, it } from 'vitest';
import { createDashboard } from './dashboard.ts';
import { reportDigest, sampleSource } from './sample-views.ts';

const dashboard = (source = sampleSource(), onError?: (error: unknown) => void) =>
  createDashboard({
    source,
    publicUrl: 'http://slipway.acme.example:3000',
    githubUrl: 'https://github.com',
    ...(onError === undefined ? {} : { onError }),
  });

const rooms = [
  '/fleet',
  '/models/income',
  '/proposals',
  '/proposals/acme/models/412',
  '/proposals/acme/models/421',
  '/ledger',
];

describe('the dashboard', () => {
  it('leads from the root to the fleet', async () => {
    const response = await dashboard().request('/');
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('/fleet');
  });

  it.each(rooms)('draws %s as one whole page, with a content policy and nothing inline', async (room) => {
    const response = await dashboard().request(room);
    const page = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(page).toMatch(/^<!doctype html>[\s\S]*<\/html>$/);
    expect(page.match(/<h1[ >]/g)).toHaveLength(1);
    expect(page).not.toMatch(/\sstyle="|<style|\son[a-z]+="|undefined|NaN|\[object|Infinity/);
  });

  it.each(rooms)('answers HEAD on %s as GET, without a body', async (room) => {
    const response = await dashboard().request(room, { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('');
    expect(response.headers.get('etag')).not.toBeNull();
  });

  it.each([...rooms, '/assets/style.css', '/ledger/export.jsonl'])(
    'sends %s again only when it changed',
    async (path) => {
      const app = dashboard();
      const first = await app.request(path);
      const etag = first.headers.get('etag') ?? '';
      const second = await app.request(path, { headers: { 'if-none-match': `"other", W/${etag}` } });
      expect(second.status).toBe(304);
      expect(await second.text()).toBe('');
    },
  );

  it('lets a browser keep an asset for ever when its address names its digest', async () => {
    const app = dashboard();
    const page = await (await app.request('/fleet')).text();
    const [style = ''] = /\/assets\/style\.css\?v=[0-9a-f]+/.exec(page) ?? [];
    expect((await app.request(style)).headers.get('cache-control')).toContain('immutable');
    expect((await app.request('/assets/style.css')).headers.get('cache-control')).toBe('no-cache');
    expect((await app.request('/assets/live.browser.js')).headers.get('content-type')).toContain('text/javascript');
  });

  it.each([
    ['/models/nothing', 'nothing'],
    ['/proposals/acme/models/999', '#999'],
    ['/proposals/acme/models/latest', '/proposals/acme/models/latest'],
    ['/assets/../dashboard.ts', 'dashboard.ts'],
    ['/figures/nonsense/cohorts/roc_auc-light.svg', 'Figures'],
    [`/figures/${'0'.repeat(64)}/cohorts/roc_auc-light.svg`, 'no figure'],
    [`/figures/${reportDigest}/cohorts/secrets-light.svg`, 'no figure'],
    [`/figures/${reportDigest}/cohorts/roc_auc-red.svg`, 'Figures'],
    ['/elsewhere', '/elsewhere'],
  ])('says in the same look that %s is not there', async (path, words) => {
    const response = await dashboard().request(path);
    expect(response.status).toBe(404);
    const page = await response.text();
    expect(page).toContain('There is no such page.');
    expect(page).toContain(words);
  });

  it('escapes what stands in an address', async () => {
    const page = await (await dashboard().request('/models/%3Cscript%3Ealert(1)%3C%2Fscript%3E')).text();
    expect(page).not.toContain('<script>alert');
    expect(page).toContain('&lt;script&gt;');
  });

  it('draws a page when its facts cannot be gathered, and tells who runs it why', async () => {
    const seen: unknown[] = [];
    const failure = new Error('the fleet did not answer within 10 s');
    const source = { ...sampleSource(), fleet: async () => Promise.reject(failure) };
    const response = await dashboard(source, (error) => seen.push(error)).request('/fleet');
    const page = await response.text();
    expect(response.status).toBe(500);
    expect(seen).toEqual([failure]);
    expect(page).toContain('This page could not be drawn.');
    expect(page).not.toContain('did not answer');
  });

  it('answers under its own name and on loopback, and to no other name', async () => {
    const app = dashboard();
    const status = async (host: string) => (await app.request('/fleet', { headers: { host } })).status;
    expect(await status('slipway.acme.example:3000')).toBe(200);
    expect(await status('127.0.0.1:4711')).toBe(200);
    expect(await status('[::1]:4711')).toBe(200);
    expect(await status('evil.example')).toBe(421);
    expect(await status('127.0.0.1.evil.example:80')).toBe(421);
  });

  it('exports the ledger as JSON lines, filtered as asked', async () => {
    const app = dashboard();
    const all = await (await app.request('/ledger/export.jsonl')).text();
    expect(
      all
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).sequence),
    ).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const some = await (await app.request('/ledger/export.jsonl?model=wine&kind=held')).text();
    expect(
      some
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).kind),
    ).toEqual(['held']);
  });

  it.each(['light', 'dark'])('serves the %s figure of a kept report for other people’s pages', async (theme) => {
    const response = await dashboard().request(`/figures/${reportDigest}/cohorts/roc_auc-${theme}.svg`);
    expect(response.headers.get('content-type')).toBe('image/svg+xml; charset=utf-8');
    expect(response.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    const svg = await response.text();
    expect(svg).toContain('sex = Female');
    expect(svg).not.toContain('var(');
  });
});

describe('live values', () => {
  const decoder = new TextDecoder();

  it('tells an open page that something changed, and which rooms', async () => {
    const source = sampleSource();
    const response = await dashboard(source).request('/events');
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
    expect(decoder.decode((await reader.read()).value)).toContain(': the page is live');
    source.change(await source.fleet(AbortSignal.timeout(1000)));
    const told = decoder.decode((await reader.read()).value);
    expect(told).toContain('event: change');
    expect(told).toContain('"rooms":["fleet"]');
    await reader.cancel();
  });

  it('ends every stream when the program stops, and forgets its listeners', async () => {
    const stop = new AbortController();
    let listeners = 0;
    const source = {
      ...sampleSource(),
      subscribe: () => {
        listeners += 1;
        return () => {
          listeners -= 1;
        };
      },
    };
    const app = createDashboard({
      source,
      publicUrl: 'http://localhost',
      githubUrl: 'https://github.com',
      signal: stop.signal,
    });
    const response = await app.request('/events');
    const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
    await reader.read();
    expect(listeners).toBe(1);
    stop.abort();
    expect((await reader.read()).done).toBe(true);
    expect(listeners).toBe(0);
  });
});
