import type { Policy } from '../../checks/manifest/policy.ts';
import type { Report } from '../../checks/report/report.ts';
import type { FleetDriver, FleetRecords, ObservedFleet } from '../../serving/fleet.ts';
import type { DesiredFleet } from '../../serving/plan.ts';
import { asked, type Request } from '../../serving/rollout/asked.ts';
import type { ModelView } from '../dashboard/views.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { DesiredModels } from './desired-models.ts';
import { createFleetWriter } from './fleet-writer.ts';
import { createGitDesired } from './git-desired.ts';
import type { GithubSide } from './github-side.ts';
import { subjectOf } from './hold.ts';
import { createJudge, type Evaluation } from './judge.ts';
import { liveRollout, type ModelState, stateOf } from './model-state.ts';
import { evidenceOf, folded, type Look, modelTurn, type Questions } from './model-turn.ts';
import { createOutbox } from './outbox.ts';
import { pastOf, quarantinesOf } from './past.ts';
import { createRevertWatch } from './revert-watch.ts';
import { type BackgroundOf, createRevisionSource, type SelfTestsOf } from './revision-source.ts';
import type { Outcome, Rollouts, Wish } from './rollouts.ts';
import { rolledBackText, statusText, unheldText } from './tell-people.ts';
import { turnedBack } from './turn-back.ts';
import { unheld } from './unheld.ts';
import { viewOf } from './view-of.ts';
import { rollbackTarget } from './rollback-target.ts';
import { wasTurnedBack } from './was-turned-back.ts';

