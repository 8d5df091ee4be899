import type { ObservedModel } from '../../serving/fleet.ts';
import { trialsOf } from '../../serving/rollout/evidence.ts';
import { requestsOf } from '../../serving/rollout/missing.ts';
import type { Rollout, Station } from '../../serving/rollout/rollout.ts';
import { nextOf } from '../../serving/rollout/tell.ts';
import type { EvidenceView, ModelView, RevisionLabel, RolloutStepView, RolloutView } from '../dashboard/views.ts';
import type { DesiredModel } from './desired-models.ts';
import { type Deployed, liveRollout, type ModelState, stateOf } from './model-state.ts';

export interface Viewed {
  readonly model: string;
  readonly repository: string;
  readonly desired: DesiredModel | undefined;
  readonly observed: ObservedModel | undefined;
  /** The state of the last turn, whose evidence may be newer than what the fleet keeps. */
  readonly latest: ModelState | undefined;
  /** Why the last turn failed. */
  readonly problem: { readonly reason: string; readonly since: string } | undefined;
  readonly now: Date;
}

/** A model for the dashboard. Traffic and monitors' alerts are other rooms' knowledge. */
export function viewOf(viewed: Viewed): ModelView {
  const { model, repository, desired, observed, latest } = viewed;
  const kept = stateOf(observed);
  const state = latest?.rollout?.id === kept?.rollout?.id ? (latest ?? kept) : kept;
  const rollout = state?.rollout;
  const hold = kept?.hold;
  const difference = differenceOf(viewed, state);
  const isTelling =
    rollout !== undefined &&
    state !== undefined &&
    (liveRollout(state) !== undefined || rollout.phase.name === 'aborted');
  return {
    model,
    repository: state?.repository ?? repository,
    ...(desired === undefined ? {} : { desired: labelOfDesired(desired, state) }),
    ...(observed === undefined ? {} : { observed }),
    ...(isTelling ? { rollout: rolloutView(rollout, state, viewed) } : {}),
    ...(hold === undefined
      ? {}
      : {
          hold: {
            ...(hold.source === undefined ? {} : { source: hold.source }),
            ...(hold.revert === undefined
              ? {}
              : { revertPullRequest: hold.revert.number, revertState: hold.revert.state }),
            ...(hold.tookMs === undefined ? {} : { tookMs: hold.tookMs }),
          },
        }),
    ...(state?.previous === undefined
      ? {}
      : { previous: { ...labelOf(state.previous, observed), warmUntil: state.previous.warmUntil } }),
    alerts: [],
    ...(difference === undefined ? {} : { difference }),
  };
}

function labelOfDesired({ loaded }: DesiredModel, state: ModelState | undefined): RevisionLabel {
  const { manifest, revision, specification } = loaded;
  const known = [state?.arriving, state?.stable, state?.previous].find((each) => each?.revision === revision);
  return {
    version: manifest.version,
    revision,
    digest: `sha256:${specification.artifact.sha256}`,
    ...(known?.commit === undefined ? {} : { commit: known.commit }),
    ...(known?.pullRequest === undefined ? {} : { pullRequest: known.pullRequest }),
  };
}

function labelOf(
  { version, revision, commit, pullRequest }: Pick<Deployed, 'version' | 'revision' | 'commit' | 'pullRequest'>,
  observed: ObservedModel | undefined,
): RevisionLabel {
  const digest = observed?.revisions.find((each) => each.revision === revision)?.digest;
  return {
    version,
    revision,
    ...(digest === undefined ? {} : { digest }),
    ...(commit === undefined ? {} : { commit }),
    ...(pullRequest === undefined ? {} : { pullRequest }),
  };
}

/** What keeps git and the fleet apart where neither a rollout nor a hold explains it. */
function differenceOf(
  { desired, observed, problem, now }: Viewed,
  state: ModelState | undefined,
): ModelView['difference'] {
  if (problem !== undefined) return problem;
  if (state !== undefined && (liveRollout(state) !== undefined || state.hold !== undefined)) return undefined;
  const since = state?.rollout?.history.at(-1)?.at ?? now.toISOString();
  if (desired === undefined)
    return observed === undefined ? undefined : { reason: 'git does not name this model any more', since };
  if (desired.loaded.revision === state?.stable?.revision) return undefined;
  const { version } = desired.loaded.manifest;
  if (state?.refusal !== undefined)
    return { reason: `version ${version} is not rolled out: see #${state.refusal.issue}`, since };
  return { reason: `version ${version} is judged before it is rolled out`, since, isJudged: true };
}

