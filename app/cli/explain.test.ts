import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { main } from './slipway.ts';

const SLIPWAY = join(import.meta.dirname, 'slipway.mjs');
const LOANS = join(import.meta.dirname, '../../fixtures/loans');
const LIMIT_MS = 120_000;
const record = { age: 28, income: 21_200, debt_ratio: 0.3344, employment_years: 1.9, region: 'west', group: 'A' };

let folder: string;
let data: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-explain-'));
  data = join(LOANS, 'data/evaluation.csv');
  await modelFolder('loans', '2.0.0', join(LOANS, 'models/v2_better.onnx'));
  await modelFolder('broken', '1.0.0', join(LOANS, '../awkward-models/not_onnx_protobuf.onnx'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function modelFolder(name: string, version: string, model: string): Promise<void> {
  const own = join(folder, 'models', name);
  await mkdir(own, { recursive: true });
  await copyFile(model, join(own, 'model.onnx'));
  await copyFile(data, join(own, 'evaluation.csv'));
  const digestOf = async (file: string): Promise<string> =>
    createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  await writeFile(
    join(own, 'model.yaml'),
    `apiVersion: slipway/v1
kind: Model
name: ${name}
version: ${version}
artifact: { uri: model.onnx, sha256: ${await digestOf(model)} }
evaluation:
  data: { uri: evaluation.csv, sha256: ${await digestOf(data)} }
  label: defaulted
`,
  );
}

const start = (...args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [SLIPWAY, ...args], {
    cwd: folder,
    env: { ...process.env, SLIPWAY_CACHE: join(folder, 'cache') },
    signal: AbortSignal.timeout(LIMIT_MS),
  });

async function slipway(...args: readonly string[]) {
  const child = start(...args);
  let [out, err] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const status = await new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  );
  return { status, out, err };
}

/** Wrong usage starts nothing, so it is asked for in this process. */
async function usage(...args: readonly string[]) {
  const said: string[] = [];
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  try {
    return { status: await main(args), err: said.join('') };
  } finally {
    stderr.mockRestore();
  }
}

const placed = (arg: string): string => (arg === 'DATA' ? data : arg.startsWith('models/') ? join(folder, arg) : arg);

interface RowResult {
  readonly kind: 'shapley';
  readonly score: number;
  readonly recordedScore?: number;
  readonly background: { readonly mean: number; readonly rows: number };
  readonly columns: readonly { readonly column: string; readonly value: unknown; readonly contribution: number }[];
  readonly additivity: { readonly holds: boolean };
}

describe('slipway explain', () => {
  it('tells what each column is worth, with intervals', async () => {
    const { status, out } = await slipway('explain', 'models/loans', '--data', data);
    expect(status).toBe(0);
    expect(out).toMatch(/^loans 2\.0\.0: what roc_auc \(0\.8\d+ on 2,000 rows\) loses/);
    expect(out).toMatch(/debt_ratio +\+0\.2\d+ \[\+0\.\d+, \+0\.\d+\] +6\d\.\d % +█+/);
  });

  it('tells why a row got its score: contributions that add up to its distance from the mean', async () => {
    const { status, out } = await slipway('explain', 'models/loans/model.yaml', '--data', data, '--row', '1', '--json');
    const result = JSON.parse(out) as RowResult;
    expect(status).toBe(0);
    expect(result.columns.map(({ column }) => column).toSorted()).toEqual(Object.keys(record).toSorted());
    const sum = result.columns.reduce((total, { contribution }) => total + contribution, 0);
    expect(sum).toBeCloseTo(result.score - result.background.mean, 6);
    expect(result.additivity.holds).toBe(true);
    expect(result.columns.find(({ column }) => column === 'region')?.value).toBe('west');
  });

  it('explains a record like the row that holds the same values', async () => {
    const [row, asked] = [
      await slipway('explain', 'models/loans', '--data', data, '--row', '1', '--json'),
      await slipway('explain', 'models/loans', '--data', data, '--record', JSON.stringify(record), '--json'),
    ].map(({ out }) => JSON.parse(out) as RowResult);
    expect(asked?.score).toBe(row?.score);
    // The row is not in its own background; the record's background may hold the row.
    expect(asked?.columns[0]?.column).toBe(row?.columns[0]?.column);
  });

  it('draws the contributions for people', async () => {
    const { out } = await slipway('explain', 'models/loans', '--data', data, '--row', '1');
    expect(out).toMatch(/row 1 of .*: score 0\.434 for class 1, decided 0 \(threshold 0\.5\)/);
    expect(out).toMatch(/income +21,200 +\+0\.\d+ +│█+/);
    expect(out).toContain('they add up');
  });

  it.each([
    [['models/loans'], /--data is needed/],
    [['models/loans', '--data', 'nowhere.csv'], /--data nowhere\.csv cannot be read/],
    [['models/loans', '--data', 'DATA', '--row', '0'], /the first row is 1/],
    [['models/loans', '--data', 'DATA', '--row', '1', '--record', '{}'], /give one/],
    [['models/loans', '--data', 'DATA', '--record', '{'], /holds no JSON record/],
    [['models/nobody', '--data', 'DATA'], /models\/nobody: there is no such file/],
    [['01a1fdbb-970b-7154-8f5c-39da7528f533'], /--fleet URL is needed/],
  ])('refuses wrong usage %j with status 64', async (args, reason) => {
    const { status, err } = await usage('explain', ...args.map(placed));
    expect(err).toMatch(reason);
    expect(status).toBe(64);
  });

  it.each([
    [['models/loans', '--data', 'DATA', '--row', '99999'], /has 2000 rows, and row 99999 was asked for/],
    [['models/loans', '--data', 'DATA', '--record', '{"age": 28}'], /column "income": found no such key/],
    [['models/broken', '--data', 'DATA', '--row', '1'], /model\.onnx/],
  ])('cannot tell %j, says why, and exits with 2', async (args, reason) => {
    const { status, err } = await slipway('explain', ...args.map((arg) => (arg === 'DATA' ? data : arg)));
    expect(err).toMatch(reason);
    expect(status).toBe(2);
  });

  it('explains a prediction that a fleet recorded, by the revision there, by the same revision here, and by no other', async () => {
    const fleet = await serving(join(folder, 'models/loans'), '--log', join(folder, 'log'));
    try {
      const response = await fetch(`${fleet.http}/v1/models/loans:predict`, {
        method: 'POST',
        body: JSON.stringify({ instances: [record] }),
        signal: AbortSignal.timeout(LIMIT_MS),
      });
      const { id, predictions } = (await response.json()) as {
        readonly id: string;
        readonly predictions: readonly { readonly score: number }[];
      };
      const asked = await slipway('explain', id, '--fleet', fleet.http, '--json');
      expect(asked.err).toBe('');
      const byFleet = JSON.parse(asked.out) as RowResult;
      expect(byFleet.recordedScore).toBe(predictions[0]?.score);
      expect(byFleet.additivity.holds).toBe(true);

      const told = await slipway('explain', id, '--fleet', fleet.http, '--data', data, '--json');
      expect(told.err).toBe('');
      expect(told.status).toBe(0);
      const result = JSON.parse(told.out) as RowResult;
      expect(result.recordedScore).toBe(predictions[0]?.score);
      expect(result.score).toBeCloseTo(predictions[0]?.score ?? NaN, 6);
      // The same background, the same code: here in a limited child, there beside the predictions.
      for (const { column, contribution } of result.columns)
        expect(byFleet.columns.find((each) => each.column === column)?.contribution).toBeCloseTo(contribution, 6);

      await modelFolder('loans', '2.0.1', join(LOANS, 'models/v1_champion.onnx'));
      const other = await slipway('explain', id, '--fleet', fleet.http, '--data', data);
      expect(other.err).toContain('another revision would explain another answer');
      expect(other.status).toBe(2);

      await rm(join(folder, 'models/loans'), { recursive: true });
      const alone = await slipway('explain', id, '--fleet', fleet.http, '--data', data);
      expect(alone.err).toContain('hands out no artifacts: give --manifest');
      expect(alone.status).toBe(2);

      const unknown = await slipway('explain', '01a1fdbb-970b-7154-8f5c-39da7528f533', '--fleet', fleet.http);
      expect(unknown.err).toContain('does not explain prediction');
      expect(unknown.status).toBe(2);
    } finally {
      await fleet.stop();
    }
  });
});

/** Starts `slipway serve --json` and waits for its line. */
async function serving(...args: readonly string[]) {
  const child = start('serve', '--port', '0', '--admin-port', '0', '--grpc-port', '0', '--json', ...args);
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const { stdout } = child;
  if (stdout === null) throw new Error('no output');
  const line = await Promise.race([
    new Promise<string>((resolve) => createInterface({ input: stdout }).once('line', resolve)),
    closed.then(() => Promise.reject(new Error('the fleet ended before it was ready'))),
  ]);
  const { http } = JSON.parse(line) as { readonly http: string };
  return {
    http,
    stop: async () => {
      child.kill('SIGTERM');
      await closed;
    },
  };
}
