import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { afterEach, describe, expect, test } from 'vitest';
import { sampleProposals, sampleRecords } from '../../fixtures/sample/sample-repository.ts';
import type { ObservedModel } from '../../serving/fleet.ts';
import { startCallers } from './callers.ts';
import { type Stage, type StageOptions, startStage } from './stage.ts';
import {
  judgeProposals,
  mergeAndRollBack,
  openingChapter,
  openProposals,
  repository,
  rolloutLimitMs,
  type Teller,
  weightOf,
} from './story.ts';
import { waitFor } from './wait-for.ts';

const quiet: Teller = { say: () => {}, chapter: () => {} };
const signal = new AbortController().signal;
const good = sampleProposals().filter(({ key }) => key === 'a');

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

async function stageOf(options: Omit<StageOptions, 'folder'> = {}): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-test-'));
  open.push(async () => rm(folder, { recursive: true, force: true }));
  const stage = await startStage({ folder, port: 0, sweepMs: 2000, ...options }, signal);
  open.push(async () => stage.stop());
  return stage;
}

async function modelOf(stage: Stage, name: string): Promise<ObservedModel> {
  const found = (await stage.observe(signal)).models.find(({ model }) => model === name);
  if (found === undefined) throw new Error(`the fleet does not know ${name}`);
  return found;
}

/** Opens the good proposal, has it judged, and merges it; its number. */
async function mergeGood(stage: Stage): Promise<number> {
  await openingChapter(stage, quiet, signal);
  const [judged] = await judgeProposals(stage, quiet, await openProposals(stage, quiet, signal, good), signal);
  if (judged === undefined) throw new Error('nothing was judged');
  await stage
    .as('rui')
    .rest.pulls.merge({ ...repository, pull_number: judged.proposal.number, merge_method: 'squash' });
  return judged.proposal.number;
}

const reaches = (stage: Stage, weight: number) =>
  waitFor(
    `biopsy 2.0.0 has ${weight} %`,
    rolloutLimitMs,
    signal,
    async () => (await weightOf(stage, 'biopsy', '2.0.0', signal)) === weight,
    50,
  );

async function command(stage: Stage, login: string, number: number, body: string): Promise<string> {
  const { data } = await stage.as(login).rest.issues.createComment({ ...repository, issue_number: number, body });
  let reply = '';
  await waitFor(`"${body}" is answered`, 60_000, signal, async () => {
    const comments = await stage
      .as(login)
      .paginate(stage.as(login).rest.issues.listComments, { ...repository, issue_number: number, per_page: 100 });
    reply = comments.findLast(({ id, user }) => id > data.id && user?.type === 'Bot')?.body ?? '';
    return reply !== '';
  });
  return reply;
}

