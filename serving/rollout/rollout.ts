import type { RolloutPlan } from '../../checks/manifest/manifest.ts';
import type { Arm, Hold, ModelStats } from '../fleet.ts';
import { type Analysis, analysisOf } from './analysis.ts';
import { armsOf } from './arms.ts';
import type { Effect, EffectDeed, Subject } from './effect.ts';
import { type ArmEvidence, accumulated, evidenceFrom } from './evidence.ts';
import { missingOf, requestsOf } from './missing.ts';
import { decidingNumbers, evidenceTable } from './tell.ts';

/**
 * A rollout: how the fleet gets from the revision it runs (*stable*) to the one that git names (*candidate*).
 *
 *   queued → preparing → step 0 … step n → promoting → baking → done
 *   any of these → aborting → aborted        a step → paused → the same step        any → superseded
 *
 * - **queued** waits for the end of a freeze window; leaves it for *preparing*.
 * - **preparing**: the candidate is loaded at weight 0 and tests itself. Ready leads to step 0, or, where there is no stable arm, no
 *   step, or the strategy is blue-green, to *promoting*. A candidate that cannot be loaded, or not within ten minutes, aborts.
 * - **step i** gives the candidate its share. Harm (an interval that excludes the tolerance) aborts at once, whatever the clock says
 *   (or pauses, with `onFail: hold`). Its time over and `minimum` requests seen, the next step begins. Time over without them is
 *   *insufficient*: `onInsufficient` holds, promotes or aborts; without a single request it always holds. Step n, one past the
 *   last, is where promotion is decided: errors must be shown to stay within the tolerance.
 * - **paused** keeps the shares and stops the clock: a pause step, a freeze window, insufficient evidence, a stable arm that
 *   fails itself, harm under `onFail: hold`, somebody's /pause, or a decision that is a person's (ab-test, shadow). Harm ends it all
 *   the same. Freeze and insufficiency end by themselves, the others by /resume, /promote or /abort.
 * - **promoting**: all shares to the candidate, the stable arm stays loaded at 0. Done when requests really go there.
 * - **baking** watches the candidate alone for the fleet's bake time; harm turns back to the stable arm.
 * - **aborting**: weight 0 first, everything else after. **aborted**, **done**, **superseded** are ends.
 *
 * `next` is pure: all it knows of the world is in `evidence`, all it wants of it in what it returns.
 */
export interface Rollout {
  /** Unique for ever; the GitHub deployment's key, and the beginning of every effect's key. */
  readonly id: string;
  readonly candidate: Subject;
  readonly stable?: Subject;
  readonly plan: RolloutPlan;
  readonly bakeMs: number;
  /** ISO date-time. */
  readonly startedAt: string;
  readonly phase: Phase;
  readonly evidence?: { readonly candidate: ArmEvidence; readonly stable: ArmEvidence };
  /** The last look's judgement. */
  readonly analysis?: Analysis;
  /** Set by /promote --force: no step, no freeze window and no analysis stands in the way any more. */
  readonly forced?: boolean;
  /** Set by /resume after a pause because the stable arm fails: it does not pause for that again. */
  readonly stableFailureKnown?: boolean;
  /** Every phase that was entered, oldest first. */
  readonly history: readonly Station[];
}

export interface Station {
  readonly phase: Phase['name'];
  readonly index?: number;
  readonly at: string;
  /** What the candidate had counted when it was entered. */
  readonly requests: number;
  readonly errors: number;
}

export type Phase =
  | { readonly name: 'queued'; readonly since: string }
  | { readonly name: 'preparing'; readonly since: string }
  | StepPhase
  | { readonly name: 'paused'; readonly since: string; readonly pause: Pause; readonly goesOn: StepPhase | Waiting }
  | { readonly name: 'promoting'; readonly since: string }
  | { readonly name: 'baking'; readonly since: string }
  | { readonly name: 'done'; readonly since: string }
  | { readonly name: 'aborting'; readonly since: string; readonly because: string; readonly by: string }
  | { readonly name: 'aborted'; readonly since: string; readonly because: string; readonly by: string }
  | { readonly name: 'superseded'; readonly since: string; readonly by: string };

