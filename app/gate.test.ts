import { createHmac } from 'node:crypto';
import { createServer, request as httpRequest } from 'node:http';
import type { Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { createGate } from './gate.ts';

const secret = 'between GitHub and us';
const sign = (body: string, key = secret) => `sha256=${createHmac('sha256', key).update(body).digest('hex')}`;

interface Answer {
  readonly status: number;
  readonly text: string;
}

describe('the gate in front of the webhooks', () => {
  let server: Server | undefined;
  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve));
  });

  /** A gate on a port of its own; what it lets through is kept. */
  async function open(answerStatus: () => number = () => 200, bodyLimitBytes = 1000) {
    const passed: string[] = [];
    const gate = createGate({ secret, bodyLimitBytes }, (request, response) => {
      passed.push(typeof request.body === 'string' ? request.body : 'no text');
      response.writeHead(answerStatus()).end('handled');
      return Promise.resolve();
    });
    const started = createServer((request, response) => {
      gate(request, response).catch(() => response.destroy());
    });
    server = started;
    await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
    const address = started.address();
    if (address === null || typeof address === 'string') throw new Error('it listens on a port');
    const post = (body: string, headers: Record<string, string | undefined> = {}, method = 'POST'): Promise<Answer> =>
      new Promise((resolve, reject) => {
        const all = {
          'content-type': 'application/json',
          'x-github-event': 'push',
          'x-github-delivery': 'd1',
          'x-hub-signature-256': sign(body),
          ...headers,
        };
        const present = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
        const sent = httpRequest(
          { host: '127.0.0.1', port: address.port, method, headers: Object.fromEntries(present) },
          (response) => {
            let text = '';
            response.on('data', (chunk: Buffer) => {
              text += chunk.toString();
            });
            response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
          },
        );
        sent.on('error', reject);
        sent.end(body);
      });
    return { post, passed };
  }

  it('lets a signed webhook through, body and all', async () => {
    const { post, passed } = await open();
    expect((await post('{"ref":"ä"}')).status).toBe(200);
    expect(passed).toEqual(['{"ref":"ä"}']);
  });

  it.each([
    ['an unsigned one', { 'x-hub-signature-256': undefined }, 401],
    ['one signed with another secret', { 'x-hub-signature-256': sign('{}', 'development') }, 401],
    ['one signed with nothing', { 'x-hub-signature-256': sign('{}', ' ') }, 401],
    ['a signature of another body', { 'x-hub-signature-256': sign('{"a":1}') }, 401],
    ['half a signature', { 'x-hub-signature-256': sign('{}').slice(0, 20) }, 401],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['no type', { 'content-type': undefined }, 415],
    ['no event', { 'x-github-event': undefined }, 400],
    ['no delivery id', { 'x-github-delivery': undefined }, 400],
  ])('refuses %s before anything is parsed', async (_, headers, status) => {
    const { post, passed } = await open();
    expect((await post('{}', headers)).status).toBe(status);
    expect(passed).toEqual([]);
  });

  it('refuses what is announced to be too large without reading it, and what turns out to be', async () => {
    const { post, passed } = await open();
    const large = 'x'.repeat(1001);
    expect((await post(large)).status).toBe(413);
    expect((await post(large, { 'transfer-encoding': 'chunked' })).status).toBe(413);
    expect((await post('x'.repeat(1000))).status).toBe(200);
    expect(passed).toHaveLength(1);
  });

  it('refuses another method', async () => {
    const { post } = await open();
    expect((await post('', {}, 'GET')).status).toBe(405);
  });

  it('handles a delivery once, however often it comes', async () => {
    const { post, passed } = await open();
    expect((await post('{}')).status).toBe(200);
    expect(await post('{}')).toEqual({ status: 200, text: 'Handled before\n' });
    expect((await post('{}', { 'x-github-delivery': 'd2' })).status).toBe(200);
    expect(passed).toHaveLength(2);
  });

  it('lets a delivery in again when it was not handled the first time', async () => {
    let status = 500;
    const { post, passed } = await open(() => status);
    expect((await post('{}')).status).toBe(500);
    status = 200;
    expect(await post('{}')).toEqual({ status: 200, text: 'handled' });
    expect(passed).toHaveLength(2);
  });

  it.each(['', '  '])('is not opened with an empty secret (%j)', (empty) => {
    expect(() => createGate({ secret: empty }, () => Promise.resolve())).toThrow(/secret is empty/);
  });
});
