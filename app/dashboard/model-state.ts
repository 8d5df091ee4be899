import type { ObservedModel, ObservedRevision } from '../../serving/fleet.ts';
import type { Shape, Tone } from './icons.ts';
import { percentOf, plural, shortDigest, weightOf } from './numbers.ts';
import { clockOf } from './times.ts';
import type { Alert, ModelView, RolloutPhase, RolloutView } from './views.ts';

/** The states of a model, worst first; the fleet's table is in this order. */
export const MODEL_STATES = ['failing', 'drifted', 'held', 'drifted away', 'rolling', 'in sync'] as const;
export type ModelStateName = (typeof MODEL_STATES)[number];

export interface ModelState {
  readonly state: ModelStateName;
  /** Why, in one line; for a model in sync, how many replicas serve it. */
  readonly cause: string;
  /** ISO date-time since when, where it is known. */
  readonly since?: string;
}

export const STATE_MARKS: Readonly<Record<ModelStateName, { readonly shape: Shape; readonly tone: Tone }>> = {
  failing: { shape: 'octagon', tone: 'bad' },
  drifted: { shape: 'triangle', tone: 'warn' },
  held: { shape: 'bars', tone: 'warn' },
  'drifted away': { shape: 'unequal', tone: 'warn' },
  rolling: { shape: 'arrow', tone: 'ink' },
  'in sync': { shape: 'equal', tone: 'faint' },
};

/** A model that answers so many requests with an error is failing, whatever its replicas say. */
const FAILING_ERROR_SHARE = 0.05;
/** Below so many requests a share says nothing. */
const FEWEST_REQUESTS = 20;

const UNDER_WAY: ReadonlySet<RolloutPhase> = new Set([
  'queued',
  'preparing',
  'stepping',
  'paused',
  'promoting',
  'baking',
  'aborting',
]);

export const isUnderWay = (rollout: RolloutView | undefined): boolean =>
  rollout !== undefined && UNDER_WAY.has(rollout.phase);

/** One state a model: the worst that is true of it. */
export function modelStateOf(model: ModelView): ModelState {
  return (
    failing(model) ??
    drifted(model) ??
    held(model) ??
    driftedAway(model) ??
    rolling(model) ?? {
      state: 'in sync',
      cause: replicasWords(model.observed),
    }
  );
}

function failing(model: ModelView): ModelState | undefined {
  const alert = alertOf(model, 'failing');
  if (alert !== undefined) return { state: 'failing', cause: alert.reason, since: alert.since };
  if (model.observed?.health === 'down') return { state: 'failing', cause: 'no healthy replica answers' };
  const { traffic } = model;
  if (traffic === undefined || traffic.requests < FEWEST_REQUESTS) return undefined;
  const share = traffic.errors / traffic.requests;
  return share < FAILING_ERROR_SHARE
    ? undefined
    : { state: 'failing', cause: `${percentOf(share)} of requests end in an error` };
}

function drifted(model: ModelView): ModelState | undefined {
  const alert = alertOf(model, 'drifted');
  return alert === undefined ? undefined : { state: 'drifted', cause: alert.reason, since: alert.since };
}

const alertOf = ({ alerts }: ModelView, kind: Alert['kind']): Alert | undefined =>
  alerts.find((alert) => alert.kind === kind);

function held(model: ModelView): ModelState | undefined {
  const { observed, rollout, desired, hold } = model;
  const git = desired === undefined ? 'git no longer has it' : `git says ${desired.version}`;
  if (observed?.held !== undefined) {
    const { by, since } = observed.held;
    return {
      state: 'held',
      cause: [`by @${by} since ${clockOf(since)}`, git, revertWords(hold?.revertPullRequest, hold?.revertState)]
        .filter(given)
        .join('; '),
      since,
    };
  }
  if (rollout?.phase !== 'aborted' || !differs(model)) return undefined;
  return {
    state: 'held',
    cause: [git, `${rollout.to.version} was aborted`, revertWords(rollout.revertPullRequest)].filter(given).join('; '),
  };
}

const given = (words: string | undefined): words is string => words !== undefined && words !== '';