export interface StepPhase {
  readonly name: 'step';
  /** Equal to the number of steps: where promotion is decided. */
  readonly index: number;
  /** When its clock began; moved on by pauses and lapsed leases, so that only time with traffic counts. */
  readonly since: string;
  readonly requestsBefore: number;
  /** Lapses of the lease up to here are in `since` already. */
  readonly lapsesCountedTo?: string;
}

export interface Waiting {
  readonly name: 'queued' | 'preparing';
  readonly since: string;
}

export type Pause =
  | { readonly kind: 'step' | 'insufficient' | 'stable-failing' | 'harm' | 'decision'; readonly because: string }
  | { readonly kind: 'freeze'; readonly because: string; readonly until?: string }
  | { readonly kind: 'wish'; readonly because: string; readonly by: string };

/** What one look at the fleet shows of a rollout's two revisions. */
export interface RolloutEvidence {
  readonly candidate: RevisionState;
  readonly stable: RevisionState;
  /** The candidate's share that requests really get now. */
  readonly candidateWeight: number;
  readonly stats?: ModelStats;
  /** When the candidate's lease ends or ended. */
  readonly leaseUntil?: string;
  readonly frozen?: { readonly because: string; readonly until?: string };
}

export type RevisionState =
  | { readonly kind: 'absent' | 'loading' | 'ready' }
  | { readonly kind: 'failed'; readonly reason: string };

export interface Turn {
  readonly rollout: Rollout;
  /** Shares that the fleet should give now; the stable arm first. */
  readonly arms: readonly Arm[];
  readonly effects: readonly Effect[];
  /** Set by an abort: git still names the candidate, and the fleet must not follow. */
  readonly held?: Hold;
}

/** A candidate that is not ready by then is not going to be. */
const PREPARING_LIMIT_MS = 600_000;

export function beginRollout(
  start: Pick<Rollout, 'candidate' | 'stable' | 'plan' | 'bakeMs'> & { readonly by?: string },
  now: Date,
): Turn {
  const { by = 'slipway', ...rest } = start;
  const at = now.toISOString();
  const rollout: Rollout = {
    ...rest,
    id: `${start.candidate.model}/${start.candidate.revision.slice('sha256:'.length).slice(0, 12)}/${at}`,
    startedAt: at,
    phase: { name: 'queued', since: at },
    history: [{ phase: 'queued', at, requests: 0, errors: 0 }],
  };
  const to = `version ${start.candidate.version}`;
  return turnOf(rollout, [
    record(
      rollout,
      'started',
      now,
      {
        kind: 'record',
        event: 'rollout-started',
        data: { from: start.stable?.version ?? null, to: start.candidate.version, strategy: start.plan.strategy },
      },
      by,
    ),
    record(
      rollout,
      'deployment',
      now,
      deployment(
        rollout,
        'in_progress',
        start.stable === undefined
          ? `${to}, the first, is prepared`
          : `${to} is prepared beside ${start.stable.version}`,
      ),
    ),
  ]);
}

/** One step of the machine. Same rollout, evidence and instant: same answer. Changes at most one phase a turn. */
export function next(before: Rollout, evidence: RolloutEvidence, now: Date): Turn {
  if (isOver(before)) return turnOf(before, []);
  const rollout = looked(before, evidence, now);
  // Where nothing serves yet there is nothing that a freeze window would protect.
  const { frozen, ...unfrozen } = evidence;
  const seen = frozen === undefined || rollout.stable === undefined || rollout.forced === true ? unfrozen : evidence;
  return harmed(rollout, seen, now) ?? moved(rollout, seen, now);
}

export function isOver(rollout: Rollout): boolean {
  return ['done', 'aborted', 'superseded'].includes(rollout.phase.name);
}

/** The candidate gives way to something newer; the shares go back to the stable arm. */
export function superseded(rollout: Rollout, by: Subject, now: Date): Turn {
  const because = `version ${by.version} came after it`;
  const ended = entered(rollout, { name: 'superseded', since: now.toISOString(), by: by.revision }, now);
  return turnOf(ended, [
    record(ended, 'superseded', now, { kind: 'record', event: 'superseded', because, data: { by: by.version } }),
    record(ended, 'deployment/superseded', now, deployment(ended, 'inactive', because)),
  ]);
}

