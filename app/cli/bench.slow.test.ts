import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const SLIPWAY = fileURLToPath(new URL('slipway.mjs', import.meta.url));
const LOANS = fileURLToPath(new URL('../../fixtures/loans/', import.meta.url));

interface Told {
  readonly requests: { readonly different: number; readonly from: string };
  readonly alone: { readonly runsPerSecond: number };
  readonly served: readonly {
    readonly form: string;
    readonly connections: number;
    readonly log: boolean;
    readonly requestsPerSecond: number;
    readonly failed: number;
    readonly complaint?: string;
  }[];
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-cli-bench-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function modelFolder(where: string, model: string, withData: boolean): Promise<string> {
  const own = join(folder, where, 'models', 'loans');
  await mkdir(own, { recursive: true });
  await copyFile(join(LOANS, 'models', `${model}.onnx`), join(own, 'model.onnx'));
  const data = join(LOANS, 'data', 'evaluation.parquet');
  if (withData) await copyFile(data, join(own, 'evaluation.parquet'));
  const sha256 = async (file: string): Promise<string> =>
    createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  await writeFile(
    join(own, 'model.yaml'),
    `apiVersion: slipway/v1
kind: Model
name: loans
version: 1.0.0
artifact: { uri: model.onnx, sha256: ${await sha256(join(own, 'model.onnx'))} }
evaluation:
  data: { uri: evaluation.parquet, sha256: ${await sha256(data)} }
  label: defaulted
`,
  );
  return own;
}

function bench(
  ...args: readonly string[]
): Promise<{ readonly status: number; readonly told: Told; readonly err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [SLIPWAY, 'bench', ...args, '--json'], (error, stdout, stderr) => {
      const status = error === null ? 0 : Number(error.code);
      resolve({ status, told: JSON.parse(stdout === '' ? '{}' : stdout) as Told, err: stderr });
    });
  });
}

describe('slipway bench', () => {
  it('asks rows of the evaluation data, as tensors and as records, with the log and without, and compares every answer', async () => {
    const own = await modelFolder('rows', 'v2_better', true);
    const { status, told, err } = await bench(own, '--seconds', '0.4', '--connections', '1,4');
    expect([status, err]).toEqual([0, '']);
    expect(told.requests).toEqual({ different: 64, from: 'evaluation.parquet' });
    expect(told.alone.runsPerSecond).toBeGreaterThan(0);
    expect(told.served.map(({ form, connections, log }) => `${form} ${connections} ${log}`)).toEqual([
      'tensors 1 true',
      'tensors 1 false',
      'tensors 4 true',
      'tensors 4 false',
      'records 1 true',
      'records 1 false',
      'records 4 true',
      'records 4 false',
    ]);
    for (const { requestsPerSecond, failed } of told.served) {
      expect(failed).toBe(0);
      expect(requestsPerSecond).toBeGreaterThan(0);
    }
  });

  it('asks zeros where there are no evaluation data, as tensors', async () => {
    const own = await modelFolder('zeros', 'v2_better', false);
    const { status, told } = await bench(own, '--seconds', '0.2', '--connections', '2');
    expect(status).toBe(0);
    expect(told.requests.from).toContain('zeros');
    expect(new Set(told.served.map(({ form }) => form))).toEqual(new Set(['tensors']));
  });

  it('says that a model that answers differently each time is not answered as alone: status 1', async () => {
    const own = await modelFolder('noise', 'v4_nondeterministic', true);
    const { status, told } = await bench(own, '--seconds', '0.2', '--connections', '2');
    expect(status).toBe(1);
    expect(told.served[0]?.complaint).toMatch(/number 0 is .*, expected /);
  });
});
