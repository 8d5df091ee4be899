import { isDeepStrictEqual } from 'node:util';
import type { Policy } from '../../checks/manifest/policy.ts';
import type { Report } from '../../checks/report/report.ts';
import type {
  FleetDriver,
  FleetRecords,
  ModelStats,
  ObservedFleet,
  ObservedModel,
  Provenance,
} from '../../serving/fleet.ts';
import { plan, type PlannedRevision } from '../../serving/plan.ts';
import { asked, type Request } from '../../serving/rollout/asked.ts';
import { readPolicy } from '../github/policy.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { deployedOf, desiredAt, type DesiredModel, type DesiredModels, desiredModels } from './desired-models.ts';
import type { GithubSide } from './github-side.ts';
import { holdEnded, subjectOf } from './hold.ts';
import { createJudge, type Evaluation } from './judge.ts';
import { type Deed, type Deployed, liveRollout, type ModelState, stateOf, targetOfState } from './model-state.ts';
import { evidenceOf, folded, type Look, modelTurn, type Questions } from './model-turn.ts';
import { type Past, pastNamed, pastOf, quarantinesOf } from './past.ts';
import { type Learned, performDeed } from './perform-deed.ts';
import { createRevisionSource, type SelfTestsOf } from './revision-source.ts';
import type { Outcome, Rollouts, Wish } from './rollouts.ts';
import { rolledBackText, statusText, unheldText } from './tell-people.ts';
import { turnedBack } from './turn-back.ts';
import { viewOf } from './view-of.ts';
import type { ModelView } from '../dashboard/views.ts';

export interface RolloutsParts {
  /** `acme/models` */
  readonly repository: string;
  readonly github: GithubSide;
  readonly fleet: FleetDriver & Pick<FleetRecords, 'stats'>;
  readonly ledger: Ledger;
  /** Judges what git names against what runs, where no proposal did; takes its time. */
  readonly evaluate: (evaluation: Evaluation, signal: AbortSignal) => Promise<Report>;
  readonly selfTestsOf: SelfTestsOf;
  /** For artifacts that are fetched from elsewhere. */
  readonly cacheFolder: string;
  /** A model's room on the dashboard. */
  readonly dashboardUrl?: (model: string) => string;
  readonly clock: () => Date;
  readonly log: (message: string, error?: unknown) => void;
  /** Ends everything that is under way. */
  readonly signal: AbortSignal;
}

export interface RepositoryRollouts extends Rollouts {
  /** What the dashboard shows of each model, as of the last turn. */
  views(signal: AbortSignal): Promise<readonly ModelView[]>;
  /** Resolves when nothing runs in the background any more. */
  settled(): Promise<void>;
}

/** Passes of one turn: enough to go from a merge to a loaded candidate where nothing has to be waited for. */
const PASSES = 12;
/** Evidence alone is kept this often: what is counted in between is counted again from the fleet's cumulative counters. */
const EVIDENCE_KEPT_MS = 10_000;
/** Between two looks at an open revert: at first often, since people wait for it. */
const REVERT_LOOK_MS = 2_000;
const REVERT_SLOW_LOOK_MS = 30_000;
const REVERT_SLOW_AFTER_MS = 300_000;

interface Seen {
  readonly at: Date;
  readonly fleet: ObservedFleet;
  readonly desired?: DesiredModels;
}