/** Shares back to the stable arm at once; then the reports, the quarantine, and the pull request that makes git agree. */
export function aborted(rollout: Rollout, why: { readonly because: string; readonly by: string }, now: Date): Turn {
  const at = now.toISOString();
  const ended = entered(rollout, { name: 'aborting', since: at, ...why }, now);
  const { candidate, stable } = rollout;
  const evidence = evidenceTable(ended);
  const effects = [
    record(ended, 'deployment/aborted', now, deployment(ended, 'failure', why.because), why.by),
    record(
      ended,
      'aborted',
      now,
      { kind: 'record', event: 'aborted', because: why.because, data: decidingNumbers(ended) },
      why.by,
    ),
    record(ended, 'quarantine', now, { kind: 'quarantine', because: why.because }, why.by),
    record(ended, 'comment', now, { kind: 'comment', text: abortText(ended, why, evidence) }, why.by),
    ...(stable === undefined
      ? []
      : [
          record(
            ended,
            'revert',
            now,
            { kind: 'revert', to: stable, evidence: `${abortText(ended, why, evidence)}` },
            why.by,
          ),
        ]),
  ];
  const held = { by: why.by, because: why.because, since: at, quarantined: candidate.revision };
  return { ...turnOf(ended, effects), ...(stable === undefined ? {} : { held }) };
}

/** Straight to all shares, past the steps that are left: /promote. */
export function promoted(rollout: Rollout, why: { readonly by: string; readonly because: string }, now: Date): Turn {
  const promoting = entered(rollout, { name: 'promoting', since: now.toISOString() }, now);
  return turnOf(promoting, [
    record(
      promoting,
      'promoting',
      now,
      { kind: 'record', event: 'rollout-step', because: why.because, data: { step: 'promote', weight: 100 } },
      why.by,
    ),
    record(
      promoting,
      'deployment/promoting',
      now,
      deployment(promoting, 'in_progress', `all requests go to version ${rollout.candidate.version}`),
    ),
  ]);
}

export function paused(rollout: Rollout, pause: Pause, now: Date): Turn {
  const { phase } = rollout;
  const at = now.toISOString();
  const goesOn = phase.name === 'paused' ? phase.goesOn : phase;
  if (goesOn.name !== 'step' && goesOn.name !== 'queued' && goesOn.name !== 'preparing') return turnOf(rollout, []);
  const since = phase.name === 'paused' ? phase.since : at;
  const stopped = entered(rollout, { name: 'paused', since, pause, goesOn }, now);
  const by = pause.kind === 'wish' ? pause.by : 'slipway';
  return turnOf(stopped, [
    record(
      stopped,
      `paused/${at}`,
      now,
      { kind: 'record', event: 'rollout-paused', because: pause.because, data: { kind: pause.kind } },
      by,
    ),
    record(stopped, `deployment/paused/${at}`, now, deployment(stopped, 'in_progress', `paused: ${pause.because}`)),
  ]);
}

/** Where it was stopped, the clock running on from there. `past`: the step it stood at is taken for passed. */
export function resumed(rollout: Rollout, why: { readonly by: string; readonly past: boolean }, now: Date): Turn {
  const { phase } = rollout;
  if (phase.name !== 'paused') return turnOf(rollout, []);
  const stoodMs = now.getTime() - Date.parse(phase.since);
  const goesOn = { ...phase.goesOn, since: new Date(Date.parse(phase.goesOn.since) + stoodMs).toISOString() };
  const running = entered(rollout, goesOn, now);
  const effect = record(
    rollout,
    `resumed/${phase.since}`,
    now,
    { kind: 'record', event: 'rollout-resumed', because: phase.pause.because },
    why.by,
  );
  if (!why.past || goesOn.name !== 'step') return turnOf(running, [effect]);
  const turn = stepped(running, goesOn.index + 1, now);
  return { ...turn, effects: [effect, ...turn.effects] };
}

/** Adds the look's counters, and takes time without traffic (a lapsed lease) off the step's clock. */
function looked(rollout: Rollout, { stats, leaseUntil }: RolloutEvidence, now: Date): Rollout {
  const { evidence, stable, candidate } = rollout;
  const timed = { ...rollout, phase: clockOf(rollout.phase, leaseUntil, now) };
  if (evidence === undefined || stable === undefined) return timed;
  const counted = {
    candidate: accumulated(evidence.candidate, stats, candidate.revision),
    stable: accumulated(evidence.stable, stats, stable.revision),
  };
  const analysis = analysisOf(rollout.plan, counted.candidate.counted, counted.stable.counted);
  return { ...timed, evidence: counted, analysis };
}