function rolloutView(rollout: Rollout, state: ModelState, { observed, now }: Viewed): RolloutView {
  const { phase, plan, candidate, stable, startedAt } = rollout;
  const approvals = state.arriving?.provenance.approvals ?? [];
  const revert = state.hold?.revert?.number;
  return {
    phase: phase.name === 'step' ? 'stepping' : phase.name,
    strategy: plan.strategy,
    ...(stable === undefined ? {} : { from: labelOf(stable, observed) }),
    to: labelOf(candidate, observed),
    approvals,
    startedAt,
    steps: stepViews(rollout, now),
    evidence: evidenceViews(rollout),
    says: nextOf(rollout, now),
    ...(revert === undefined ? {} : { revertPullRequest: revert }),
  };
}

/** Stations of the rollout's road, each with when it was first entered. */
function stepViews(rollout: Rollout, now: Date): readonly RolloutStepView[] {
  const { plan, history, bakeMs, stable, phase } = rollout;
  const stations = [
    {
      view: { kind: 'prepare' as const },
      isHere: ({ phase: name }: Station) => name === 'queued' || name === 'preparing',
    },
    ...(stable === undefined ? [] : plan.steps).map((step, i) => ({
      view:
        step.kind === 'weight'
          ? { kind: step.kind, weight: step.weight, forMs: step.forMs }
          : step.kind === 'shadow'
            ? { kind: step.kind, forMs: step.forMs }
            : { kind: step.kind },
      isHere: ({ phase: name, index }: Station) => name === 'step' && index === i,
    })),
    {
      view: { kind: 'promote' as const },
      isHere: ({ phase: name, index }: Station) =>
        name === 'promoting' || (name === 'step' && index === plan.steps.length),
    },
    { view: { kind: 'bake' as const, forMs: bakeMs }, isHere: ({ phase: name }: Station) => name === 'baking' },
  ];
  const entered = stations.map(({ isHere }) => history.find(isHere));
  const last = entered.findLastIndex((station) => station !== undefined);
  const isStopped = ['aborting', 'aborted', 'superseded'].includes(phase.name);
  const end = history.find(({ phase: name }) => ['done', 'aborting', 'superseded'].includes(name));
  return stations.map(({ view }, i) => {
    const from = entered[i];
    const to = entered.slice(i + 1).find((station) => station !== undefined) ?? end;
    const until = to === undefined ? now.getTime() : Date.parse(to.at);
    const isDone = i < last || phase.name === 'done';
    return {
      ...view,
      state: from === undefined ? 'next' : isDone ? 'done' : isStopped ? 'failed' : 'now',
      ...(from === undefined ? {} : { tookMs: Math.max(0, until - Date.parse(from.at)) }),
      facts: from === undefined ? [] : factsBetween(from, to, rollout),
    };
  });
}

function factsBetween(from: Station, to: Station | undefined, { evidence, stable, plan }: Rollout): readonly string[] {
  if (stable === undefined || from.phase === 'queued' || from.phase === 'preparing') return [];
  const until = to ?? (evidence === undefined ? from : trialsOf(evidence.candidate.counted));
  const requests = until.requests - from.requests;
  const errors = until.errors - from.errors;
  const isShadow = from.index !== undefined && plan.steps[from.index]?.kind === 'shadow';
  return [
    `${requests.toLocaleString('en-US')} ${isShadow ? 'copies' : 'requests'}, ${errors.toLocaleString('en-US')} errors`,
  ];
}

function evidenceViews(rollout: Rollout): readonly EvidenceView[] {
  const { analysis, phase, plan } = rollout;
  const at = phase.name === 'paused' ? phase.goesOn : phase;
  const seen = at.name === 'step' ? requestsOf(rollout) - at.requestsBefore : undefined;
  const requests: readonly EvidenceView[] =
    seen === undefined
      ? []
      : [
          {
            name: at.name === 'step' && plan.steps[at.index]?.kind === 'shadow' ? 'copies' : 'requests',
            soFar: `${seen.toLocaleString('en-US')} at this step`,
            needed: `at least ${plan.minimum.toLocaleString('en-US')}`,
            verdict: seen >= plan.minimum ? 'pass' : 'waiting',
          },
        ];
  return [
    ...requests,
    ...(analysis?.metrics ?? []).map(({ name, soFar, needed, verdict }) => ({ name, soFar, needed, verdict })),
  ];
}