const revertWords = (
  pullRequest: number | undefined,
  state: 'open' | 'merged' | 'closed' = 'open',
): string | undefined => {
  if (pullRequest === undefined) return undefined;
  return {
    open: `revert #${pullRequest} waits`,
    merged: `revert #${pullRequest} merged`,
    closed: `revert #${pullRequest} closed unmerged`,
  }[state];
};

function driftedAway(model: ModelView): ModelState | undefined {
  const { observed, difference } = model;
  if (difference?.isJudged === true) return { state: 'rolling', cause: difference.reason, since: difference.since };
  if (difference !== undefined) return { state: 'drifted away', cause: difference.reason, since: difference.since };
  if (observed === undefined) {
    if (isUnderWay(model.rollout)) return undefined;
    return {
      state: 'drifted away',
      cause:
        model.desired === undefined
          ? 'neither git nor the fleet has it'
          : `not running; git says ${model.desired.version}`,
    };
  }
  const lapsed = lapsedWords(observed);
  if (lapsed !== undefined) return { state: 'drifted away', cause: lapsed };
  if (observed.health === 'degraded')
    return { state: 'drifted away', cause: `${replicasWords(observed)}; being put back` };
  if (isUnderWay(model.rollout) || !differs(model)) return undefined;
  const running = stableRevision(observed)?.version ?? 'nothing';
  return {
    state: 'drifted away',
    cause: `runs ${running}; ${model.desired === undefined ? 'git no longer has it' : `git says ${model.desired.version}`}`,
  };
}

/** The shares that requests get are not the shares that were asked for. */
function lapsedWords(observed: ObservedModel): string | undefined {
  for (const arm of observed.arms) {
    const real = observed.effective.find(({ revision }) => revision === arm.revision)?.weight ?? 0;
    if (arm.leased === true && arm.weight > 0 && real === 0) {
      const version = revisionOf(observed, arm.revision)?.version ?? shortDigest(arm.revision);
      return `${version} gets 0 % instead of ${weightOf(arm.weight)}: its lease has lapsed or it is gone`;
    }
  }
  return undefined;
}

const differs = ({ desired, observed }: ModelView): boolean =>
  desired?.revision !== (observed === undefined ? undefined : stableRevision(observed)?.revision);

function rolling({ rollout }: ModelView): ModelState | undefined {
  if (rollout === undefined || !isUnderWay(rollout)) return undefined;
  const index = rollout.steps.findIndex(({ state }) => state === 'now');
  const station = index < 0 ? rollout.phase : `step ${index + 1} of ${rollout.steps.length}`;
  const phase = rollout.phase === 'paused' ? ', paused' : rollout.phase === 'aborting' ? ', aborting' : '';
  return { state: 'rolling', cause: `to ${rollout.to.version}, ${station}${phase}`, since: rollout.startedAt };
}

/** The revision that answers when nothing is being tried: the largest share among the arms without a lease. */
export function stableRevision(observed: ObservedModel): ObservedRevision | undefined {
  const arms = observed.arms.filter(({ shadow }) => shadow !== true);
  const stable = arms.filter(({ leased }) => leased !== true).toSorted((a, b) => b.weight - a.weight)[0] ?? arms[0];
  return stable === undefined ? undefined : revisionOf(observed, stable.revision);
}

export const revisionOf = (observed: ObservedModel, revision: string): ObservedRevision | undefined =>
  observed.revisions.find((known) => known.revision === revision);

export function replicasWords(observed: ObservedModel | undefined): string {
  if (observed === undefined) return 'no replicas';
  const ready = stableRevision(observed)?.replicas.length ?? 0;
  const wanted = Math.max(observed.replicas.min, ready);
  return `${ready} of ${plural(wanted, 'replica')}`;
}

const requestsPerSecond = ({ traffic }: ModelView): number =>
  traffic === undefined || traffic.seconds <= 0 ? 0 : traffic.requests / traffic.seconds;

/** Worst first; inside a state by requests a second, then by name so that equal rows do not change places. */
export const modelsWorstFirst = (models: readonly ModelView[]): readonly ModelView[] =>
  models.toSorted(
    (a, b) =>
      MODEL_STATES.indexOf(modelStateOf(a).state) - MODEL_STATES.indexOf(modelStateOf(b).state) ||
      requestsPerSecond(b) - requestsPerSecond(a) ||
      a.model.localeCompare(b.model, 'en'),
  );

export { requestsPerSecond };
