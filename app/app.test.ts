import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Octokit } from '@octokit/rest';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkModel } from '../checks/check-model.ts';
import { checks } from '../checks/index.ts';
import type { GitHub } from '../fixtures/github/github.ts';
import { startGitHub } from '../fixtures/github/start-github.ts';
import { sampleProposals, sampleRepositoryFiles } from '../fixtures/sample/sample-repository.ts';
import { createMemoryFleet } from '../serving/drivers/memory.ts';
import { configOf } from './config.ts';
import { createControlPlane } from './control-plane.ts';
import type { ControlPlane } from './control-plane.ts';
import { startApp, webhookPath } from './server.ts';
import type { RunningApp } from './server.ts';

const limitMs = 60_000;
const owner = 'acme';
const repo = 'models';

interface World {
  readonly github: GitHub;
  readonly app: RunningApp;
  readonly plane: ControlPlane;
  as(login: string): Octokit;
}

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + limitMs;
  while (Date.now() < end) {
    const found = await look();
    if (found !== undefined) return found;
    await pause(50);
  }
  throw new Error(`${what} did not come true within ${limitMs} ms`);
}

/** A repository with models on the stand-in, and the App on it with a fleet in memory. */
async function openWorld(folder: string): Promise<World> {
  const github = await startGitHub({ folder: join(folder, 'github') });
  const secret = 'a secret of this test';
  for (const login of ['dana', 'rui', 'ada']) github.addUser({ login });
  await github.addRepository({
    owner,
    name: repo,
    files: sampleRepositoryFiles(),
    by: 'ada',
    collaborators: { dana: 'write', rui: 'maintain', ada: 'admin' },
  });
  const registration = {
    slug: 'slipway',
    webhookSecret: secret,
    events: ['check_run', 'check_suite', 'issue_comment', 'pull_request', 'pull_request_review', 'push'],
    permissions: {
      checks: 'write',
      contents: 'write',
      deployments: 'write',
      issues: 'write',
      metadata: 'read',
      pull_requests: 'write',
    },
  } as const;
  const { appId, privateKey } = github.registerApp(registration);
  const config = configOf({
    APP_ID: String(appId),
    PRIVATE_KEY: privateKey,
    WEBHOOK_SECRET: secret,
    GITHUB_API_URL: github.apiUrl,
    PORT: '0',
    SLIPWAY_FLEET_ADMIN_URL: 'http://127.0.0.1:1',
    SLIPWAY_DATA: join(folder, 'app'),
    SLIPWAY_SWEEP_MS: '1000',
    SLIPWAY_TURN_MS: '200',
    GITHUB_WRITES_PER_MINUTE: '100000',
    GITHUB_WRITES_PER_HOUR: '100000',
  });
  const fleet = { ...createMemoryFleet(() => new Date()), predictions: () => Promise.resolve(0) };
  const log = pino({ level: process.env['SLIPWAY_TEST_LOG'] ?? 'silent' });
  const plane = createControlPlane({ config, fleet, checkModel, checks, log });
  const app = await startApp(config, plane);
  github.registerApp({ ...registration, webhookUrl: `${app.url}${webhookPath}` });
  github.install('slipway', `${owner}/${repo}`);
  await plane.start();
  return {
    github,
    app,
    plane,
    as: (login) => new Octokit({ auth: github.addUser({ login }).token, baseUrl: github.apiUrl }),
  };
}

describe('the App on a GitHub of its own', () => {
  let folder: string;
  let world: World;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-app-'));
    world = await openWorld(folder);
  });
  afterAll(async () => {
    await world?.app.stop();
    await world?.github.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('adopts the models that it finds', async () => {
    const adopted = await until('four models are adopted', async () => {
      const [project] = world.plane.projects();
      const { lines } = project === undefined ? { lines: [] } : await project.ledger.read();
      const models = lines.filter(({ kind, model }) => kind === 'adopted' && model !== undefined);
      return models.length === 4 ? models : undefined;
    });
    expect(adopted.map(({ model }) => model).toSorted()).toEqual(['biopsy', 'diabetes', 'digits', 'wine']);
  });

  it('judges an opened proposal: every check run is completed, the summary last, and the plan is told', async () => {
    const [sample] = sampleProposals();
    if (sample === undefined) throw new Error('the sample repository has proposals');
    const { sha } = await world.github.commit({
      repository: `${owner}/${repo}`,
      branch: sample.branch,
      message: sample.title,
      by: 'dana',
      files: sample.files,
    });
    const { data: pull } = await world.as('dana').rest.pulls.create({
      owner,
      repo,
      title: sample.title,
      body: sample.body,
      head: sample.branch,
      base: 'main',
    });
    const runs = await until('the summary is completed', async () => {
      const { data } = await world.as('ada').rest.checks.listForRef({ owner, repo, ref: sha, per_page: 100 });
      const summary = data.check_runs.find(({ name }) => name === 'slipway');
      return summary?.status === 'completed' ? data.check_runs : undefined;
    });
    expect(runs.map(({ name }) => name).toSorted()).toEqual([...checks.map(({ name }) => name), 'slipway'].toSorted());
    expect(runs.filter(({ status }) => status !== 'completed')).toEqual([]);
    expect(runs.find(({ name }) => name === 'slipway')).toMatchObject({ conclusion: sample.expect.conclusion });
    const { data: comments } = await world
      .as('ada')
      .rest.issues.listComments({ owner, repo, issue_number: pull.number });
    expect(comments.map(({ body }) => body).join()).toMatch(/What would change|what would change/);
  });
});