describe('what must survive', () => {
  test('the App, killed in the middle of a canary and started again, goes on at the same step and ends well', async () => {
    const stage = await stageOf();
    await mergeGood(stage);
    const callers = startCallers(stage, 'biopsy', signal);
    open.push(async () => void (await callers.stop()));
    await reaches(stage, 10);
    const before = await modelOf(stage, 'biopsy');
    await stage.app.kill();
    const step = stepOf(before);
    expect(step).toBe(0);
    await stage.app.start();
    const seen: number[] = [];
    await waitFor(
      '2.0.0 is promoted',
      rolloutLimitMs,
      signal,
      async () => {
        const weight = await weightOf(stage, 'biopsy', '2.0.0', signal);
        if (seen.at(-1) !== weight) seen.push(weight);
        return weight === 100;
      },
      50,
    );
    // Never back to 0 or to an earlier step: it went on where it was.
    expect(seen).toEqual([10, 50, 100].filter((weight) => seen.includes(weight)));
    expect(seen).toContain(50);
    expect((await callers.stop()).failed).toBe(0);
    const { data: deployments } = await stage
      .as('ada')
      .rest.repos.listDeployments({ ...repository, environment: 'production/biopsy', per_page: 100 });
    expect(deployments.filter(({ payload }) => JSON.stringify(payload).includes('2.0.0'))).toHaveLength(1);
  });

  test('with the App left dead, the weight of the candidate is 0 within its lease, and no caller notices', async () => {
    const stage = await stageOf();
    await mergeGood(stage);
    const callers = startCallers(stage, 'biopsy', signal);
    open.push(async () => void (await callers.stop()));
    await reaches(stage, 10);
    await stage.app.kill();
    const lease = (await modelOf(stage, 'biopsy')).leaseUntil;
    expect(lease).toBeDefined();
    const longest = Date.parse(lease ?? '') - Date.now();
    expect(longest).toBeLessThanOrEqual(120_000);
    await waitFor(
      'the lease has lapsed',
      longest + 10_000,
      signal,
      async () => (await weightOf(stage, 'biopsy', '2.0.0', signal)) === 0,
    );
    expect((await callers.stop()).failed).toBe(0);
  });

  test('the fleet daemon, killed in the middle of a canary and started again, serves what it served, and the rollout ends well', async () => {
    const stage = await stageOf();
    await mergeGood(stage);
    const callers = startCallers(stage, 'biopsy', signal);
    open.push(async () => void (await callers.stop()));
    await reaches(stage, 10);
    const { generation } = await modelOf(stage, 'biopsy');
    await stage.fleet.kill();
    await stage.fleet.start();
    const after = await modelOf(stage, 'biopsy');
    expect(after.generation).toBeGreaterThanOrEqual(generation);
    expect(after.arms.some(({ weight }) => weight === 10 || weight === 50)).toBe(true);
    await reaches(stage, 100);
  });

  test('with half of all webhooks lost the story still ends well', async () => {
    const stage = await stageOf({ faults: { seed: 7, loseWebhooks: 0.5 } });
    await openingChapter(stage, quiet, signal);
    const judged = await judgeProposals(stage, quiet, await openProposals(stage, quiet, signal), signal);
    const { failedPredictions } = await mergeAndRollBack(stage, quiet, judged, signal);
    expect(failedPredictions).toBe(0);
  });

  test('with every webhook doubled and some late nothing is done twice', async () => {
    const stage = await stageOf({ faults: { seed: 11, doubleWebhooks: 1, lateWebhooks: 0.3, lateMs: 1500 } });
    const number = await mergeGood(stage);
    const callers = startCallers(stage, 'biopsy', signal);
    open.push(async () => void (await callers.stop()));
    await reaches(stage, 100);
    const reply = await command(stage, 'ola', number, '/status biopsy');
    expect(reply).toContain('2.0.0');
    await stage.github.settled(signal);
    const comments = await stage
      .as('ada')
      .paginate(stage.as('ada').rest.issues.listComments, { ...repository, issue_number: number, per_page: 100 });
    expect(comments.filter(({ body }) => body === reply)).toHaveLength(1);
    const { data: deployments } = await stage
      .as('ada')
      .rest.repos.listDeployments({ ...repository, environment: 'production/biopsy', per_page: 100 });
    expect(deployments.filter(({ payload }) => JSON.stringify(payload).includes('2.0.0'))).toHaveLength(1);
  });
});

