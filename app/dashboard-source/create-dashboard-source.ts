import type { Report } from '../../checks/report/report.ts';
import type { FleetDriver, FleetRecords } from '../../serving/fleet.ts';
import { every } from '../clock.ts';
import type { Change, DashboardSource, FleetView, ModelRoomView, ModelView } from '../dashboard/views.ts';
import type { Repository } from '../github/request.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { modelRoomOf } from './model-room-of.ts';
import { createPullRequestList, type ListedPullRequest } from './pull-request-list.ts';
import { proposalSummaryOf, proposalViewOf } from './proposals-of.ts';
import { recentRecord } from './recent-record.ts';
import { createTrafficWatch } from './traffic-watch.ts';

/** What the dashboard needs of a repository that Slipway looks after. */
export interface SourceProject {
  readonly repository: Repository;
  readonly ledger: Ledger;
  readonly rollouts: { views(signal: AbortSignal): Promise<readonly ModelView[]> };
  /** Who may waive, as the policy on the default branch says. */
  waivedBy(signal: AbortSignal): Promise<string>;
}

export interface DashboardSourceParts {
  readonly projects: () => readonly SourceProject[];
  readonly fleet: FleetDriver & FleetRecords;
  /** Where callers ask for predictions. */
  readonly fleetUrl?: string;
  readonly githubUrl: string;
  readonly now: () => Date;
  readonly onError: (error: unknown, what: string) => void;
  /** Ends what the source does by itself. */
  readonly signal: AbortSignal;
}

export interface WatchedDashboardSource extends DashboardSource {
  /** Tells every room that something changed. */
  changed(change: Change): void;
}

/** The fleet that the first version drives: the policy's last. */
const fleetName = 'production';
const watchIntervalMs = 2_000;
/** While no page is open, one look of so many: every ten seconds. */
const unwatchedPace = 5;

/**
 * The dashboard's facts, from the App's own parts: the fleet as observed, git and the ledger of every repository, GitHub's
 * pull requests. It only reads. Twice a second at most it looks at the fleet by itself, for rates and for live pages.
 */
export function createDashboardSource(parts: DashboardSourceParts): WatchedDashboardSource {
  const { projects, fleet, now } = parts;
  const listeners = new Set<(change: Change) => void>();
  const changed = (change: Change): void => {
    for (const listener of listeners) listener(change);
  };
  const pullRequests = createPullRequestList(now);
  const traffic = createTrafficWatch(fleet);
  let lastSeen: FleetView | undefined;
  let unwatchedTurns = 0;

  void every(
    watchIntervalMs,
    async (signal) => {
      // Nobody looks: rates are kept fresh enough for whoever opens a page next.
      unwatchedTurns = listeners.size === 0 && traffic.isWarm() ? unwatchedTurns + 1 : 0;
      if (unwatchedTurns % unwatchedPace !== 0) return;
      if (await traffic.look(now(), signal)) changed({ room: 'fleet' });
    },
    (error) => parts.onError(error, 'looking at the fleet for the dashboard'),
    parts.signal,
  );

  const repositoryNames = (): string =>
    projects()
      .map(({ repository }) => nameOf(repository))
      .join(', ');

  const fleetView = async (signal: AbortSignal): Promise<FleetView> => {
    try {
      const observed = await fleet.observe(signal);
      const views = (await Promise.all(projects().map(({ rollouts }) => rollouts.views(signal)))).flat();
      lastSeen = {
        at: observed.at,
        repository: repositoryNames(),
        fleet: fleetName,
        models: ofOneRepositoryEach(views).map((view) => traffic.withTraffic(view)),
        replicas: observed.replicas,
      };
      return lastSeen;
    } catch (error) {
      if (signal.aborted) throw error;
      parts.onError(error, 'observing the fleet for the dashboard');
      const reason = error instanceof Error ? error.message : String(error);
      const before = lastSeen ?? {
        at: now().toISOString(),
        repository: repositoryNames(),
        fleet: fleetName,
        models: [],
        replicas: [],
      };
      return { ...before, unreachable: { since: before.at, reason } };
    }
  };

  const projectNamed = (owner: string, repo: string): SourceProject | undefined =>
    projects().find(({ repository }) => repository.owner === owner && repository.repo === repo);

  return {
    changed,
    fleet: fleetView,
    async model(name, signal): Promise<ModelRoomView | undefined> {
      const view = await fleetView(signal);
      const model = view.models.find((each) => each.model === name);
      if (model === undefined) return undefined;
      const project = projects().find(({ repository }) => nameOf(repository) === model.repository) ?? projects()[0];
      if (project === undefined) return undefined;
      const { lines } = await project.ledger.read(signal);
      const record = parts.fleetUrl === undefined ? undefined : await recentRecord(fleet, name, now(), signal);
      return modelRoomOf({ view, model, lines, record, fleetUrl: parts.fleetUrl });
    },
    async proposals(signal) {
      const found = await Promise.all(
        projects().map(async ({ repository, ledger }) => {
          const [listed, { lines }] = await Promise.all([pullRequests.of(repository, signal), ledger.read(signal)]);
          return await Promise.all(
            listed.map((pull) => proposalSummaryOf(repository, pull, lines, (digest) => ledger.report(digest, signal))),
          );
        }),
      );
      return found
        .flat()
        .filter((summary) => summary.models.length > 0 || summary.state === 'open')
        .toSorted((one, other) => other.number - one.number);
    },
    async proposal(owner, repo, number, signal) {
      const project = projectNamed(owner, repo);
      if (project === undefined) return undefined;
      const pull: ListedPullRequest | undefined = await pullRequests.one(project.repository, number, signal);
      if (pull === undefined) return undefined;
      const { lines } = await project.ledger.read(signal);
      return await proposalViewOf({
        repository: project.repository,
        pull,
        lines,
        reportOf: (digest) => project.ledger.report(digest, signal),
        waivedBy: await project.waivedBy(signal),
        now: now(),
        signal,
      });
    },
    async ledger(signal) {
      const read = await Promise.all(projects().map(({ ledger }) => ledger.read(signal)));
      return {
        at: now().toISOString(),
        repository: repositoryNames(),
        lines: read.flatMap(({ lines }) => lines).toSorted((one, other) => one.at.localeCompare(other.at)),
        problems: read.flatMap(({ problems }) => problems),
      };
    },
    async report(digest, signal): Promise<Report | undefined> {
      for (const { ledger } of projects()) {
        const report = await ledger.report(digest, signal);
        if (report !== undefined) return report;
      }
      return undefined;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function nameOf({ owner, repo }: Repository): string {
  return `${owner}/${repo}`;
}

/** A model that git of one repository names is that repository's; what the fleet runs beyond is told once. */
function ofOneRepositoryEach(views: readonly ModelView[]): readonly ModelView[] {
  const chosen = new Map<string, ModelView>();
  for (const view of views) {
    const before = chosen.get(view.model);
    if (before === undefined || (before.desired === undefined && view.desired !== undefined))
      chosen.set(view.model, view);
  }
  return [...chosen.values()];
}
