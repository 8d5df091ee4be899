import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Octokit } from '@octokit/rest';
import { parse } from 'yaml';
import type { Faults, GitHub } from '../../fixtures/github/github.ts';
import { startGitHub } from '../../fixtures/github/start-github.ts';
import { sampleRepositoryFiles } from '../../fixtures/sample/sample-repository.ts';
import type { ObservedFleet } from '../../serving/fleet.ts';
import { readFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { freePort, type Running, startProcess } from './processes.ts';
import { waitFor } from './wait-for.ts';

const root = join(import.meta.dirname, '..', '..');
const startLimitMs = 60_000;
/** A prediction or a look at the fleet that takes longer has failed. */
const requestLimitMs = 30_000;

/** Who plays: the data scientist, the reviewer, the on-call engineer, the administrator. */
const cast = { dana: 'write', rui: 'maintain', ola: 'write', ada: 'admin' } as const;

export interface StageOptions {
  /** Everything is kept here. */
  readonly folder: string;
  /** Of the dashboard and the webhooks. */
  readonly port?: number;
  readonly faults?: Faults;
  /** Turns of the App's sweep and of its rollouts; tests take short ones. */
  readonly sweepMs?: number;
}

export interface CheckRun {
  readonly name: string;
  readonly status: string;
  readonly conclusion: string | null;
  readonly title: string;
  readonly startedAt: number;
  readonly completedAt: number;
}

/** All the parts of the main job on this machine: GitHub stand-in, App, fleet. */
export interface Stage {
  readonly github: GitHub;
  readonly app: { readonly url: string; readonly logFile: string; kill(): Promise<void>; start(): Promise<void> };
  readonly fleet: {
    readonly url: string;
    readonly adminUrl: string;
    readonly logFile: string;
    kill(): Promise<void>;
    start(): Promise<void>;
  };
  /** GitHub's REST as one of the cast. */
  as(login: string): Octokit;
  observe(signal: AbortSignal): Promise<ObservedFleet>;
  /** One prediction of one record over the public interface; throws when it is refused. */
  predict(
    model: string,
    record: Readonly<Record<string, unknown>>,
    caller: string | undefined,
    signal: AbortSignal,
  ): Promise<unknown>;
  /** How many requests of a model the fleet has recorded. */
  recorded(model: string, signal: AbortSignal): Promise<number>;
  /** The check runs of a commit as they are now. */
  checkRuns(sha: string): Promise<readonly CheckRun[]>;
  /** The check runs of a commit, once the summary check has ended. */
  summary(sha: string, limitMs: number, signal: AbortSignal): Promise<readonly CheckRun[]>;
  stop(): Promise<void>;
}

export async function startStage(options: StageOptions, signal: AbortSignal): Promise<Stage> {
  const { folder } = options;
  await mkdir(join(folder, 'logs'), { recursive: true });
  const github = await startGitHub({
    folder: join(folder, 'github'),
    port: await freePort(4000),
    ...(options.faults === undefined ? {} : { faults: options.faults }),
  });
  const ports = { app: await freePort(options.port ?? 3000), fleet: await freePort(8000), admin: await freePort(8003) };
  const secret = randomBytes(24).toString('hex');
  const running: { app?: Running; fleet?: Running } = {};
  const urls = {
    app: `http://127.0.0.1:${ports.app}`,
    fleet: `http://127.0.0.1:${ports.fleet}`,
    admin: `http://127.0.0.1:${ports.admin}`,
  };
  const manifest: unknown = parse(readFileSync(join(root, 'app.yml'), 'utf8'));
  const app = github.registerApp({
    slug: 'slipway',
    name: 'Slipway',
    webhookUrl: `${urls.app}/api/github/webhooks`,
    webhookSecret: secret,
    events: eventsOf(manifest),
    permissions: permissionsOf(manifest),
  });

  const startFleetProcess = async (): Promise<void> => {
    running.fleet = await startProcess('fleet', join(root, 'serving/main.ts'), {
      args: ['--folder', join(folder, 'fleet'), '--port', String(ports.fleet), '--admin-port', String(ports.admin)],
      logFile: join(folder, 'logs/fleet.log'),
    });
    await waitFor('the fleet answers', startLimitMs, signal, async () => answers(`${urls.admin}/fleet`, running.fleet));
  };
  const startAppProcess = async (): Promise<void> => {
    running.app = await startProcess('app', join(root, 'app/main.ts'), {
      environment: {
        APP_ID: String(app.appId),
        PRIVATE_KEY: app.privateKey,
        WEBHOOK_SECRET: secret,
        GITHUB_API_URL: github.apiUrl,
        GITHUB_URL: github.url,
        PORT: String(ports.app),
        HOST: '127.0.0.1',
        PUBLIC_URL: urls.app,
        SLIPWAY_FLEET_URL: urls.fleet,
        SLIPWAY_FLEET_ADMIN_URL: urls.admin,
        SLIPWAY_DATA: join(folder, 'app'),
        SLIPWAY_SWEEP_MS: String(options.sweepMs ?? 5000),
        SLIPWAY_LIVE_SWEEP_MS: '1000',
        SLIPWAY_TURN_MS: '500',
        // The stand-in has no secondary limits; github.com's are the defaults.
        GITHUB_WRITES_PER_MINUTE: '6000',
        GITHUB_WRITES_PER_HOUR: '60000',
      },
      logFile: join(folder, 'logs/app.log'),
    });
    await waitFor('the App answers', startLimitMs, signal, async () => answers(`${urls.app}/readyz`, running.app));
  };

  const stage: Stage = {
    github,
    app: {
      url: urls.app,
      logFile: join(folder, 'logs/app.log'),
      kill: async () => running.app?.kill(),
      start: startAppProcess,
    },
    fleet: {
      url: urls.fleet,
      adminUrl: urls.admin,
      logFile: join(folder, 'logs/fleet.log'),
      kill: async () => running.fleet?.kill(),
      start: startFleetProcess,
    },
    as: (login) => new Octokit({ auth: github.addUser({ login }).token, baseUrl: github.apiUrl, log: silent }),
    observe: async (until) => (await jsonOf(`${urls.admin}/fleet`, until)) as ObservedFleet,
    async predict(model, record, caller, until) {
      const response = await fetch(`${urls.fleet}/v1/models/${model}:predict`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(caller === undefined ? {} : { 'x-user-id': caller }) },
        body: JSON.stringify({ instances: [record] }),
        signal: AbortSignal.any([until, AbortSignal.timeout(requestLimitMs)]),
      });
      const text = await response.text();
      if (!response.ok)
        throw new Error(`POST /v1/models/${model}:predict answered ${response.status}: ${text.slice(0, 300)}`);
      return JSON.parse(text);
    },
    async recorded(model, until) {
      const query = new URLSearchParams({
        from: new Date(0).toISOString(),
        to: new Date(Date.now() + 60_000).toISOString(),
        limit: '100000',
        format: 'json',
      });
      const found = await jsonOf(`${urls.admin}/fleet/models/${model}/predictions?${query.toString()}`, until);
      return Array.isArray(found) ? found.length : (found as { rows: readonly unknown[] }).rows.length;
    },
    checkRuns: async (sha) => checkRunsOf(stage.as('ada'), sha),
    async summary(sha, limitMs, until) {
      let runs: readonly CheckRun[] = [];
      await waitFor(`the summary check of ${sha.slice(0, 7)} has ended`, limitMs, until, async () => {
        runs = await checkRunsOf(stage.as('ada'), sha);
        return runs.some(({ name, status }) => name === 'slipway' && status === 'completed');
      });
      return runs;
    },
    async stop() {
      await running.app?.stop();
      await running.fleet?.stop();
      await github.close();
    },
  };

  try {
    await startFleetProcess();
    await seed(github);
    await startAppProcess();
    github.install('slipway', 'acme/models');
    return stage;
  } catch (cause) {
    await stage.stop();
    throw cause;
  }
}