/** The rollouts of one repository on one fleet. Nothing that matters is kept here: git, the ledger and the fleet's state are. */
export function createRollouts(parts: RolloutsParts): RepositoryRollouts {
  const { repository, github, fleet, ledger, clock, log } = parts;
  const judge = createJudge(parts);
  const revisions = createRevisionSource({
    git: github,
    selfTestsOf: parts.selfTestsOf,
    cacheFolder: parts.cacheFolder,
  });
  const measured = new Map<string, number>();
  const keptAt = new Map<string, number>();
  const revertLookedAt = new Map<string, number>();
  const problems = new Map<string, { readonly reason: string; readonly since: string }>();
  const latest = new Map<string, ModelState>();
  const lastWork = new Map<string, Promise<unknown>>();
  const manifests: { known?: DesiredModels } = {};
  let isAdopted = false;

  /** One thing at a time for one model; a turn that finds the model busy waits for its turn. */
  const inTurn = <T>(model: string, work: () => Promise<T>): Promise<T> => {
    const before = lastWork.get(model) ?? Promise.resolve();
    const mine = before.then(work, work);
    lastWork.set(
      model,
      mine.catch(() => undefined),
    );
    return mine;
  };

  const desiredNow = async (signal: AbortSignal): Promise<DesiredModels | undefined> => {
    const branch = await github.defaultBranch(signal);
    if (branch === undefined) return undefined;
    if (manifests.known?.commit !== branch.sha) {
      const snapshot = github.snapshot(branch.sha);
      const { policy, problems: wrong } = await readPolicy(snapshot, signal);
      for (const { reason } of wrong) log(`the policy at ${branch.sha} is not taken: ${reason}`);
      manifests.known = await desiredModels(snapshot, policy, signal);
      for (const reason of manifests.known.unreadable.values()) log(`not taken from ${branch.sha}: ${reason}`);
    }
    return manifests.known;
  };

  const provenanceOf = async (
    desired: DesiredModel,
    extra: Pick<Provenance, 'checks' | 'unchecked'>,
    signal: AbortSignal,
  ): Promise<Provenance> => {
    const branch = await github.defaultBranch(signal);
    if (branch === undefined) throw new Error(`${repository} has no default branch any more`);
    const origin = await github.originOf(desired.loaded.folder, branch.sha, signal);
    return {
      repository,
      commit: origin.commit,
      ...(origin.pullRequest === undefined ? {} : { pullRequest: origin.pullRequest.number }),
      approvals: origin.pullRequest?.approvals ?? [],
      ...extra,
    };
  };

  /** Manifests that are there when the App first looks are taken as they are, and recorded as unchecked. */
  const adopt = async (desired: DesiredModels, signal: AbortSignal): Promise<void> => {
    if (isAdopted) return;
    const { lines } = await ledger.read(signal);
    const key = `adopted/${repository}`;
    if (!lines.some((line) => line.key === key)) {
      const at = clock().toISOString();
      const models = await Promise.all(
        [...desired.models.values()]
          // One that was proposed and judged meanwhile is not unchecked.
          .filter(({ tree }) => !lines.some((line) => line.kind === 'checked' && line.data?.['tree'] === tree))
          .map(async (model) => ({ model, provenance: await provenanceOf(model, { checks: [] }, signal) })),
      );
      await ledger.append(
        [
          ...models.map(({ model: { loaded, tree }, provenance: { commit } }) => ({
            kind: 'adopted' as const,
            key: `adopted/${repository}/${loaded.manifest.name}`,
            at,
            actor: 'slipway',
            model: loaded.manifest.name,
            version: loaded.manifest.version,
            revision: loaded.revision,
            ...(commit === undefined ? {} : { commit }),
            because: 'it was on the default branch when Slipway was installed; nothing was checked',
            data: { tree },
          })),
          {
            kind: 'adopted' as const,
            key,
            at,
            actor: 'slipway',
            commit: desired.commit,
            data: { models: models.length },
          },
        ],
        signal,
      );
    }
    isAdopted = true;
  };

  const questionsFor = (policy: Policy, signal: AbortSignal): Questions => ({
    permit: (desired, stable) => judge.permit(desired, stable, signal),
    provenance: (desired, { checks, unchecked }) =>
      provenanceOf(desired, { checks, ...(unchecked === undefined ? {} : { unchecked }) }, signal),
    async restorable(model) {
      const { lines } = await ledger.read(signal);
      const quarantined = quarantinesOf(lines, model);
      for (const past of pastOf(lines, model)) {
        if (quarantined.has(past.revision)) continue;
        const found = await desiredOfPast(past, model, policy, signal);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  });

  const desiredOfPast = async (past: Past, model: string, policy: Policy, signal: AbortSignal) => {
    const path = manifests.known?.models.get(model)?.loaded.path ?? `models/${model}/model.yaml`;
    const found = await desiredAt(github.snapshot(past.commit), path, policy, signal);
    if (found === undefined || typeof found === 'string' || found.loaded.revision !== past.revision) return undefined;
    const provenance: Provenance = {
      repository,
      commit: past.commit,
      ...(past.pullRequest === undefined ? {} : { pullRequest: past.pullRequest }),
      approvals: [],
      checks: [],
    };
    return { ...found, provenance };
  };

  const lookAt = async (
    model: string,
    desired: DesiredModels,
    signal: AbortSignal,
  ): Promise<{ look: Look; seen: ObservedFleet }> => {
    const seen = await fleet.observe(signal);
    const observed = seen.models.find((each) => each.model === model);
    const state = stateOf(observed);
    const isCounting = state?.rollout !== undefined && liveRollout(state) !== undefined;
    const stats: ModelStats | undefined = isCounting ? await fleet.stats(model, signal) : undefined;
    const named = desired.models.get(model);
    return {
      seen,
      look: {
        now: clock(),
        repository,
        model,
        policy: desired.policy,
        ...(named === undefined ? {} : { desired: named }),
        ...(observed === undefined ? {} : { observed }),
        ...(stats === undefined ? {} : { stats }),
      },
    };
  };

  /** Files, revision, arms, lease: whatever is missing. Says whether the arms' state changed, or somebody else was first. */
  const apply = async (
    model: string,
    state: ModelState,
    seen: ObservedFleet,
    policy: Policy,
    signal: AbortSignal,
  ): Promise<'nothing' | 'changed' | 'conflict'> => {
    const target = targetOfState(state);
    const found = seen.models.find((each) => each.model === model);
    const unknown = target.arms.filter(({ revision }) => {
      const there = found?.revisions.find((each) => each.revision === revision);
      return there === undefined || there.state === 'failed';
    });
    const deployments = [state.stable, state.previous, state.arriving].filter((each) => each !== undefined);
    const planned: PlannedRevision[] = [];
    for (const { revision } of unknown) {
      const deployed = deployments.find((each) => each.revision === revision);
      if (deployed?.commit !== undefined) planned.push(await revisions.planned(deployed, policy, signal));
    }
    const actions = plan({ models: [{ model, target, revisions: planned }] }, seen);
    for (const action of actions) {
      const outcome = await fleet.apply(action, revisions.source, signal);
      if (outcome.kind === 'conflict') return 'conflict';
      if (outcome.kind === 'refused')
        throw new Error(`the fleet refuses ${action.kind} for ${model}: ${outcome.reason}`);
      if (action.kind === 'put-model') keptAt.set(model, clock().getTime());
    }
    return actions.length === 0 ? 'nothing' : 'changed';
  };

  /** Evidence alone is no reason to write: it is counted from the fleet's cumulative counters at every look. */
  const worthKeeping = (model: string, before: ModelState | undefined, after: ModelState): ModelState => {
    if (before?.rollout === undefined || after.rollout === undefined) return after;
    const withoutEvidence = { ...after, rollout: { ...after.rollout, evidence: undefined, analysis: undefined } };
    const unchanged = { ...before, rollout: { ...before.rollout, evidence: undefined, analysis: undefined } };
    if (!isDeepStrictEqual(plain(withoutEvidence), plain(unchanged))) return after;
    const isRecent = clock().getTime() - (keptAt.get(model) ?? 0) < EVIDENCE_KEPT_MS;
    const started = before.rollout.evidence !== undefined || after.rollout.evidence === undefined;
    return isRecent && started ? before : after;
  };

  const turnOf = async (model: string, desired: DesiredModels, signal: AbortSignal): Promise<void> => {
    const ask = questionsFor(desired.policy, signal);
    for (let pass = 0; pass < PASSES; pass++) {
      signal.throwIfAborted();
      const { look, seen } = await lookAt(model, desired, signal);
      if (await isRetired(look, desired, signal)) return;
      const state = await modelTurn(look, ask);
      if (state === undefined) return;
      latest.set(model, state);
      const done = await apply(model, worthKeeping(model, stateOf(look.observed), state), seen, desired.policy, signal);
      if (done !== 'nothing') continue;
      const wasDone = await drain(model, look.observed, signal);
      if (!wasDone && !(await watchRevert(model, look.observed, desired.policy, signal))) return;
    }
  };

  /** Git no longer names it, the manifest is really gone, and the policy allows it: the fleet drains it and lets it go. */
  const isRetired = async (
    { model, observed, now }: Look,
    desired: DesiredModels,
    signal: AbortSignal,
  ): Promise<boolean> => {
    const state = stateOf(observed);
    const isGone = !desired.models.has(model) && !desired.unreadable.has(model);
    if (!isGone || !desired.policy.prune || observed === undefined || state?.repository !== repository) return false;
    if (liveRollout(state) !== undefined || state.hold !== undefined || state.outbox.length > 0) return false;
    const outcome = await fleet.apply(
      { kind: 'retire-model', model, generation: observed.generation },
      revisions.source,
      signal,
    );
    if (outcome.kind !== 'applied') return true;
    const subject = state.stable === undefined ? { model } : subjectOf(state.stable);
    const because = `the default branch (${desired.commit.slice(0, 7)}) does not name it any more`;
    const key = `retired/${model}/${desired.commit}`;
    await ledger.append(
      [{ kind: 'retired', key, at: now.toISOString(), actor: 'slipway', because, ...subject }],
      signal,
    );
    latest.delete(model);
    return true;
  };

  /** Does what the kept outbox says, then takes it out. What fails stays, and is done at a later turn. */
  const drain = async (model: string, observed: ObservedModel | undefined, signal: AbortSignal): Promise<boolean> => {
    const state = stateOf(observed);
    if (state === undefined || state.repository !== repository || state.outbox.length === 0) return false;
    const { done, learned } = await performAll(state, signal);
    if (done.size === 0) return false;
    await rewrite(
      model,
      (now) => ({
        ...now,
        outbox: now.outbox.filter(({ key }) => !done.has(key)),
        ...(now.hold === undefined ? {} : { hold: { ...now.hold, ...learned } }),
      }),
      signal,
    );
    return true;
  };

  const performAll = async (
    state: ModelState,
    signal: AbortSignal,
  ): Promise<{ readonly done: ReadonlySet<string>; readonly learned: Learned }> => {
    const done = new Set<string>();
    const waiting = new Set<string>();
    let learned: Learned = {};
    const doer = {
      repository,
      github,
      ledger,
      measured,
      fleetName: manifests.known?.policy.fleets.at(-1)?.name ?? 'production',
      ...(parts.dashboardUrl === undefined ? {} : { dashboardUrl: parts.dashboardUrl }),
    };
    for (const deed of state.outbox) {
      // The statuses of one deployment are told in their order.
      if (deed.kind === 'deployment' && waiting.has(deed.deployment)) continue;
      try {
        learned = { ...learned, ...(await performDeed(deed, state, doer, signal)) };
        done.add(deed.key);
        measured.delete(deed.key);
      } catch (error) {
        signal.throwIfAborted();
        log(`${deed.kind} (${deed.key}) failed and is done again later`, error);
        if (deed.kind === 'deployment') waiting.add(deed.deployment);
      }
    }
    return { done, learned };
  };

  /** Changes the kept state alone, from whatever it is by now. */
  const rewrite = async (
    model: string,
    change: (state: ModelState) => ModelState,
    signal: AbortSignal,
  ): Promise<void> => {
    for (let attempt = 0; attempt < PASSES; attempt++) {
      const seen = await fleet.observe(signal);
      const observed = seen.models.find((each) => each.model === model);
      const state = stateOf(observed);
      if (observed === undefined || state === undefined) return;
      const { arms, sticky, salt, replicas, held } = observed;
      const target = {
        arms,
        salt,
        replicas,
        ...(sticky === undefined ? {} : { sticky }),
        ...(held === undefined ? {} : { held }),
        state: change(state),
      };
      const outcome = await fleet.apply(
        { kind: 'put-model', model, generation: observed.generation, target },
        revisions.source,
        signal,
      );
      if (outcome.kind === 'applied') return;
      if (outcome.kind === 'refused') throw new Error(`the fleet refuses the state of ${model}: ${outcome.reason}`);
    }
    throw new Error(
      `the state of ${model} changed ${PASSES} times while it was to be written; somebody else writes it all the time`,
    );
  };

  /** Merges an open revert once it is green, where the policy says so; notices when somebody merged or closed it. */
  const watchRevert = async (
    model: string,
    observed: ObservedModel | undefined,
    policy: Policy,
    signal: AbortSignal,
  ): Promise<boolean> => {
    const hold = stateOf(observed)?.hold;
    const revert = hold?.revert;
    if (hold === undefined || revert?.state !== 'open') return false;
    const now = clock().getTime();
    const isOld = now - Date.parse(hold.since) > REVERT_SLOW_AFTER_MS;
    const lookedAt = revertLookedAt.get(model);
    if (lookedAt !== undefined && now - lookedAt < (isOld ? REVERT_SLOW_LOOK_MS : REVERT_LOOK_MS)) return false;
    revertLookedAt.set(model, now);
    const found = await github.pullRequest(revert.number, signal);
    if (found?.state === 'open') {
      if (policy.revert === 'merge')
        await github.mergeWhenGreen({ number: revert.number, headSha: found.headSha }, signal);
      return false;
    }
    const state = found?.state === 'merged' ? 'merged' : 'closed';
    if (state === 'closed') {
      const text = `Closed unmerged: **${model}** stays held, and git and the fleet differ. The hold ends when git names what runs, or something newer that passes its checks; \`/unhold ${model} because …\` rolls git's version out again.`;
      await github.comment(revert.number, `${model}/${hold.since}/revert-closed`, text, signal);
    }
    await rewrite(
      model,
      (kept) => (kept.hold === undefined ? kept : { ...kept, hold: { ...kept.hold, revert: { ...revert, state } } }),
      signal,
    );
    return true;
  };

  const guardedTurn = async (model: string, desired: DesiredModels, signal: AbortSignal): Promise<void> => {
    try {
      await inTurn(model, () => turnOf(model, desired, signal));
      problems.delete(model);
    } catch (error) {
      signal.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      const since = problems.get(model)?.since ?? clock().toISOString();
      problems.set(model, { reason, since });
      log(`the turn of ${model} failed`, error);
    }
  };

  const look = async (signal: AbortSignal): Promise<Seen> => {
    const [desired, seen] = await Promise.all([desiredNow(signal), fleet.observe(signal)]);
    return { at: clock(), fleet: seen, ...(desired === undefined ? {} : { desired }) };
  };

  const turnAll = async (only: string | undefined, signal: AbortSignal): Promise<void> => {
    const { desired, fleet: seen } = await look(signal);
    if (desired === undefined) return;
    await adopt(desired, signal);
    const names = new Set([
      ...desired.models.keys(),
      ...seen.models.filter((each) => stateOf(each)?.repository === repository).map(({ model }) => model),
    ]);
    await Promise.all(
      [...names]
        .filter((model) => only === undefined || model === only)
        .map((model) => guardedTurn(model, desired, signal)),
    );
  };

  /** Changes the state at somebody's wish, with one PUT that turns the fleet, and lets a turn do the rest. */
  const changeAtWish = async (
    wish: Wish,
    change: (look: Look, state: ModelState) => Promise<Changed> | Changed,
    signal: AbortSignal,
  ): Promise<Outcome> => {
    const startedAt = clock().getTime();
    for (let attempt = 0; attempt < PASSES; attempt++) {
      const desired = manifests.known ?? (await desiredNow(signal));
      if (desired === undefined) return refused(`${repository} is empty.`);
      const { look: found, seen } = await lookAt(wish.model, desired, signal);
      const state = stateOf(found.observed);
      if (found.observed === undefined || state === undefined) return refused(unknownModel(wish.model, desired));
      if (state.repository !== repository) return refused(`**${wish.model}** belongs to ${state.repository}.`);
      const changed = await change(found, state);
      if (typeof changed === 'string') return refused(changed);
      const outcome = await apply(wish.model, changed.state, seen, desired.policy, signal);
      if (outcome === 'conflict') continue;
      const tookMs = clock().getTime() - startedAt;
      for (const { key } of changed.timed ?? []) measured.set(key, tookMs);
      await guardedTurn(wish.model, desired, signal);
      const after = stateOf((await fleet.observe(signal)).models.find(({ model }) => model === wish.model));
      return { kind: 'done', text: changed.text(tookMs, after) };
    }
    return refused(`**${wish.model}** was changed by somebody else again and again; please try once more.`);
  };

  const ofRollout = (wish: Wish, request: Request, signal: AbortSignal): Promise<Outcome> =>
    changeAtWish(
      wish,
      (found, state) => {
        const live = liveRollout(state);
        if (live === undefined) return `No rollout of **${wish.model}** is under way.`;
        const answer = asked(live, request, evidenceOf(found, live), found.now);
        if (answer.kind === 'refused') return `${sentence(answer.because)}.`;
        const next = folded(state, answer.turn, found.now);
        const hold =
          next.hold !== undefined && state.hold === undefined ? { hold: { ...next.hold, source: wish.source } } : {};
        return { state: { ...next, ...hold }, text: (_, after) => statusText(wish.model, after ?? next, clock()) };
      },
      signal,
    );

  return {
    rollback: (wish, signal) =>
      changeAtWish(
        wish,
        async (found, state) => {
          const { observed } = found;
          if (observed === undefined) return unknownModel(wish.model, manifests.known);
          const to = await targetOfWish(wish, state, found.policy, signal);
          if (typeof to === 'string') return to;
          const because = wish.because ?? 'no reason was given';
          const result = turnedBack(state, to, { by: wish.by, because, source: wish.source }, observed, found.now);
          if (typeof result === 'string') return `${sentence(result)}.`;
          const known = new Set(state.outbox.map(({ key }) => key));
          const timed = result.state.outbox.filter(
            (deed) => !known.has(deed.key) && deed.kind === 'record' && deed.event === 'rolled-back',
          );
          return { state: result.state, timed, text: (tookMs, after) => rolledBackText(result, tookMs, after) };
        },
        signal,
      ),
    promote: ({ force, ...wish }, signal) =>
      ofRollout(
        wish,
        { kind: 'promote', by: wish.by, force, ...(wish.because === undefined ? {} : { because: wish.because }) },
        signal,
      ),
    pause: (wish, signal) => ofRollout(wish, requestOf('pause', wish), signal),
    resume: (wish, signal) => ofRollout(wish, requestOf('resume', wish), signal),
    abort: (wish, signal) => ofRollout(wish, requestOf('abort', wish), signal),
    unhold: (wish, signal) =>
      changeAtWish(
        wish,
        async ({ now, desired }, state) => {
          const { lines } = await ledger.read(signal);
          const quarantined = state.hold?.quarantined ?? desired?.loaded.revision;
          const isQuarantined =
            quarantined !== undefined &&
            (state.hold !== undefined || quarantinesOf(lines, wish.model).has(quarantined));
          if (!isQuarantined) return `**${wish.model}** is not held, and what git names is not quarantined.`;
          const because = wish.because ?? 'no reason was given';
          const ended = holdEnded(state, { by: wish.by, because }, now);
          return {
            state: {
              ...ended,
              outbox: [...ended.outbox, ...(await liftings(wish, quarantined, lines, state, now, because))],
            },
            text: (_, after) => unheldText(wish.model, after, clock()),
          };
        },
        signal,
      ),
    async sync({ model }, signal) {
      await turnAll(model, signal);
      return { kind: 'done', text: await statusOf(model, signal) };
    },
    async status(model, signal) {
      return { kind: 'done', text: await statusOf(model, signal) };
    },
    async turn(_now, signal) {
      await turnAll(undefined, signal);
    },
    async views(signal) {
      const { desired, fleet: seen } = await look(signal);
      const names = [...new Set([...(desired?.models.keys() ?? []), ...seen.models.map(({ model }) => model)])];
      return names.map((model) =>
        viewOf({
          model,
          repository,
          desired: desired?.models.get(model),
          observed: seen.models.find((each) => each.model === model),
          latest: latest.get(model),
          problem: problems.get(model),
          now: clock(),
        }),
      );
    },
    async settled() {
      await judge.settled();
      await Promise.all(lastWork.values());
    },
  };

  async function statusOf(model: string | undefined, signal: AbortSignal): Promise<string> {
    const { desired, fleet: seen } = await look(signal);
    const known = [...new Set([...(desired?.models.keys() ?? []), ...seen.models.map((each) => each.model)])];
    const names = model === undefined ? known : known.filter((each) => each === model);
    if (names.length === 0) return model === undefined ? 'There are no models yet.' : unknownModel(model, desired);
    const texts = names.map((name) => {
      const found = stateOf(seen.models.find((each) => each.model === name));
      const newer = latest.get(name);
      const problem = problems.get(name);
      const text = statusText(name, newer?.rollout?.id === found?.rollout?.id ? (newer ?? found) : found, clock());
      return problem === undefined ? text : `${text}\n\nThe last turn failed: ${problem.reason}.`;
    });
    return texts.join('\n\n');
  }

  /** What `to VERSION|SHA` means; without it, what served before. A sentence when nothing fits. */
  async function targetOfWish(
    wish: Wish & { readonly to?: string },
    state: ModelState,
    policy: Policy,
    signal: AbortSignal,
  ): Promise<Deployed | undefined | string> {
    const { to, model } = wish;
    if (to === undefined && (liveRollout(state) !== undefined || state.previous !== undefined)) return undefined;
    const near = [state.stable, state.previous].filter((each) => each !== undefined);
    const named =
      to === undefined
        ? undefined
        : near.find(({ version, commit }) => version === to || (to.length >= 7 && commit?.startsWith(to)));
    if (named !== undefined) return named;
    const { lines } = await ledger.read(signal);
    const quarantined = quarantinesOf(lines, model);
    const past = pastOf(lines, model).filter(({ revision }) => revision !== state.stable?.revision);
    const chosen = to === undefined ? past.find(({ revision }) => !quarantined.has(revision)) : pastNamed(past, to);
    if (chosen === undefined) {
      const known = past.map(({ version }) => version).join(', ');
      return to === undefined
        ? `**${model}** has no earlier version that could serve.`
        : `**${model}** never served a version or commit \`${to}\`.${known === '' ? '' : ` It served ${known}.`}`;
    }
    const quarantine = quarantined.get(chosen.revision);
    if (quarantine !== undefined)
      return `Version ${chosen.version} is quarantined: ${quarantine.because} (@${quarantine.by}).`;
    const found = await desiredOfPast(chosen, model, policy, signal);
    return found === undefined
      ? `Version ${chosen.version} of **${model}** cannot be read at commit ${chosen.commit} any more.`
      : deployedOf(found, found.provenance);
  }

  async function liftings(
    wish: Wish,
    revision: string,
    lines: Awaited<ReturnType<Ledger['read']>>['lines'],
    state: ModelState,
    now: Date,
    because: string,
  ): Promise<readonly Deed[]> {
    const named = lines.findLast((line) => line.model === wish.model && line.revision === revision);
    const version = named?.version ?? state.rollout?.candidate.version ?? 'unknown';
    return [
      {
        key: `${wish.model}/${revision}/${now.toISOString()}/lifted`,
        at: now.toISOString(),
        by: wish.by,
        subject: { model: wish.model, revision, version },
        kind: 'record',
        event: 'quarantine-lifted',
        because,
        data: { source: wish.source },
      },
    ];
  }
}

type Changed =
  | string
  | {
      readonly state: ModelState;
      /** Records that say how long it took until the fleet had turned. */
      readonly timed?: readonly Deed[];
      readonly text: (tookMs: number, after: ModelState | undefined) => string;
    };

function requestOf(kind: 'pause' | 'resume' | 'abort', { by, because }: Wish): Request {
  return { kind, by, ...(because === undefined ? {} : { because }) };
}

function refused(text: string): Outcome {
  return { kind: 'refused', text };
}

function unknownModel(model: string, desired: DesiredModels | undefined): string {
  const names = [...(desired?.models.keys() ?? [])].map((name) => `\`${name}\``).join(', ');
  return `No model \`${model}\` is served here.${names === '' ? '' : ` These are: ${names}.`}`;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