function clockOf(phase: Phase, leaseUntil: string | undefined, now: Date): Phase {
  if (phase.name !== 'step' || leaseUntil === undefined) return phase;
  const from = Math.max(
    Date.parse(leaseUntil),
    Date.parse(phase.lapsesCountedTo ?? phase.since),
    Date.parse(phase.since),
  );
  const lapsedMs = now.getTime() - from;
  if (lapsedMs <= 0) return phase;
  return {
    ...phase,
    since: new Date(Date.parse(phase.since) + lapsedMs).toISOString(),
    lapsesCountedTo: now.toISOString(),
  };
}

/** What outranks the phase: a candidate that is broken, harm that is proven, a stable arm that cannot be a measure. */
function harmed(rollout: Rollout, evidence: RolloutEvidence, now: Date): Turn | undefined {
  const { phase, analysis, candidate, stable } = rollout;
  if (phase.name === 'aborting' || phase.name === 'queued') return undefined;
  // Once everything goes to the candidate it may be the last healthy copy: it is left only for one that is ready.
  const isLast = (phase.name === 'promoting' || phase.name === 'baking') && evidence.stable.kind !== 'ready';
  if (evidence.candidate.kind === 'failed' && !isLast) {
    return aborted(
      rollout,
      { because: `version ${candidate.version} could not be run: ${evidence.candidate.reason}`, by: 'slipway' },
      now,
    );
  }
  if (stable === undefined || rollout.forced === true || phase.name === 'preparing') return undefined;
  const failing = stableFailureOf(rollout, evidence);
  const worse = analysis?.metrics.find(
    ({ name, verdict }) => verdict === 'fail' && (failing === undefined || name === 'errors'),
  );
  if (worse !== undefined) return harmProven(rollout, `${worse.name}: ${worse.soFar}, ${worse.needed} allowed`, now);
  const isWatched = phase.name === 'step' && rollout.stableFailureKnown !== true;
  return isWatched && failing !== undefined
    ? paused(rollout, { kind: 'stable-failing', because: failing }, now)
    : undefined;
}

function harmProven(rollout: Rollout, because: string, now: Date): Turn | undefined {
  const { phase, plan } = rollout;
  if (plan.onFail === 'abort' || phase.name === 'promoting' || phase.name === 'baking') {
    return aborted(rollout, { because, by: 'slipway' }, now);
  }
  if (phase.name === 'paused' && phase.pause.kind === 'harm') return turnOf(rollout, []);
  return paused(rollout, { kind: 'harm', because }, now);
}

function stableFailureOf({ analysis, stable }: Rollout, evidence: RolloutEvidence): string | undefined {
  const version = `version ${stable?.version ?? ''}, which serves now,`;
  if (evidence.stable.kind === 'failed') return `${version} does not run: ${evidence.stable.reason}`;
  const failing = analysis?.stableFailing;
  if (failing === undefined) return undefined;
  return `${version} is failing itself: ${(failing.rate * 100).toPrecision(3)} % of its requests are errors`;
}

function moved(rollout: Rollout, evidence: RolloutEvidence, now: Date): Turn {
  const { phase } = rollout;
  switch (phase.name) {
    case 'queued':
      return evidence.frozen === undefined
        ? turnOf(entered(rollout, { name: 'preparing', since: now.toISOString() }, now), [])
        : turnOf(rollout, []);
    case 'preparing':
      return prepared(rollout, phase, evidence, now);
    case 'step':
      return evidence.frozen === undefined
        ? stood(rollout, phase, now)
        : paused(rollout, { kind: 'freeze', ...evidence.frozen }, now);
    case 'paused':
      return waited(rollout, phase, evidence, now);
    case 'promoting':
      return evidence.candidate.kind === 'ready' && evidence.candidateWeight === 100
        ? turned(rollout, now)
        : turnOf(rollout, []);
    case 'baking':
      return now.getTime() - Date.parse(phase.since) >= rollout.bakeMs ? finished(rollout, now) : turnOf(rollout, []);
    case 'aborting':
      return evidence.candidateWeight === 0 || rollout.stable === undefined
        ? turnOf(entered(rollout, { ...phase, name: 'aborted' }, now), [])
        : turnOf(rollout, []);
    case 'done':
    case 'aborted':
    case 'superseded':
      return turnOf(rollout, []);
  }
}