describe('what people do', () => {
  test('a load of V2 requests sees no failed one during promotion and rollback', async () => {
    const stage = await stageOf();
    const number = await mergeGood(stage);
    const record = sampleRecords('biopsy')[0] ?? {};
    const load = startLoad({
      url: `${stage.fleet.url}/v2/models/biopsy/infer`,
      method: 'POST',
      connections: 8,
      duration: 600,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        inputs: Object.entries(record).map(([name, value]) => ({
          name,
          shape: [1, 1],
          datatype: 'FP32',
          data: [value],
        })),
      }),
    });
    await reaches(stage, 100);
    await command(stage, 'ola', number, '/rollback biopsy because a test says so');
    await reaches(stage, 0);
    await waitFor(
      'the hold has ended',
      rolloutLimitMs,
      signal,
      async () => (await modelOf(stage, 'biopsy')).held === undefined,
    );
    const result = await load.stop();
    expect({ errors: result.errors, timeouts: result.timeouts, refused: result.non2xx }).toEqual({
      errors: 0,
      timeouts: 0,
      refused: 0,
    });
    expect(result['2xx']).toBeGreaterThan(1000);
  });

  test('a mistaken rollback is undone by /unhold', async () => {
    const stage = await stageOf();
    const number = await mergeGood(stage);
    const callers = startCallers(stage, 'biopsy', signal);
    open.push(async () => void (await callers.stop()));
    await reaches(stage, 100);
    // The revert is proposed and refused by a person: git goes on naming 2.0.0, the fleet stays held on 1.0.0.
    await stage.github.commit({
      repository: 'acme/models',
      branch: 'main',
      message: 'Reverts are proposed',
      by: 'ada',
      files: {
        '.github/slipway.yml': readFileSync(
          join(import.meta.dirname, '../../fixtures/sample/manifests/slipway.yml'),
          'utf8',
        ).replace('revert: merge', 'revert: propose'),
      },
    });
    await command(stage, 'ola', number, '/rollback biopsy because I misread the graph');
    await reaches(stage, 0);
    expect((await modelOf(stage, 'biopsy')).held).toMatchObject({ by: 'ola' });
    const revert = await revertOf(stage);
    await stage.as('ola').rest.pulls.update({ ...repository, pull_number: revert, state: 'closed' });
    const reply = await command(stage, 'ola', number, '/unhold biopsy because the graph was of another model');
    expect(reply).toMatch(/2\.0\.0/);
    await reaches(stage, 100);
    expect((await modelOf(stage, 'biopsy')).held).toBeUndefined();
  });

  test('the smallest manifest merges as a first version and serves', async () => {
    const stage = await stageOf();
    await openingChapter(stage, quiet, signal);
    const fixtures = join(import.meta.dirname, '../../fixtures');
    const files = {
      'model.onnx': readFileSync(join(fixtures, 'loans/models/v2_better.onnx')),
      'evaluation.parquet': readFileSync(join(fixtures, 'loans/data/evaluation.parquet')),
    };
    const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
    const { sha } = await stage.github.commit({
      repository: 'acme/models',
      branch: 'loans-1.0.0',
      message: 'loans 1.0.0',
      by: 'dana',
      files: {
        'models/loans/model.onnx': files['model.onnx'],
        'models/loans/evaluation.parquet': files['evaluation.parquet'],
        'models/loans/model.yaml': `apiVersion: slipway/v1
kind: Model
name: loans
version: 1.0.0
artifact: { uri: model.onnx, sha256: ${digest(files['model.onnx'])} }
evaluation:
  data: { uri: evaluation.parquet, sha256: ${digest(files['evaluation.parquet'])} }
  label: defaulted
`,
      },
    });
    const { data } = await stage.as('dana').rest.pulls.create({
      ...repository,
      title: 'loans 1.0.0',
      head: 'loans-1.0.0',
      base: 'main',
      body: 'A first version.',
    });
    const runs = await stage.summary(sha, 120_000, signal);
    expect(runs.find(({ name }) => name === 'slipway')).toMatchObject({ conclusion: 'success' });
    await stage.as('rui').rest.pulls.merge({ ...repository, pull_number: data.number });
    await waitFor(
      'loans 1.0.0 serves',
      rolloutLimitMs,
      signal,
      async () => (await weightOf(stage, 'loans', '1.0.0', signal)) === 100,
    );
    const answer = await stage.predict(
      'loans',
      { age: 28, income: 21200, debt_ratio: 0.3344, employment_years: 1.9, region: 'west', group: 'A' },
      undefined,
      signal,
    );
    expect(JSON.stringify(answer)).toMatch(/score/);
  });
});

function startLoad(options: autocannon.Options): { stop(): Promise<autocannon.Result> } {
  let instance: autocannon.Instance | undefined;
  const result = new Promise<autocannon.Result>((resolve, reject) => {
    instance = autocannon(options, (error: unknown, told) =>
      error ? reject(new Error('the load failed', { cause: error })) : resolve(told),
    );
  });
  return {
    async stop() {
      instance?.stop?.();
      return await result;
    },
  };
}

function stepOf({ state }: ObservedModel): unknown {
  const text = JSON.stringify(state);
  const found = /"name":"step","(?:step|index)":(\d+)/.exec(text) ?? /"(?:step|index)":(\d+)/.exec(text);
  return found === null ? undefined : Number(found[1]);
}

async function revertOf(stage: Stage): Promise<number> {
  let number: number | undefined;
  await waitFor('the revert pull request is open', 60_000, signal, async () => {
    const { data } = await stage.as('ada').rest.pulls.list({ ...repository, state: 'open' });
    number = data.find(({ head }) => head.ref.startsWith('slipway/revert/biopsy/'))?.number;
    return number !== undefined;
  });
  return number ?? 0;
}
