import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFleet } from '../start-fleet.ts';
import { loansRevision } from './loans.fixture.ts';
import { type TestFleet, openTestFleet } from './test-fleet.ts';

const TOKEN = 'a token for tests';

/** A request with headers that fetch would not send. */
function ask(url: string, headers: Readonly<Record<string, string>>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asking.on('error', reject);
    asking.end();
  });
}

describe('the admin API without a token', () => {
  let fleet: TestFleet;
  beforeAll(async () => {
    fleet = await openTestFleet();
  });
  afterAll(async () => {
    await fleet.close();
  });

  it('answers programs on this machine, and no page in a browser', async () => {
    const url = `${fleet.adminUrl}/fleet`;
    expect(await ask(url, {})).toBe(200);
    expect(await ask(url, { origin: 'https://evil.example' })).toBe(403);
    expect(await ask(url, { host: 'evil.example:8003' })).toBe(403);
  });

  it.each([
    ['GET', '/nowhere', undefined, 404],
    ['POST', '/fleet', undefined, 405],
    ['PUT', '/fleet/models/loans', 'nonsense', 400],
    ['PUT', '/fleet/models/loans', '{"generation": 0}', 400],
    [
      'PUT',
      '/fleet/models/Not%20a%20name',
      '{"generation": 0, "arms": [], "salt": "", "replicas": {"min": 1, "max": 1, "target": 1}}',
      400,
    ],
    [
      'PUT',
      '/fleet/models/loans',
      '{"generation": 0, "arms": [], "salt": "", "replicas": {"min": 1, "max": 1, "target": 1}}',
      422,
    ],
    ['POST', '/fleet/models/loans/lease', '{"generation": 0, "seconds": 0}', 400],
    ['POST', '/fleet/models/loans/lease', '{"generation": 0, "seconds": 30}', 422],
    ['DELETE', '/fleet/models/loans', undefined, 400],
    ['GET', '/fleet/models/loans/stats', undefined, 404],
    ['GET', '/fleet/models/loans/predictions?from=yesterday', undefined, 400],
    ['PUT', `/fleet/artifacts/${'ab'.repeat(32)}`, 'other bytes', 422],
  ])('%s %s with %s is %i, as JSON', async (method, path, body, status) => {
    const response = await fetch(`${fleet.adminUrl}${path}`, { method, ...(body === undefined ? {} : { body }) });
    expect({ status: response.status, body: await response.json() }).toEqual({
      status,
      body: { error: expect.any(String) },
    });
  });

  it('names the field of a revision that does not fit', async () => {
    const target = { ...loansRevision('1.0.0', 'v1_champion'), files: { 'model.onnx': 'short' } };
    const response = await fetch(`${fleet.adminUrl}/fleet/models/loans/revisions/${target.revision}`, {
      method: 'PUT',
      body: JSON.stringify(target),
    });
    expect(await response.json()).toEqual({
      error: 'files["model.onnx"] must be 64 lowercase hex digits, found string "short"',
    });
  });

  it('takes an artifact in pieces, and again', async () => {
    const bytes = Buffer.alloc(3 * 2 ** 20, 'slipway');
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const put = () => fetch(`${fleet.adminUrl}/fleet/artifacts/${sha256}`, { method: 'PUT', body: bytes });
    expect(await (await put()).json()).toEqual({ sha256 });
    expect((await put()).status).toBe(200);
    expect((await fetch(`${fleet.adminUrl}/fleet/artifacts/${sha256}`, { method: 'HEAD' })).status).toBe(200);
  });

  it('lets no second daemon work on the same folder', async () => {
    await expect(startFleet({ folder: fleet.folder, port: 0, adminPort: 0 })).rejects.toThrow(
      /ended by exit status 1 before it was ready/,
    );
    expect(await ask(`${fleet.adminUrl}/fleet`, {})).toBe(200);
  });
});

describe('tokens', () => {
  let fleet: TestFleet;
  beforeAll(async () => {
    fleet = await openTestFleet({ adminToken: TOKEN, callerToken: 'for callers' });
  });
  afterAll(async () => {
    await fleet.close();
  });

  it('are asked for by the admin API', async () => {
    const url = `${fleet.adminUrl}/fleet`;
    expect(await ask(url, {})).toBe(401);
    expect(await ask(url, { authorization: 'Bearer another token' })).toBe(401);
    expect(await ask(url, { authorization: `Bearer ${TOKEN}` })).toBe(200);
    expect(await fleet.driver.observe(AbortSignal.timeout(10_000))).toMatchObject({ models: [] });
  });

  it('are asked for where models answer, and not for health', async () => {
    const infer = (headers: Readonly<Record<string, string>>) =>
      fetch(`${fleet.url}/v2/models/nobody/infer`, { method: 'POST', body: '{}', headers });
    expect((await infer({})).status).toBe(401);
    expect((await infer({ authorization: `Bearer ${TOKEN}` })).status).toBe(401);
    expect((await infer({ authorization: 'Bearer for callers' })).status).toBe(404);
    expect((await fetch(`${fleet.url}/v2/health/ready`)).status).toBe(200);
  });
});
