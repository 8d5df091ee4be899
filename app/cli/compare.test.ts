import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Report } from '../../checks/report/report.ts';
import type { Flips } from './flips.ts';
import { main } from './slipway.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const LIMIT_MS = 120_000;

let folder: string;
const rows = join(FIXTURES, 'loans/data/evaluation.csv');
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-compare-'));
  for (const variant of ['v1_champion', 'v2_better']) await modelFolder(variant);
  const lines = (await readFile(rows, 'utf8')).split('\n');
  await writeFile(join(folder, 'few.csv'), `${lines.slice(0, 40).join('\n')}\n`);
  await writeFile(join(folder, 'unlabelled.csv'), `${lines.map((line) => line.replace(/,[^,]*$/, '')).join('\n')}\n`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A repository of its own with the loans model; its manifest names rows that are not there, and asks for a trivial baseline. */
async function modelFolder(variant: string): Promise<void> {
  const own = join(folder, variant, 'models/loans');
  const model = join(FIXTURES, 'loans/models', `${variant}.onnx`);
  await mkdir(own, { recursive: true });
  await copyFile(model, join(own, 'model.onnx'));
  const sha256 = createHash('sha256')
    .update(await readFile(model))
    .digest('hex');
  await writeFile(
    join(own, 'model.yaml'),
    `apiVersion: slipway/v1
kind: Model
name: loans
version: ${variant}
artifact: { uri: model.onnx, sha256: ${sha256} }
baseline: simple
evaluation:
  data: { uri: nowhere.parquet, sha256: ${'ab'.repeat(32)} }
  label: defaulted
  goldens: nowhere.jsonl
`,
  );
}

async function compare(...args: readonly string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'slipway.mjs'), 'compare', ...args], {
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

const v1 = 'v1_champion/models/loans';
const v2 = 'v2_better/models/loans';

describe('slipway compare', () => {
  it('exits with 0 where the candidate is not worse, with metrics, intervals and decisions that flip', async () => {
    const { status, out } = await compare(v1, v2, '--data', rows, '--examples', '2');
    expect(out).toMatch(/^loans v2_better .* against loans v1_champion .*: not worse/);
    expect(out).toMatch(/roc_auc +0\.\d{3} +0\.\d{3} +\+0\.\d{3} \[\+0\.\d{3}, \+0\.\d{3}\] +margin 0\.005 +better/);
    expect(out).toMatch(/\d+ of 2,000 decisions flip: \d+ become right, \d+ become wrong\./);
    expect(out.match(/^ {2}row \d+: [01] \(0\.\d+\) → [01] \(0\.\d+\), true [01]: /gm)).toHaveLength(2);
    expect(status).toBe(0);
  });

  it('exits with 1 where it is worse, and --json is the report with the flips', async () => {
    const { status, out } = await compare(v2, v1, '--data', rows, '--json');
    const report = JSON.parse(out) as Report & { readonly flips: Flips };
    expect(report.baseline).toMatchObject({ kind: 'production', version: 'v2_better' });
    expect(report.checks.map(({ name }) => name)).toEqual(['baseline', 'cohorts']);
    const auc = report.checks[0]?.findings.find(({ id }) => id === 'baseline/roc_auc');
    expect(auc?.verdict).toBe('fail');
    expect(report.flips.flips).toBeGreaterThan(report.flips.examples.length);
    expect(report.flips.examples).toHaveLength(5);
    const [first] = report.flips.examples;
    expect(first?.champion.class).not.toBe(first?.candidate.class);
    expect(status).toBe(1);
  });

  it('finds no difference between a model and itself', async () => {
    const { status, out } = await compare(v1, v1, '--data', rows, '--json');
    const report = JSON.parse(out) as Report & { readonly flips: Flips };
    expect(report.flips).toMatchObject({ flips: 0, becomeRight: 0, becomeWrong: 0, examples: [] });
    expect(status).toBe(0);
  });

  it('exits with 2 where the rows cannot say', async () => {
    const { status, out } = await compare(v1, v2, '--data', 'few.csv');
    expect(out).toContain('cannot say');
    expect(status).toBe(2);
  });

  it('exits with 2 where the rows have no label', async () => {
    const { status, out, err } = await compare(v1, v2, '--data', 'unlabelled.csv');
    expect(`${out}${err}`).toMatch(/column "defaulted"|no label column/);
    expect(status).toBe(2);
  });

  it.each([
    [[v1, '--data', rows], /name two manifests: CHAMPION CANDIDATE/],
    [[v1, v2], /--data is needed/],
    [[v1, 'nowhere', '--data', rows], /nowhere: there is no such file/],
    [[v1, v2, '--data', rows, '--examples', 'all'], /a whole number was expected/],
  ])('refuses wrong usage %j', async (args, reason) => {
    const said: string[] = [];
    const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
    try {
      const status = await main([
        'compare',
        ...args.map((arg) => (arg.includes('/models/') ? join(folder, arg) : arg)),
      ]);
      expect(said.join('')).toMatch(reason);
      expect(status).toBe(64);
    } finally {
      stderr.mockRestore();
    }
  });
});