function prepared(rollout: Rollout, phase: Waiting, evidence: RolloutEvidence, now: Date): Turn {
  const { candidate, stable, plan } = rollout;
  if (evidence.candidate.kind !== 'ready') {
    const late = now.getTime() - Date.parse(phase.since) > PREPARING_LIMIT_MS;
    const because = `version ${candidate.version} was not ready after ${PREPARING_LIMIT_MS / 60_000} minutes`;
    return late ? aborted(rollout, { because, by: 'slipway' }, now) : turnOf(rollout, []);
  }
  if (evidence.frozen !== undefined) return paused(rollout, { kind: 'freeze', ...evidence.frozen }, now);
  const because = stable === undefined ? 'there is no version to compare it with' : 'the manifest asks for no steps';
  const isDirect = plan.strategy === 'blue-green' || (plan.strategy === 'canary' && plan.steps.length === 0);
  if (stable === undefined || isDirect) return promoted(begun(rollout, evidence), { by: 'slipway', because }, now);
  if (rollout.forced === true)
    return promoted(begun(rollout, evidence), { by: 'slipway', because: 'promotion was forced' }, now);
  return stepped(begun(rollout, evidence), 0, now);
}

/** Counting begins here: what the arms' counters hold from before is not this rollout's evidence. */
function begun(rollout: Rollout, { stats }: RolloutEvidence): Rollout {
  if (rollout.stable === undefined || rollout.evidence !== undefined) return rollout;
  return {
    ...rollout,
    evidence: {
      candidate: evidenceFrom(stats, rollout.candidate.revision),
      stable: evidenceFrom(stats, rollout.stable.revision),
    },
  };
}

function stepped(rollout: Rollout, index: number, now: Date): Turn {
  const at = now.toISOString();
  const step = rollout.plan.steps[index];
  const running = entered(rollout, { name: 'step', index, since: at, requestsBefore: requestsOf(rollout) }, now);
  if (step === undefined) return turnOf(running, []);
  if (step.kind === 'pause')
    return paused(running, { kind: 'step', because: 'the manifest asks for somebody to say /resume here' }, now);
  const share = step.kind === 'weight' ? `${step.weight} % of requests` : 'a copy of every request';
  return turnOf(running, [
    record(running, `step/${index}`, now, {
      kind: 'record',
      event: 'rollout-step',
      data: { step: index, kind: step.kind, weight: step.kind === 'weight' ? step.weight : 0 },
    }),
    record(
      running,
      `deployment/step/${index}`,
      now,
      deployment(running, 'in_progress', `${share} to version ${rollout.candidate.version}`),
    ),
  ]);
}

function stood(rollout: Rollout, phase: StepPhase, now: Date): Turn {
  const step = rollout.plan.steps[phase.index];
  const forMs = step === undefined || step.kind === 'pause' ? 0 : step.forMs;
  if (now.getTime() - Date.parse(phase.since) < forMs) return turnOf(rollout, []);
  const isPersons = step === undefined && !['canary', 'blue-green'].includes(rollout.plan.strategy);
  const missing = isPersons ? undefined : missingOf(rollout, phase);
  if (missing !== undefined) return insufficient(rollout, phase, missing, now);
  if (step !== undefined) return stepped(rollout, phase.index + 1, now);
  return decided(rollout, now);
}

function decided(rollout: Rollout, now: Date): Turn {
  const { strategy } = rollout.plan;
  if (strategy === 'ab-test' || strategy === 'shadow') {
    return paused(
      rollout,
      { kind: 'decision', because: `the strategy ${strategy} leaves the decision to a person: /promote or /abort` },
      now,
    );
  }
  return promoted(rollout, { by: 'slipway', because: 'errors are shown to stay within the tolerance' }, now);
}

