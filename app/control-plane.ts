import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Probot } from 'probot';
import type { ApplicationFunction } from 'probot';
import type { Check } from '../checks/check.ts';
import type { CheckModel } from '../checks/check-model.ts';
import type { FleetDriver, FleetRecords } from '../serving/fleet.ts';
import { slipwayApp } from './app.ts';
import { boundedSet } from './bounded-set.ts';
import { every } from './clock.ts';
import type { Config } from './config.ts';
import { readAppAccount } from './github/app-account.ts';
import { listDeliveries, redeliver, undelivered } from './github/deliveries.ts';
import { readDefaultBranch } from './github/default-branch.ts';
import { listOpenPullRequests } from './github/pull-requests.ts';
import { listInstallations, listInstalledRepositories } from './github/installations.ts';
import { folderObjectStore } from './github/object-store.ts';
import { limitedFetch, octokitOf } from './github/octokit.ts';
import { ownerAndName } from './intake.ts';
import type { Place } from './intake.ts';
import { proposalKey, queuedIntake } from './intake-queues.ts';
import { checkedOf } from './ledger/checked.ts';
import type { LedgerEvent } from './ledger/ledger.ts';
import { ledgerKey } from './ledger/ledger-key.ts';
import { createProject } from './project.ts';
import type { Project } from './project.ts';
import { createQueue } from './queue.ts';
import { githubOfRepository } from './rollouts/github-of-repository.ts';
import { createRollouts } from './rollouts/create-rollouts.ts';
import { liveRollout, stateOf } from './rollouts/model-state.ts';
import { backgroundFrom } from './rollouts/background-of.ts';
import { selfTestsFrom } from './rollouts/self-tests.ts';
import { createDueTrainings } from './retraining/start-due-trainings.ts';
import { createSweep } from './sweep.ts';

export interface ControlPlaneParts {
  readonly config: Config;
  readonly fleet: FleetDriver & FleetRecords;
  readonly checkModel: CheckModel;
  readonly checks: readonly Check[];
  readonly log: Logger;
  readonly now?: () => Date;
  /** Something that people may be looking at changed. */
  readonly onChange?: (change: { readonly room: 'fleet' | 'proposals' | 'ledger' }) => void;
}

export interface ControlPlane {
  readonly probot: Probot;
  readonly handlers: ApplicationFunction;
  /** Why it cannot work now; undefined when it can. */
  unready(): string | undefined;
  /** Begins to look by itself; resolves when GitHub has said who the App is. */
  start(): Promise<void>;
  /** Every repository it looks after, by the last sweep. */
  projects(): readonly Project[];
  /** Takes nothing more, ends what is under way within the limit. */
  stop(limitMs: number): Promise<void>;
}

const judgingAtOnce = 2;
const promptAtOnce = 8;
const waitingLimit = 1000;
const judgingLimitMs = 60 * 60_000;
const promptLimitMs = 5 * 60_000;
const startRetryMs = 2000;
const redeliveriesAtOnce = 20;
const redeliveryMemory = 10_000;

/** After these, what a model's open proposals were compared with is no longer production. */
const changesProduction: ReadonlySet<LedgerEvent['kind']> = new Set(['promoted', 'rolled-back', 'hold-ended']);

