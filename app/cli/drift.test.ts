import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../checks/stats/seeded-random.ts';

const LIMIT_MS = 60_000;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-drift-'));
  const random = seededRandom(1);
  const rows = (count: number, shift: number) =>
    Array.from({ length: count }, (_, i) => {
      const x = random.normal() + shift;
      return `${i},${x.toFixed(4)},${['a', 'b', 'c'][random.index(3)]},${x + random.normal() > 0 ? 1 : 0}`;
    });
  const file = (name: string, lines: readonly string[]) =>
    writeFile(join(folder, name), `id,x,group,label\n${lines.join('\n')}\n`);
  await file('reference.csv', rows(600, 0));
  await file('same.csv', rows(300, 0));
  await file('moved.csv', rows(300, 1));
  await writeFile(join(folder, 'header.csv'), 'id,x,group,label\n');
  await writeFile(join(folder, 'broken.profile.json'), '{"kind":"slipway.profile","version":1}');
  await writeFile(join(folder, 'ragged.csv'), 'id,x,group,label\n1,2\n');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

async function slipway(...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'slipway.mjs'), 'drift', ...args], {
    cwd: folder,
    env: { ...process.env, SLIPWAY_CACHE: join(folder, 'cache') },
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const status = await new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  );
  return { status, out, err };
}

describe('slipway drift', () => {
  test('exits 0 and says so where nothing drifted', async () => {
    const { status, out } = await slipway('reference.csv', 'same.csv', '--label', 'label');
    expect(status).toBe(0);
    expect(out).toMatch(/^No drift: 600 rows against 300 rows/);
    expect(out).toContain('left out  id: every row has a value of its own');
  });

  test('exits 1 and leads with what drifted', async () => {
    const { status, out } = await slipway(
      'reference.csv',
      'moved.csv',
      '--markdown',
      'drift.md',
      '--html',
      'drift.html',
    );
    expect(status).toBe(1);
    expect(out).toMatch(/^Drift: x, psi \d/);
    expect(await readFile(join(folder, 'drift.md'), 'utf8')).toContain('| **drifted** | x | psi');
    const page = await readFile(join(folder, 'drift.html'), 'utf8');
    expect(page).toContain('x drifted: psi');
    expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
  });

  test('--json follows the contract', async () => {
    const { status, out } = await slipway('reference.csv', 'moved.csv', '--label', 'label', '--json');
    expect(status).toBe(1);
    const result = JSON.parse(out);
    expect(result).toMatchObject({
      reference: { file: 'reference.csv', rows: 600 },
      window: { file: 'moved.csv', rows: 300 },
      alpha: 0.01,
      drifted: true,
      joint: {
        method: 'domain classifier',
        auc: expect.any(Number),
        pValue: expect.any(Number),
        drifted: expect.any(Boolean),
      },
      relation: {
        method: 'per-row loss',
        reference: expect.any(Number),
        window: expect.any(Number),
        pValue: expect.any(Number),
        drifted: expect.any(Boolean),
      },
    });
    expect(result.columns[0]).toMatchObject({
      name: 'x',
      type: 'number',
      drifted: true,
      method: 'ks',
      statistic: expect.any(Number),
      pValue: expect.any(Number),
      adjustedPValue: expect.any(Number),
      effect: { measure: 'psi', value: expect.any(Number), limit: 0.1 },
      missing: { reference: 0, window: 0 },
      also: { psi: expect.any(Number), jensenShannon: expect.any(Number), wasserstein: expect.any(Number) },
    });
  });

  test('a profile stands for its reference, from its file and by the reference’s digest', async () => {
    const first = await slipway(
      'reference.csv',
      'moved.csv',
      '--label',
      'label',
      '--profile',
      'reference.profile.json',
      '--json',
    );
    expect(first.status).toBe(1);
    const { digest } = JSON.parse(await readFile(join(folder, 'reference.profile.json'), 'utf8'));
    for (const reference of ['reference.profile.json', `sha256:${digest}`]) {
      const { status, out } = await slipway(reference, 'moved.csv', '--label', 'label', '--json');
      expect(status).toBe(1);
      const [whole, found] = [JSON.parse(first.out), JSON.parse(out)];
      expect(found.reference).toMatchObject({
        rows: 600,
        profile: { digest, lost: expect.stringContaining('600 rows') },
      });
      expect(found.columns[0]).toMatchObject({ name: 'x', statistic: whole.columns[0].statistic });
      expect(found.columns[0].effect.value).toBeCloseTo(whole.columns[0].effect.value, 12);
      expect(found).toMatchObject({ joint: expect.any(Object), relation: expect.any(Object) });
    }
  });

  test.each([
    ['an empty window', ['reference.csv', 'header.csv'], 2],
    ['a ragged file', ['reference.csv', 'ragged.csv'], 2],
    ['a file that is not there', ['reference.csv', 'nowhere.csv'], 2],
    ['one file', ['reference.csv'], 64],
    ['an unknown column', ['reference.csv', 'same.csv', '--label', 'lable'], 64],
    ['a profile that is none', ['broken.profile.json', 'same.csv'], 2],
    ['a digest without a profile', [`sha256:${'0'.repeat(64)}`, 'same.csv'], 2],
    ['an unknown way of looking at all columns', ['reference.csv', 'same.csv', '--joint', 'magic'], 64],
    ['an unknown method', ['reference.csv', 'same.csv', '--method', 'x=magic'], 64],
    ['an alpha that is none', ['reference.csv', 'same.csv', '--alpha', 'often'], 64],
  ])('%s: exit status and a reason', async (_, args, expected) => {
    const { status, err } = await slipway(...args);
    expect(status).toBe(expected);
    expect(err.trim()).not.toBe('');
    expect(err).not.toContain('    at ');
  });
});
