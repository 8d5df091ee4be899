import { aborted } from './aborted.ts';
import { analysisOf } from './analysis.ts';
import { entered, turnOf } from './entered.ts';
import { accumulated, evidenceFrom } from './evidence.ts';
import { harmed } from './harmed.ts';
import { isDecidedByFeedback, missingOf, requestsOf } from './missing.ts';
import { finished, promoted, turned } from './promoted.ts';
import {
  type Phase,
  type Rollout,
  type RolloutEvidence,
  type StepPhase,
  type Turn,
  type Waiting,
  isOver,
} from './rollout.ts';
import { paused, resumed, stepped } from './stepped.ts';

/** A candidate that is not ready by then is not going to be. */
const PREPARING_LIMIT_MS = 600_000;

/** One step of the machine. Same rollout, evidence and instant: same answer. Changes at most one phase a turn. */
export function next(before: Rollout, evidence: RolloutEvidence, now: Date): Turn {
  if (isOver(before)) return turnOf(before, []);
  const rollout = looked(before, evidence, now);
  // Where nothing serves yet there is nothing that a freeze window would protect.
  const { frozen, ...unfrozen } = evidence;
  const seen = frozen === undefined || rollout.stable === undefined || rollout.forced === true ? unfrozen : evidence;
  return harmed(rollout, seen, now) ?? moved(rollout, seen, now);
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

function stood(rollout: Rollout, phase: StepPhase, now: Date): Turn {
  const step = rollout.plan.steps[phase.index];
  const forMs = step === undefined || step.kind === 'pause' ? 0 : step.forMs;
  if (now.getTime() - Date.parse(phase.since) < forMs) return turnOf(rollout, []);
  const missing = step === undefined && isPersons(rollout) ? undefined : missingOf(rollout, phase);
  if (missing !== undefined) return insufficient(rollout, phase, missing, now);
  if (step !== undefined) return stepped(rollout, phase.index + 1, now);
  return decided(rollout, now);
}

function decided(rollout: Rollout, now: Date): Turn {
  const { strategy } = rollout.plan;
  if (isPersons(rollout)) {
    return paused(
      rollout,
      { kind: 'decision', because: `the strategy ${strategy} leaves the decision to a person: /promote or /abort` },
      now,
    );
  }
  const shown = isDecidedByFeedback(rollout.plan) ? 'errors and feedback are' : 'errors are';
  return promoted(rollout, { by: 'slipway', because: `${shown} shown to stay within the tolerance` }, now);
}

function isPersons({ plan }: Rollout): boolean {
  return plan.strategy === 'shadow' || (plan.strategy === 'ab-test' && !isDecidedByFeedback(plan));
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