async function seed(github: GitHub): Promise<void> {
  for (const login of Object.keys(cast)) github.addUser({ login });
  if (github.hasRepository('acme/models')) return;
  await github.addRepository({
    owner: 'acme',
    name: 'models',
    description: 'Models in production at acme',
    files: sampleRepositoryFiles(),
    by: 'ada',
    message: 'Models in production',
    collaborators: cast,
    protection: { requiredChecks: ['slipway'] },
  });
}

async function checkRunsOf(octokit: Octokit, sha: string): Promise<readonly CheckRun[]> {
  const runs = await octokit.paginate(octokit.rest.checks.listForRef, {
    owner: 'acme',
    repo: 'models',
    ref: sha,
    per_page: 100,
  });
  return runs.map((run) => ({
    name: run.name,
    status: run.status,
    conclusion: run.conclusion,
    title: run.output.title ?? '',
    startedAt: Date.parse(run.started_at ?? ''),
    completedAt: Date.parse(run.completed_at ?? ''),
  }));
}

async function answers(url: string, process: Running | undefined): Promise<boolean> {
  if (process?.hasEnded() === true)
    throw new Error(`${process.name} ended (${await process.ended}); see ${process.logFile}`);
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
  await response.arrayBuffer();
  return response.ok;
}

async function jsonOf(url: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(requestLimitMs)]) });
  const text = await response.text();
  if (!response.ok) throw new Error(`GET ${url} answered ${response.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text);
}

function eventsOf(manifest: unknown): readonly string[] {
  return (manifest as { default_events: readonly string[] }).default_events;
}

function permissionsOf(manifest: unknown): Readonly<Record<string, 'read' | 'write'>> {
  return (manifest as { default_permissions: Readonly<Record<string, 'read' | 'write'>> }).default_permissions;
}

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
