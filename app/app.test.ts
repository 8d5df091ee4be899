import { mkdtemp, readFile, rm } from 'node:fs/promises';
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
import { commands } from './commands/index.ts';
import { configOf } from './config.ts';
import { createControlPlane } from './control-plane.ts';
import type { ControlPlane } from './control-plane.ts';
import { hasStatus } from './github/request.ts';
import { artifactNameOf, RETRAIN_WORKFLOW } from './retraining/retraining.ts';
import { zipOf } from './retraining/zip.fixture.ts';
import { startApp, webhookPath } from './server.ts';
import type { RunningApp } from './server.ts';

const limitMs = 180_000;
const owner = 'acme';
const repo = 'models';

interface World {
  readonly github: GitHub;
  readonly app: RunningApp;
  readonly plane: ControlPlane;
  as(login: string): Octokit;
}

/** Looks until there is something to see; a look that GitHub's faults spoil is repeated. */
async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + limitMs;
  while (Date.now() < end) {
    const found = await look().catch((error: unknown) => {
      if (hasStatus(error, 502)) return undefined;
      throw error;
    });
    if (found !== undefined) return found;
    await pause(50);
  }
  throw new Error(`${what} did not come true within ${limitMs} ms`);
}

/** A repository with models on the stand-in, and the App on it with a fleet in memory. */
async function openWorld(folder: string): Promise<World> {
  const github = await startGitHub({ folder: join(folder, 'github') });
  const secret = 'a secret of this test';
  for (const login of ['dana', 'rui', 'ada', 'rita']) github.addUser({ login });
  await github.addRepository({
    owner,
    name: repo,
    files: sampleRepositoryFiles(),
    by: 'ada',
    collaborators: { dana: 'write', rui: 'maintain', ada: 'admin', rita: 'read' },
  });
  const registration = {
    slug: 'slipway',
    webhookSecret: secret,
    events: [
      'check_run',
      'check_suite',
      'issue_comment',
      'pull_request',
      'pull_request_review',
      'push',
      'workflow_run',
    ],
    permissions: {
      checks: 'write',
      contents: 'write',
      deployments: 'write',
      issues: 'write',
      metadata: 'read',
      pull_requests: 'write',
      statuses: 'read',
      actions: 'write',
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

describe('the App on a GitHub of its own', { timeout: 2 * limitMs }, () => {
  let folder: string;
  let world: World;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-app-'));
    world = await openWorld(folder);
    await until('every model serves', async () => {
      const [project] = world.plane.projects();
      const status = await project?.rollouts.status(undefined, AbortSignal.timeout(limitMs));
      return status?.text.match(/version 1\.0\.0 serves/g)?.length === 4 ? true : undefined;
    });
  });
  afterAll(async () => {
    await world?.app.stop();
    await world?.github.close();
    await rm(folder, { recursive: true, force: true });
  });

  const at = { owner, repo };

  async function propose(branch: string, by: string, files: Readonly<Record<string, string | Uint8Array>>) {
    const { sha } = await world.github.commit({ repository: `${owner}/${repo}`, branch, message: branch, by, files });
    const { data } = await world.as(by).rest.pulls.create({ ...at, title: branch, head: branch, base: 'main' });
    return { number: data.number, sha };
  }

  async function proposeSample(key: string) {
    const sample = sampleProposals().find((each) => each.key === key);
    if (sample === undefined) throw new Error(`the sample repository has no proposal ${key}`);
    return { sample, ...(await propose(sample.branch, 'dana', sample.files)) };
  }

  const runsOf = async (sha: string) =>
    (await world.as('ada').rest.checks.listForRef({ ...at, ref: sha, per_page: 100 })).data.check_runs;

  /** The check runs of a commit, once its summary is completed with this conclusion (any, when none is given). */
  const judged = (sha: string, conclusion?: string) =>
    until(`the summary of ${sha} is completed${conclusion === undefined ? '' : ` with ${conclusion}`}`, async () => {
      const runs = await runsOf(sha);
      const summary = runs.find(({ name }) => name === 'slipway');
      const fits = conclusion === undefined || summary?.conclusion === conclusion;
      return summary?.status === 'completed' && fits ? { runs, summary } : undefined;
    });

  const commentsOf = async (number: number) =>
    (await world.as('ada').rest.issues.listComments({ ...at, issue_number: number, per_page: 100 })).data;

  /** Posts a comment and gives the App's reply to it, with the reactions it got. */
  async function say(number: number, by: string, body: string) {
    const { data } = await world.as(by).rest.issues.createComment({ ...at, issue_number: number, body });
    const reply = await until(`the comment "${body}" is answered`, async () =>
      (await commentsOf(number)).find((comment) => comment.body?.startsWith(`<!-- slipway:reply ${data.id} -->`)),
    );
    const reactions = await until('it has a last reaction', async () => {
      const { data: found } = await world.as(by).rest.reactions.listForIssueComment({ ...at, comment_id: data.id });
      const contents = found.map(({ content }) => content);
      return contents.includes('rocket') || contents.includes('confused') ? contents : undefined;
    });
    return { reply: reply.body ?? '', reactions };
  }

  it('adopts the models that it finds', async () => {
    const [project] = world.plane.projects();
    const { lines } = project === undefined ? { lines: [] } : await project.ledger.read();
    const adopted = lines.flatMap(({ kind, model }) => (kind === 'adopted' && model !== undefined ? [model] : []));
    expect(new Set(adopted)).toEqual(new Set(['biopsy', 'diabetes', 'digits', 'wine']));
  });

  it('judges an opened proposal: every check run is completed, the summary last, and the plan is told', async () => {
    const { sample, number, sha } = await proposeSample('a');
    const { runs, summary } = await judged(sha);
    expect(new Set(runs.map(({ name }) => name))).toEqual(new Set([...checks.map(({ name }) => name), 'slipway']));
    expect(runs.filter(({ status }) => status !== 'completed')).toEqual([]);
    expect(summary.conclusion).toBe(sample.expect.conclusion);
    const comments = await commentsOf(number);
    expect(comments.map(({ body }) => body)).toEqual([expect.stringContaining('what would change in production')]);
  });

  it('answers commands: help is generated, status asks the fleet', async () => {
    const { number } = await propose('talk', 'dana', { 'docs/talk.md': 'words' });
    const { reply, reactions } = await say(number, 'dana', 'Hello!\n/help\n/status biopsy');
    for (const { usage } of commands) expect(reply).toContain(usage.replaceAll('|', '\\|'));
    expect(reply).toMatch(/\*\*biopsy\*\*: version 1\.0\.0/);
    expect(reactions).toEqual(['eyes', 'rocket']);
  });

  it('does a command once that takes longer than the sweep’s patience', async () => {
    const { number } = await propose('slow', 'dana', { 'docs/slow.md': 'words' });
    const [project] = world.plane.projects();
    if (project === undefined) throw new Error('there is a project');
    const original = { ...project.rollouts };
    let done = 0;
    Object.assign(project.rollouts, {
      status: async (model: string | undefined, signal: AbortSignal) => {
        done += 1;
        // Long enough for the sweep to find the comment a few times.
        await pause(3000);
        return original.status(model, signal);
      },
    });
    try {
      await say(number, 'dana', '/status biopsy');
      await pause(3000);
      expect(done).toBe(1);
    } finally {
      Object.assign(project.rollouts, original);
    }
  });

  it('says who may to those who may not, and what was meant to those who mistype', async () => {
    const { number } = await propose('denied', 'dana', { 'docs/denied.md': 'words' });
    const denied = await say(number, 'rita', '/rollback biopsy because I can');
    expect(denied.reply).toMatch(/takes the `write` permission .* @rita has `read`/);
    expect(denied.reactions).toEqual(['eyes', 'confused']);
    expect((await say(number, 'dana', '/statsu')).reply).toContain('Was `/status` meant?');
  });

  it('lets a pull request through that changes no model', async () => {
    const { sha } = await propose('docs', 'dana', { 'README.md': 'words' });
    const { runs, summary } = await judged(sha);
    expect(runs.map(({ name }) => name)).toEqual(['slipway']);
    expect([summary.conclusion, summary.output.title]).toEqual(['success', 'No model changed']);
  });

  it('fails a manifest that cannot be read, on its lines, and skips the rest', async () => {
    const { sha } = await propose('broken', 'dana', {
      'models/wine/model.yaml': 'apiVersion: slipway/v1\nkind: Modell\n',
    });
    const { runs, summary } = await judged(sha);
    expect(summary.conclusion).toBe('failure');
    const manifest = runs.find(({ name }) => name === 'manifest');
    expect(manifest?.conclusion).toBe('failure');
    const { data: annotations } = await world
      .as('ada')
      .rest.checks.listAnnotations({ ...at, check_run_id: manifest?.id ?? 0 });
    expect(annotations).toContainEqual(expect.objectContaining({ path: 'models/wine/model.yaml', start_line: 2 }));
    const others = runs.filter(({ name }) => name !== 'manifest' && name !== 'slipway');
    expect(new Set(others.map(({ conclusion }) => conclusion))).toEqual(new Set(['skipped']));
  });

  it('turns green when somebody else waives what blocks, and red again when it is taken back', async () => {
    const { number, sha } = await proposeSample('b');
    const { runs } = await judged(sha, 'failure');
    const failing = runs.filter(({ name, conclusion }) => name !== 'slipway' && conclusion === 'failure');
    const waivers = failing.map(({ name }) => `/waive ${name} until 2099-01-01 because we know`).join('\n');
    expect((await say(number, 'dana', waivers)).reply).toMatch(/takes the `maintain` permission/);
    expect((await say(number, 'rui', waivers)).reactions).toEqual(['eyes', 'rocket']);
    await judged(sha, 'success');
    await say(number, 'rui', failing.map(({ name }) => `/unwaive ${name}`).join('\n'));
    await judged(sha, 'failure');
  });

  it('finds by itself what no webhook brought: a proposal, a command', async () => {
    world.github.setFaults({ seed: 1, loseWebhooks: 1 });
    try {
      const { number, sha } = await propose('lost', 'dana', { 'docs/lost.md': 'words' });
      await judged(sha, 'success');
      expect((await say(number, 'dana', '/status biopsy')).reactions).toEqual(['eyes', 'rocket']);
    } finally {
      world.github.setFaults({});
    }
  });

  it('does once what webhooks bring twice and late, while GitHub forgets its answers', async () => {
    const faults = { seed: 2, doubleWebhooks: 1, lateWebhooks: 0.5, lateMs: 200 };
    const forgetting = { ...faults, forgetAnswers: 0.05 };
    world.github.setFaults(faults);
    try {
      const { number, sha } = await propose('doubled', 'dana', { 'docs/doubled.md': 'words' });
      world.github.setFaults(forgetting);
      await judged(sha, 'success');
      world.github.setFaults(faults);
      const { data } = await world.as('dana').rest.issues.createComment({ ...at, issue_number: number, body: '/help' });
      world.github.setFaults(forgetting);
      const reply = `<!-- slipway:reply ${data.id} -->`;
      const replies = async () => (await commentsOf(number)).filter(({ body }) => body?.startsWith(reply));
      await until('the comment is answered', async () => ((await replies()).length > 0 ? true : undefined));
      await world.github.settled();
      world.github.setFaults({});
      expect(await replies()).toHaveLength(1);
    } finally {
      world.github.setFaults({});
    }
  });

  it('asks for the approvals that a severity needs, and turns green by the reviews', async () => {
    const sample = sampleProposals().find(({ model }) => model === 'biopsy');
    if (sample === undefined) throw new Error('the sample repository has a proposal of biopsy');
    await world.github.commit({
      repository: `${owner}/${repo}`,
      branch: 'main',
      message: 'ask for approvals',
      by: 'ada',
      files: { '.github/slipway.yml': 'checks: { required: [manifest, compliance] }\n' },
    });
    const { number, sha } = await propose('reviewed', 'dana', sample.files);
    const { summary } = await judged(sha, 'action_required');
    expect(summary.output.title).toContain('nobody has approved this commit; severity high needs 2 approvals');
    const approve = (login: string) =>
      world.as(login).rest.pulls.createReview({ ...at, pull_number: number, event: 'APPROVE' });
    await approve('ada');
    await until('the title names who approved', async () => {
      const { summary: now } = await judged(sha, 'action_required');
      return now.output.title?.includes('approved by @ada alone') ? true : undefined;
    });
    await approve('rui');
    await judged(sha, 'success');
    const [plan] = await commentsOf(number);
    expect(plan?.body).toContain('approved by @ada, @rui');
  });

  it('trains a proposed model again by the repository’s own workflow, and compares what comes out', async () => {
    const sample = sampleProposals().find(({ model }) => model === 'biopsy');
    if (sample === undefined) throw new Error('the sample repository has a proposal of biopsy');
    const folderOf = (path: string) => sample.files[`models/biopsy/${path}`] ?? new Uint8Array();
    const workflow = await readFile(join(import.meta.dirname, 'retraining', RETRAIN_WORKFLOW));
    await world.github.commit({
      repository: `${owner}/${repo}`,
      branch: 'main',
      message: 'retraining',
      by: 'ada',
      files: {
        '.github/slipway.yml': 'checks: { required: [manifest, reproducibility] }\n',
        [`.github/workflows/${RETRAIN_WORKFLOW}`]: workflow,
      },
    });
    const training = 'reproducibility: { training: { command: python train.py, retrain: always } }\n';
    const manifest = Buffer.from(folderOf('model.yaml')).toString('utf8');
    const { sha } = await propose('again', 'dana', {
      ...sample.files,
      'models/biopsy/model.yaml': `${manifest.replace(/^reproducibility:.*\n(?: .*\n)*/m, '')}${training}`,
    });
    await judged(sha, 'action_required');
    const run = await until('the training is asked for', () =>
      Promise.resolve(world.github.workflowRuns(`${owner}/${repo}`).find(({ headSha }) => headSha === sha)),
    );
    await world.github.finishRun(`${owner}/${repo}`, run.id, {
      conclusion: 'success',
      artifacts: { [artifactNameOf('biopsy')]: zipOf([{ name: 'model.onnx', bytes: folderOf('model.onnx') }]) },
    });
    const { runs } = await judged(sha, 'success');
    const text = runs.find(({ name }) => name === 'reproducibility')?.output;
    expect(`${text?.summary} ${text?.text}`).toContain(`actions/runs/${run.id}`);
  });

  it('has asked nothing of GitHub that its OpenAPI does not know', () => {
    expect(world.github.violations().filter(({ kind }) => kind === 'request')).toEqual([]);
  });
});
