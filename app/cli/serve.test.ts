import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArmStats } from '../../serving/fleet.ts';

const SLIPWAY = fileURLToPath(new URL('slipway.mjs', import.meta.url));
const MODELS = fileURLToPath(new URL('../../fixtures/loans/models/', import.meta.url));
const record = { age: 41, income: 52_000, debt_ratio: 0.31, employment_years: 6.5, region: 'west', group: 'A' };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-cli-'));
});
/** Ended at the end: a test that fails on its way must not leave a fleet behind. */
const started: ChildProcess[] = [];
afterAll(async () => {
  const running = started.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  await Promise.all(
    running.map((child) => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      return ended;
    }),
  );
  await rm(folder, { recursive: true, force: true });
});

/** A folder with a manifest of one version of the loans model. */
async function modelFolder(where: string, version: string, file: string, goldens?: string): Promise<string> {
  const own = join(folder, where, 'loans');
  await mkdir(own, { recursive: true });
  await copyFile(join(MODELS, file), join(own, 'model.onnx'));
  const sha256 = createHash('sha256')
    .update(await readFile(join(MODELS, file)))
    .digest('hex');
  if (goldens !== undefined) await writeFile(join(own, 'goldens.jsonl'), goldens);
  await writeFile(
    join(own, 'model.yaml'),
    `apiVersion: slipway/v1
kind: Model
name: loans
version: ${version}
artifact: { uri: model.onnx, sha256: ${sha256} }
evaluation:
  data: { uri: evaluation.parquet, sha256: ${'ab'.repeat(32)} }
  label: defaulted
${goldens === undefined ? '' : '  goldens: goldens.jsonl\n'}`,
  );
  return own;
}

function start(...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [SLIPWAY, ...args], { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder });
  started.push(child);
  return child;
}

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

async function slipway(...args: readonly string[]): Promise<Ended> {
  const child = start(...args);
  return endOf(child, child.stdout === null ? Promise.resolve('') : text(child.stdout));
}

async function endOf(child: ChildProcess, out: Promise<string>): Promise<Ended> {
  const err = child.stderr === null ? Promise.resolve('') : text(child.stderr);
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, out: await out, err: await err };
}

interface Ready {
  readonly http: string;
  readonly admin: string;
  readonly models: unknown;
}

/** Starts `slipway serve --json` and waits for its line; `stop` ends it as Ctrl-C does. */
async function serving(...args: readonly string[]) {
  const child = start('serve', '--port', '0', '--admin-port', '0', '--json', ...args);
  const { stdout } = child;
  if (stdout === null) throw new Error('no output');
  const ended = endOf(child, Promise.resolve(''));
  const line = await Promise.race([
    new Promise<string>((resolve) => createInterface({ input: stdout }).once('line', resolve)),
    ended.then(({ err }) => Promise.reject(new Error(err))),
  ]);
  return {
    ready: JSON.parse(line) as Ready,
    stop: async (): Promise<number | null> => {
      child.kill('SIGINT');
      return (await ended).status;
    },
  };
}