/** Wires GitHub, the checks, the rollouts, the ledger, the sweep and the clock of every repository that the App is installed on. */
export function createControlPlane(parts: ControlPlaneParts): ControlPlane {
  const { config, fleet, log, now = () => new Date() } = parts;
  const onChange = parts.onChange ?? (() => undefined);
  const stopped = new AbortController();
  const projects = new Map<string, Promise<Project>>();
  const known = new Map<string, Project>();
  const redelivered = boundedSet<string>(redeliveryMemory);
  /** The App's account; work waits until GitHub has told it. */
  const account = Promise.withResolvers<string>();
  account.promise.catch(() => undefined);
  let unready: string | undefined = 'starting';

  const onError = (error: unknown, what: string) => {
    // What the end of the process interrupts has not failed.
    if (!stopped.signal.aborted) log.error({ err: error }, `${what} failed`);
  };
  const onDrop = (key: string) => log.warn(`too much waits: ${key} is left to the sweep`);
  const queueOf = (concurrency: number, jobLimitMs: number) =>
    createQueue({ concurrency, limit: waitingLimit, jobLimitMs, onError, onDrop });
  const judging = queueOf(judgingAtOnce, judgingLimitMs);
  const prompt = queueOf(promptAtOnce, promptLimitMs);

  const probot = new Probot({
    appId: config.appId,
    privateKey: config.privateKey,
    secret: config.webhookSecret,
    baseUrl: config.githubApiUrl,
    Octokit: octokitOf({ perMinute: config.pace.writesPerMinute, perHour: config.pace.writesPerHour }),
    request: { fetch: limitedFetch },
    log,
  });

  const store = folderObjectStore(join(config.dataFolder, 'objects'));
  const key = ledgerKey(config.privateKey);

  const makeProject = async (place: Place): Promise<Project> => {
    const [{ request }, botLogin] = await Promise.all([probot.auth(place.installation), account.promise]);
    const name = `${place.owner}/${place.repo}`;
    const project = createProject(
      place,
      { owner: place.owner, repo: place.repo, request, botLogin },
      {
        appId: config.appId,
        fleet,
        checkModel: parts.checkModel,
        checks: parts.checks,
        store,
        ledgerKey: key,
        cacheFolder: join(config.dataFolder, 'cache'),
        ...(config.publicUrl === undefined ? {} : { publicUrl: config.publicUrl }),
        now,
        onLedger: (events) => {
          onChange({ room: 'ledger' });
          for (const { kind, model } of events)
            if (model !== undefined && changesProduction.has(kind)) rejudge(place, model);
        },
        rollouts: ({ repository, ledger, evaluate }) =>
          createRollouts({
            repository: name,
            github: githubOfRepository(repository, store),
            fleet,
            ledger,
            evaluate,
            selfTestsOf: selfTestsFrom(join(config.dataFolder, 'cache')),
            backgroundOf: backgroundFrom(join(config.dataFolder, 'cache')),
            cacheFolder: join(config.dataFolder, 'cache'),
            ...(config.publicUrl === undefined
              ? {}
              : { dashboardUrl: (model) => `${config.publicUrl}/models/${model}` }),
            clock: now,
            log: (message, error) => (error === undefined ? log.info(message) : log.error({ err: error }, message)),
            signal: stopped.signal,
          }),
      },
    );
    known.set(name, project);
    return project;
  };

  /** One a repository and installation; one that could not be made is made anew by the next who asks. */
  const projectOf = (place: Place): Promise<Project> => {
    const name = `${place.installation}:${place.owner}/${place.repo}`;
    const project = projects.get(name) ?? makeProject(place);
    projects.set(name, project);
    project.catch(() => projects.delete(name));
    return project;
  };

  const intake = queuedIntake({
    projectOf,
    judging,
    prompt,
    checks: parts.checks,
    now,
    onError,
    onJudged: () => onChange({ room: 'proposals' }),
  });

  /** Judges a model's open proposals again: what they were compared with is no longer production. */
  const rejudge = (place: Place, model: string) =>
    prompt.add({
      key: `${place.owner}/${place.repo} rejudge ${model}`,
      repeat: 'joins',
      async run(signal) {
        const { ledger, repository } = await projectOf(place);
        const { lines } = await ledger.read(signal);
        const judged = lines.flatMap((line) => checkedOf(line) ?? []).filter((checked) => checked.model === model);
        const main = await readDefaultBranch(repository, signal);
        const open = main === undefined ? [] : await listOpenPullRequests(repository, main.name, signal);
        for (const { number } of open)
          if (judged.some(({ pullRequest }) => pullRequest === number)) intake.proposal(place, number, 'quiet');
      },
    });

  const sweep = createSweep({
    appId: config.appId,
    intake,
    isUnderWay: ({ place }, number) => judging.has(proposalKey(place, number)),
    now,
  });

  /** Which repositories there are; those the App may no longer see are let go. */
  const lookForProjects = async (signal: AbortSignal): Promise<void> => {
    const asApp = await probot.auth();
    const found = new Set<string>();
    for (const installation of await listInstallations(asApp.request, signal)) {
      const { request } = await probot.auth(installation);
      for (const fullName of await listInstalledRepositories(request, signal)) {
        const isNew = !known.has(fullName);
        found.add(fullName);
        const place = { installation, ...ownerAndName(fullName) };
        await projectOf(place);
        if (isNew) intake.installed(place);
      }
    }
    for (const name of known.keys()) if (!found.has(name)) known.delete(name);
  };

  const askForLostDeliveries = async (signal: AbortSignal): Promise<void> => {
    const { request } = await probot.auth();
    const lost = undelivered(await listDeliveries(request, signal), now(), redelivered);
    for (const { id, guid } of lost.slice(0, redeliveriesAtOnce)) {
      redelivered.add(guid);
      await redeliver(request, id, signal);
    }
  };

  const forEachProject = async (what: string, work: (project: Project) => Promise<void>) => {
    for (const project of known.values())
      await work(project).catch((error: unknown) =>
        onError(error, `${what} of ${project.place.owner}/${project.place.repo}`),
      );
  };

  const trainings = createDueTrainings({ fleet, now, log: (message) => log.info(message) });

  const sweepAll = async (signal: AbortSignal): Promise<void> => {
    await lookForProjects(signal);
    await forEachProject('sweeping the proposals', (project) => sweep.proposals(project, signal));
    await forEachProject('sweeping the trainings', (project) => sweep.trainings(project, signal));
    await forEachProject('sweeping the comments', (project) => sweep.comments(project, signal));
    await forEachProject('starting trainings', (project) => trainings.start(project, signal));
    await askForLostDeliveries(signal);
  };

  /** While a rollout is live, a lost comment may be somebody's `/abort`. */
  const sweepLive = async (signal: AbortSignal): Promise<void> => {
    const { models } = await fleet.observe(signal);
    const isLive = models.some((model) => {
      const state = stateOf(model);
      return state !== undefined && liveRollout(state) !== undefined;
    });
    if (isLive) await forEachProject('sweeping the comments', (project) => sweep.comments(project, signal));
  };

  const turnAll = async (): Promise<void> => {
    for (const { place } of known.values()) intake.pushed(place);
  };

  const loops: Promise<void>[] = [];
  const begin = (what: string, intervalMs: number, run: (signal: AbortSignal) => Promise<void>) =>
    loops.push(every(intervalMs, run, (error) => onError(error, what), stopped.signal));

  /** Asks until GitHub answers; false when the end comes first. */
  const learnWhoItIs = async (): Promise<boolean> => {
    while (!stopped.signal.aborted) {
      try {
        account.resolve((await readAppAccount((await probot.auth()).request, stopped.signal)).botLogin);
        return true;
      } catch (error) {
        unready = 'GitHub does not answer as expected; see the log';
        onError(error, 'asking GitHub who the App is');
        await pause(startRetryMs, undefined, { signal: stopped.signal }).catch(() => undefined);
      }
    }
    return false;
  };

  return {
    probot,
    handlers: slipwayApp(intake),
    unready: () => unready,
    async start() {
      if (!(await learnWhoItIs())) return;
      unready = undefined;
      begin('sweeping', config.intervals.sweepMs, sweepAll);
      begin('sweeping comments', config.intervals.liveSweepMs, sweepLive);
      begin('turning the rollouts', config.intervals.turnMs, turnAll);
    },
    projects: () => [...known.values()],
    async stop(limitMs) {
      unready = 'stopping';
      const queues = Promise.all([judging.stop(limitMs), prompt.stop(limitMs)]);
      stopped.abort();
      account.reject(new Error('the App has stopped'));
      await Promise.all([queues, ...loops]);
    },
  };
}