function insufficient(rollout: Rollout, phase: StepPhase, missing: string, now: Date): Turn {
  const { onInsufficient } = rollout.plan;
  const because = `not enough evidence: ${missing}`;
  if (onInsufficient === 'abort') return aborted(rollout, { because, by: 'slipway' }, now);
  if (onInsufficient === 'promote' && requestsOf(rollout) > 0) {
    return rollout.plan.steps[phase.index] === undefined
      ? promoted(rollout, { by: 'slipway', because: `${because}; the manifest promotes all the same` }, now)
      : stepped(rollout, phase.index + 1, now);
  }
  return paused(rollout, { kind: 'insufficient', because }, now);
}

/** Pauses that end by themselves: a freeze window that is over, evidence that has come. */
function waited(
  rollout: Rollout,
  phase: Extract<Phase, { name: 'paused' }>,
  evidence: RolloutEvidence,
  now: Date,
): Turn {
  const { pause, goesOn } = phase;
  const automatic = { by: 'slipway', past: false };
  if (pause.kind === 'freeze' && evidence.frozen === undefined) return resumed(rollout, automatic, now);
  if (pause.kind !== 'insufficient' || goesOn.name !== 'step' || evidence.frozen !== undefined)
    return turnOf(rollout, []);
  return missingOf(rollout, goesOn) === undefined ? resumed(rollout, automatic, now) : turnOf(rollout, []);
}

function turned(rollout: Rollout, now: Date): Turn {
  const { candidate, stable } = rollout;
  const baking = entered(rollout, { name: 'baking', since: now.toISOString() }, now);
  return turnOf(baking, [
    record(baking, 'promoted', now, {
      kind: 'record',
      event: 'promoted',
      data: { from: stable?.version ?? null, fromRevision: stable?.revision ?? null, ...decidingNumbers(baking) },
    }),
    ...(rollout.bakeMs > 0
      ? [
          record(
            baking,
            'deployment/baking',
            now,
            deployment(baking, 'in_progress', `version ${candidate.version} serves everything and is watched`),
          ),
        ]
      : []),
  ]);
}

function finished(rollout: Rollout, now: Date): Turn {
  const done = entered(rollout, { name: 'done', since: now.toISOString() }, now);
  return turnOf(done, [
    record(
      done,
      'deployment/done',
      now,
      deployment(done, 'success', `version ${rollout.candidate.version} serves every request`),
    ),
  ]);
}

function entered(rollout: Rollout, phase: Phase, now: Date): Rollout {
  const counted = rollout.evidence?.candidate.counted;
  const station: Station = {
    phase: phase.name,
    ...(phase.name === 'step' ? { index: phase.index } : {}),
    at: now.toISOString(),
    requests: counted?.requests ?? 0,
    errors: counted?.errors ?? 0,
  };
  return { ...rollout, phase, history: [...rollout.history, station] };
}

function turnOf(rollout: Rollout, effects: readonly Effect[]): Turn {
  return { rollout, arms: armsOf(rollout), effects };
}

function record(rollout: Rollout, what: string, now: Date, deed: EffectDeed, by = 'slipway'): Effect {
  return { key: `${rollout.id}/${what}`, at: now.toISOString(), by, subject: rollout.candidate, ...deed };
}

/** GitHub cuts a deployment status's description at 140 characters. */
const DESCRIPTION_LENGTH = 140;

function deployment(
  rollout: Rollout,
  state: 'in_progress' | 'success' | 'failure' | 'inactive',
  description: string,
): EffectDeed {
  const cut =
    description.length > DESCRIPTION_LENGTH ? `${description.slice(0, DESCRIPTION_LENGTH - 1)}…` : description;
  return { kind: 'deployment', deployment: rollout.id, state, description: cut };
}

function abortText(
  { candidate, stable }: Rollout,
  why: { readonly because: string; readonly by: string },
  evidence: string,
): string {
  const who = why.by === 'slipway' ? 'was stopped' : `was stopped by @${why.by}`;
  const where =
    stable === undefined ? 'Nothing else was running.' : `Version ${stable.version} serves every request again.`;
  return `The rollout of **${candidate.model}** ${candidate.version} ${who}: ${why.because}.\n\n${where}${evidence === '' ? '' : `\n\n${evidence}`}`;
}