describe('slipway serve', () => {
  it('serves a manifest, tells it in one line, answers predict and status, and leaves nothing when it is stopped', async () => {
    const own = await modelFolder('first', '1.0.0', 'v1_champion.onnx');
    const { ready, stop } = await serving(own);
    expect(ready).toMatchObject({
      ready: true,
      grpc: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      models: [{ name: 'loans', version: '1.0.0', digest: expect.stringMatching(/^sha256:0c6629394d7b/) }],
    });

    const predicted = await slipway('predict', 'loans', '--fleet', ready.http, '--record', JSON.stringify(record));
    expect(predicted).toMatchObject({ status: 0, out: expect.stringMatching(/^class 0 {2}score 0\.162/) });
    const refused = await slipway('predict', 'loans', '--fleet', ready.http, '--record', '{"age": "old"}');
    expect(refused).toMatchObject({ status: 2, err: expect.stringContaining('column "age": found "old"') });

    const status = await slipway('status', '--fleet', ready.admin);
    expect(status).toMatchObject({
      status: 0,
      out: expect.stringMatching(/loans {2}healthy.*\n {2}1\.0\.0 {2}100 % {2}ready/),
    });
    const { replicas } = JSON.parse((await slipway('status', '--fleet', ready.admin, '--json')).out) as {
      replicas: { id: string }[];
    };

    expect(await stop()).toBe(0);
    expect(replicas.length).toBeGreaterThan(0);
    for (const { id } of replicas) expect(() => process.kill(Number(id), 0)).toThrow('ESRCH');
  });

  it('shares requests among three versions to the percent, and copies them to a fourth', async () => {
    const folders = await Promise.all([
      modelFolder('a', '1.0.0', 'v1_champion.onnx'),
      modelFolder('b', '2.0.0', 'v2_better.onnx'),
      modelFolder('c', '3.0.0', 'v1b_equivalent.onnx'),
      modelFolder('d', '4.0.0', 'v3_cohort_regression.onnx'),
    ]);
    const { ready, stop } = await serving(...folders, '--arms', '1.0.0=50,2.0.0=30,3.0.0=20,4.0.0=shadow');
    try {
      const stats = async () => {
        const response = await fetch(`${ready.admin}/fleet/models/loans/stats`);
        const { arms } = (await response.json()) as { readonly arms: readonly ArmStats[] };
        return arms;
      };
      const versions = new Map<string | null, number>();
      const asked = 120;
      for (let k = 0; k < asked; k++) {
        const response = await fetch(`${ready.http}/v1/models/loans:predict`, {
          method: 'POST',
          body: JSON.stringify({ instances: [record] }),
        });
        await response.arrayBuffer();
        const version = response.headers.get('x-slipway-model-version');
        versions.set(version, (versions.get(version) ?? 0) + 1);
      }
      expect(new Set(versions.keys())).toEqual(new Set(['1.0.0', '2.0.0', '3.0.0']));
      const arms = await stats();
      expect(arms.reduce((sum, { requests }) => sum + requests, 0)).toBe(asked);
      // Copied is what the stable arm answered.
      const { requests = 0, skipped = 0 } = arms.find(({ shadow }) => shadow !== undefined)?.shadow ?? {};
      expect(requests + skipped).toBeGreaterThan(0);
      expect(requests + skipped).toBeLessThanOrEqual(versions.get('1.0.0') ?? 0);
    } finally {
      await stop();
    }
  });

  it('shares requests between two versions, rolls back with a reason, and shows the hold', async () => {
    const first = await modelFolder('a', '1.0.0', 'v1_champion.onnx');
    const second = await modelFolder('b', '2.0.0', 'v2_better.onnx');
    const { ready, stop } = await serving(first, second, '--arms', '1.0.0=40,2.0.0=60');
    try {
      const versions = await Promise.all(
        Array.from({ length: 60 }, async () => {
          const response = await fetch(`${ready.http}/v1/models/loans:predict`, {
            method: 'POST',
            body: JSON.stringify({ instances: [record] }),
          });
          await response.arrayBuffer();
          return response.headers.get('x-slipway-model-version');
        }),
      );
      expect(new Set(versions)).toEqual(new Set(['1.0.0', '2.0.0']));

      expect(await slipway('rollback', 'loans', 'to', '2.0.0', '--fleet', ready.admin)).toMatchObject({ status: 64 });
      const turned = await slipway(
        'rollback',
        'loans',
        'to',
        '2.0.0',
        'because',
        'it is better',
        '--fleet',
        ready.admin,
      );
      expect(turned).toMatchObject({ status: 0, out: expect.stringContaining('loans is turned to 2.0.0') });
      const status = await slipway('status', '--fleet', ready.admin);
      expect(status.out).toMatch(/2\.0\.0 {2}100 %.*\n {2}1\.0\.0 {2}0 %/);
      expect(status.out).toContain(': it is better');

      expect(await slipway('plan', second, '--fleet', ready.admin)).toMatchObject({
        status: 0,
        out: expect.stringContaining('nothing differs'),
      });
      const planned = await slipway('plan', first, '--fleet', ready.admin);
      expect(planned).toMatchObject({ status: 1, out: expect.stringContaining('loans: 1.0.0 gets 100 %') });
    } finally {
      await stop();
    }
  });

  it('refuses a model whose golden comes out otherwise, and leaves no process', async () => {
    const own = await modelFolder(
      'golden',
      '1.0.0',
      'v1_champion.onnx',
      `${JSON.stringify({ record, expect: { score: 0.9 } })}\n`,
    );
    const ended = await slipway('serve', own, '--port', '0', '--admin-port', '0');
    expect(ended).toMatchObject({
      status: 1,
      err: expect.stringMatching(/loans 1\.0\.0 cannot be served: self-test 1 answered 0\.162/),
    });
  });

  it.each([
    ['a manifest that is not there', ['nowhere'], 2, /no manifest at nowhere/],
    ['an unknown option', ['--prot', '1'], 64, /--prot/],
    ['a port that is none', ['--port', 'http'], 64, /--port must be an integer/],
    ['a port beyond the last', ['--grpc-port', '70000'], 64, /--grpc-port must be an integer from 0 to 65535/],
    ['an empty host', ['--host', ''], 64, /--host is empty/],
    ['a log that is and is not', ['--log', 'x', '--no-log'], 64, /--log and --no-log/],
    ['a token file that is not there', ['--token-file', 'x.txt'], 2, /--token-file x\.txt cannot be read/],
    ['a certificate without its key', ['--tls-cert', 'x.pem'], 64, /--tls-cert and --tls-key belong together/],
    ['a certificate that is not there', ['--tls-cert', 'x.pem', '--tls-key', 'y.pem'], 2, /x\.pem cannot be read/],
  ])('says what is wrong with %s', async (_, args, status, message) => {
    expect(await slipway('serve', ...args)).toMatchObject({ status, err: expect.stringMatching(message) });
  });

  it('says which file has another digest than its manifest', async () => {
    const own = await modelFolder('changed', '1.0.0', 'v1_champion.onnx');
    await copyFile(join(MODELS, 'v2_better.onnx'), join(own, 'model.onnx'));
    expect(await slipway('serve', own)).toMatchObject({
      status: 1,
      err: expect.stringMatching(/model\.onnx has sha256 88848ed5.*the manifest says 0c662939/),
    });
  });
});