export interface RolloutsParts {
  /** `acme/models` */
  readonly repository: string;
  readonly github: GithubSide;
  readonly fleet: FleetDriver & Pick<FleetRecords, 'stats'>;
  readonly ledger: Ledger;
  /** Judges what git names against what runs, where no proposal did; takes its time. */
  readonly evaluate: (evaluation: Evaluation, signal: AbortSignal) => Promise<Report>;
  readonly selfTestsOf: SelfTestsOf;
  readonly backgroundOf: BackgroundOf;
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

/**
 * The rollouts of one repository on one fleet: looks at git and the fleet, asks `modelTurn` what should be, writes that to the
 * fleet, does what the outbox says, and looks again. Nothing that matters is kept here: git, the ledger and the fleet's state
 * are; whatever this forgets when it dies, the next one finds there.
 */
export function createRollouts(parts: RolloutsParts): RepositoryRollouts {
  const { repository, github, fleet, ledger, clock, log } = parts;
  const git = createGitDesired(parts);
  const judge = createJudge(parts);
  const revisions = createRevisionSource({
    git: github,
    selfTestsOf: parts.selfTestsOf,
    backgroundOf: parts.backgroundOf,
    cacheFolder: parts.cacheFolder,
  });
  const writer = createFleetWriter({ fleet, revisions, clock });
  const outbox = createOutbox({
    writer,
    log,
    ledger,
    doer: () => ({
      github,
      fleetName: git.known()?.policy.fleets.at(-1)?.name ?? 'production',
      ...(parts.dashboardUrl === undefined ? {} : { dashboardUrl: parts.dashboardUrl }),
    }),
  });
  const watchRevert = createRevertWatch({ github, writer, clock });
  const problems = new Map<string, { readonly reason: string; readonly since: string }>();
  const latest = new Map<string, ModelState>();
  const lastWork = new Map<string, Promise<unknown>>();

  /** One thing at a time for one model; who finds it busy waits. */
  const inTurn = <T>(model: string, work: () => Promise<T>): Promise<T> => {
    const mine = (lastWork.get(model) ?? Promise.resolve()).then(work, work);
    lastWork.set(
      model,
      mine.catch(() => undefined),
    );
    return mine;
  };

  const questionsFor = (policy: Policy, signal: AbortSignal): Questions => ({
    permit: (desired, stable) => judge.permit(desired, stable, signal),
    provenance: (desired, { checks, unchecked }) =>
      git.provenanceOf(desired, { checks, ...(unchecked === undefined ? {} : { unchecked }) }, signal),
    async restorable(model) {
      const { lines } = await ledger.read(signal);
      const quarantined = quarantinesOf(lines, model);
      for (const past of pastOf(lines, model)) {
        const found = quarantined.has(past.revision) ? undefined : await git.ofPast(past, model, policy, signal);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  });

  const lookOf = async (
    model: string,
    desired: DesiredModels,
    seen: ObservedFleet,
    signal: AbortSignal,
  ): Promise<Look> => {
    const observed = seen.models.find((each) => each.model === model);
    const state = stateOf(observed);
    const live = state && liveRollout(state);
    const since = live?.plan.analysis.feedback === undefined ? undefined : new Date(live.startedAt);
    const stats = live === undefined ? undefined : await fleet.stats(model, signal, since);
    const named = desired.models.get(model);
    return {
      now: clock(),
      repository,
      model,
      policy: desired.policy,
      ...(named === undefined ? {} : { desired: named }),
      ...(observed === undefined ? {} : { observed }),
      ...(stats === undefined ? {} : { stats }),
    };
  };

  /** What the fleet should be, as a turn of the model decides from what it finds. */
  const desire = async (
    model: string,
    desired: DesiredModels,
    seen: ObservedFleet,
    signal: AbortSignal,
  ): Promise<DesiredFleet> => {
    const look = await lookOf(model, desired, seen, signal);
    if (isRetired(look, desired)) return { models: [], retired: [model] };
    const state = await modelTurn(look, questionsFor(desired.policy, signal));
    if (state === undefined) return { models: [] };
    latest.set(model, state);
    const kept = writer.worthKeeping(model, stateOf(look.observed), state);
    return writer.desired(model, kept, seen, desired.policy, signal);
  };

  const turnOf = async (model: string, desired: DesiredModels, signal: AbortSignal): Promise<void> => {
    for (let pass = 0; pass < PASSES; pass++) {
      signal.throwIfAborted();
      const { applied, observed: seen } = await writer.reconcile(
        model,
        (found) => desire(model, desired, found, signal),
        signal,
      );
      if (applied.some(({ kind }) => kind === 'retire-model')) return recordRetirement(model, desired, signal);
      const observed = seen.models.find((each) => each.model === model);
      if (stateOf(observed)?.repository !== repository) return;
      if (await outbox.drain(model, observed, signal)) continue;
      if (!(await watchRevert(model, observed, desired.policy, signal))) return;
    }
  };

  /** Git no longer names it, the manifest is really gone, and the policy allows it: the fleet drains it and lets it go. */
  const isRetired = ({ model, observed }: Look, desired: DesiredModels): boolean => {
    const state = stateOf(observed);
    const isGone = !desired.models.has(model) && !desired.unreadable.has(model);
    if (!isGone || !desired.policy.prune || state?.repository !== repository) return false;
    return liveRollout(state) === undefined && state.hold === undefined && state.outbox.length === 0;
  };

  const recordRetirement = async (model: string, desired: DesiredModels, signal: AbortSignal): Promise<void> => {
    const stable = latest.get(model)?.stable;
    const because = `the default branch (${desired.commit.slice(0, 7)}) does not name it any more`;
    const about = {
      at: clock().toISOString(),
      actor: 'slipway',
      because,
      ...(stable === undefined ? { model } : subjectOf(stable)),
    };
    await ledger.append([{ kind: 'retired', key: `retired/${model}/${desired.commit}`, ...about }], signal);
    latest.delete(model);
  };

  /** A turn of one model, whose failure is told and is no other model's. */
  const guardedTurn = async (model: string, desired: DesiredModels, signal: AbortSignal): Promise<void> => {
    try {
      await inTurn(model, () => turnOf(model, desired, signal));
      problems.delete(model);
    } catch (error) {
      signal.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      problems.set(model, { reason, since: problems.get(model)?.since ?? clock().toISOString() });
      log(`the turn of ${model} failed`, error);
    }
  };

  const turnAll = async (only: string | undefined, signal: AbortSignal): Promise<void> => {
    const [desired, seen] = await Promise.all([git.now(signal), fleet.observe(signal)]);
    if (desired === undefined) return;
    await git.adopt(desired, signal);
    const ours = seen.models.filter((each) => stateOf(each)?.repository === repository).map(({ model }) => model);
    const names = [...new Set([...desired.models.keys(), ...ours])].filter(
      (name) => only === undefined || name === only,
    );
    await Promise.all(names.map((name) => guardedTurn(name, desired, signal)));
  };

  /** Changes the state at somebody's wish, with one write that turns the fleet, and lets a turn do the rest. */
  const changeAtWish = async (wish: Wish, change: Change, signal: AbortSignal): Promise<Outcome> => {
    const startedAt = clock().getTime();
    for (let attempt = 0; attempt < PASSES; attempt++) {
      const desired = git.known() ?? (await git.now(signal));
      if (desired === undefined) return refused(`${repository} is empty.`);
      const seen = await fleet.observe(signal);
      const look = await lookOf(wish.model, desired, seen, signal);
      const state = stateOf(look.observed);
      if (look.observed === undefined || state === undefined) return refused(unknownModel(wish.model, desired));
      if (state.repository !== repository) return refused(`**${wish.model}** belongs to ${state.repository}.`);
      const changed = await change({ ...look, observed: look.observed }, state);
      if (typeof changed === 'string') return refused(changed);
      if ((await writer.turn(wish.model, changed.state, seen, desired.policy, signal)) === 'conflict') continue;
      const tookMs = clock().getTime() - startedAt;
      for (const key of changed.timed ?? []) outbox.measured(key, tookMs);
      await guardedTurn(wish.model, desired, signal);
      const after = stateOf((await fleet.observe(signal)).models.find(({ model }) => model === wish.model));
      return { kind: 'done', text: changed.text(tookMs, after ?? changed.state) };
    }
    return refused(`**${wish.model}** was changed by somebody else again and again; please try once more.`);
  };

  const ofRollout = (wish: Wish, request: Request, signal: AbortSignal): Promise<Outcome> =>
    changeAtWish(
      wish,
      (look, state) => {
        const live = liveRollout(state);
        if (live === undefined) return `No rollout of **${wish.model}** is under way.`;
        const answer = asked(live, request, evidenceOf(look, live), look.now);
        if (answer.kind === 'refused') return sentence(answer.because);
        const next = folded(state, answer.turn, look.now);
        const isNewHold = next.hold !== undefined && state.hold === undefined;
        const told = isNewHold ? { ...next, hold: { ...next.hold, source: wish.source } } : next;
        return { state: told, text: (_, after) => statusText(wish.model, after, clock()) };
      },
      signal,
    );

  const look = async (signal: AbortSignal) => {
    const [desired, seen] = await Promise.all([git.now(signal), fleet.observe(signal)]);
    const names = [...new Set([...(desired?.models.keys() ?? []), ...seen.models.map(({ model }) => model)])];
    const found = names.map((model) => ({
      model,
      desired: desired?.models.get(model),
      observed: seen.models.find((each) => each.model === model),
      latest: latest.get(model),
      problem: problems.get(model),
    }));
    return { desired, found };
  };

  const status = async (model: string | undefined, signal: AbortSignal): Promise<Outcome> => {
    const { desired, found } = await look(signal);
    const wanted = found.filter((each) => model === undefined || each.model === model);
    if (wanted.length === 0)
      return refused(model === undefined ? 'There are no models yet.' : unknownModel(model, desired));
    const texts = wanted.map(({ model: name, observed, latest: newest, problem }) => {
      const kept = stateOf(observed);
      const text = statusText(name, newest?.rollout?.id === kept?.rollout?.id ? (newest ?? kept) : kept, clock());
      return problem === undefined ? text : `${text}\n\nThe last turn failed: ${problem.reason}.`;
    });
    return { kind: 'done', text: texts.join('\n\n') };
  };

  return {
    rollback: (wish, signal) =>
      changeAtWish(
        wish,
        async ({ observed, policy, now }, state) => {
          if (await wasTurnedBack(wish, state, ledger, signal))
            return `**${wish.model}** was turned back for this comment already; \`/status ${wish.model}\` says what serves.`;
          const to = await rollbackTarget(wish, state, { git, ledger, policy }, signal);
          if (typeof to === 'string') return to;
          const because = wish.because ?? 'no reason was given';
          const result = turnedBack(state, to, { by: wish.by, because, source: wish.source }, observed, now);
          if (typeof result === 'string') return sentence(result);
          const known = new Set(state.outbox.map(({ key }) => key));
          const records = result.state.outbox.filter((deed) => deed.kind === 'record' && deed.event === 'rolled-back');
          return {
            state: result.state,
            timed: records.map(({ key }) => key).filter((key) => !known.has(key)),
            text: (tookMs, after) => rolledBackText(result, tookMs, after),
          };
        },
        signal,
      ),
    promote: ({ force, ...wish }, signal) => ofRollout(wish, { kind: 'promote', force, ...wordsOf(wish) }, signal),
    pause: (wish, signal) => ofRollout(wish, { kind: 'pause', ...wordsOf(wish) }, signal),
    resume: (wish, signal) => ofRollout(wish, { kind: 'resume', ...wordsOf(wish) }, signal),
    abort: (wish, signal) => ofRollout(wish, { kind: 'abort', ...wordsOf(wish) }, signal),
    unhold: (wish, signal) =>
      changeAtWish(
        wish,
        async ({ now, desired }, state) => {
          const { lines } = await ledger.read(signal);
          const result = unheld(state, wish, { desired: desired?.loaded, lines, now });
          if (typeof result === 'string') return result;
          return { state: result, text: (_, after) => unheldText(wish.model, after, clock()) };
        },
        signal,
      ),
    async sync({ model }, signal) {
      await turnAll(model, signal);
      return status(model, signal);
    },
    status,
    turn: (_now, signal) => turnAll(undefined, signal),
    async views(signal) {
      const { found } = await look(signal);
      return found.map((each) => viewOf({ ...each, repository, now: clock() }));
    },
    async settled() {
      await judge.settled();
      await Promise.all(lastWork.values());
    },
  };
}

type Change = (look: Look & Required<Pick<Look, 'observed'>>, state: ModelState) => Promise<Changed> | Changed;

/** A sentence refuses. */
type Changed =
  | string
  | {
      readonly state: ModelState;
      /** Keys of records that say how long it took until the fleet had turned. */
      readonly timed?: readonly string[];
      readonly text: (tookMs: number, after: ModelState) => string;
    };

function wordsOf({ by, because }: Wish): { readonly by: string; readonly because?: string } {
  return { by, ...(because === undefined ? {} : { because }) };
}

function refused(text: string): Outcome {
  return { kind: 'refused', text };
}

function unknownModel(model: string, desired: DesiredModels | undefined): string {
  const names = [...(desired?.models.keys() ?? [])].map((name) => `\`${name}\``).join(', ');
  return `No model \`${model}\` is served here.${names === '' ? '' : ` These are: ${names}.`}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
