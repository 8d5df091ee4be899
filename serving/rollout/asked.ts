import { pauseText } from './tell.ts';
import { aborted } from './aborted.ts';
import { promoted } from './promoted.ts';
import type { Rollout, RolloutEvidence, Turn } from './rollout.ts';
import { paused, resumed } from './stepped.ts';

/** What a person may ask of a rollout. */
export type Request =
  | { readonly kind: 'pause' | 'resume' | 'abort'; readonly by: string; readonly because?: string }
  | { readonly kind: 'promote'; readonly by: string; readonly because?: string; readonly force: boolean };

export type Answer =
  | { readonly kind: 'turned'; readonly turn: Turn }
  /** One sentence: why not, and what would do. */
  | { readonly kind: 'refused'; readonly because: string };

/** Pure: what a rollout makes of a wish. Harm is stronger than wishes, except than `force`. */
export function asked(rollout: Rollout, request: Request, evidence: RolloutEvidence, now: Date): Answer {
  const { candidate, phase } = rollout;
  const name = `the rollout of ${candidate.model} ${candidate.version}`;
  if (['done', 'aborting', 'aborted', 'superseded'].includes(phase.name))
    return refused(`${name} is over (${phase.name})`);
  switch (request.kind) {
    case 'abort':
      return {
        kind: 'turned',
        turn: aborted(rollout, { because: request.because ?? 'somebody said /abort', by: request.by }, now),
      };
    case 'pause':
      return pauseAsked(rollout, name, request, now);
    case 'resume':
      return resumeAsked(rollout, name, request.by, evidence, now);
    case 'promote':
      return promoteAsked(rollout, name, request, evidence, now);
  }
}

function pauseAsked(rollout: Rollout, name: string, { by, because }: Request, now: Date): Answer {
  const { phase } = rollout;
  if (phase.name === 'promoting' || phase.name === 'baking') {
    return refused(`${name} has taken every request already; \`/rollback ${rollout.candidate.model}\` turns it back`);
  }
  if (phase.name === 'paused' && phase.pause.kind === 'wish')
    return refused(`${name} is paused already: ${phase.pause.because}`);
  return {
    kind: 'turned',
    turn: paused(rollout, { kind: 'wish', because: because ?? 'somebody said /pause', by }, now),
  };
}

function resumeAsked(rollout: Rollout, name: string, by: string, evidence: RolloutEvidence, now: Date): Answer {
  const { phase } = rollout;
  const { model } = rollout.candidate;
  if (phase.name !== 'paused') return refused(`${name} is not paused`);
  switch (phase.pause.kind) {
    case 'step':
      return { kind: 'turned', turn: resumed(rollout, { by, past: true }, now) };
    case 'stable-failing':
      return { kind: 'turned', turn: resumed({ ...rollout, stableFailureKnown: true }, { by, past: false }, now) };
    case 'wish':
      return { kind: 'turned', turn: resumed(rollout, { by, past: false }, now) };
    case 'freeze':
      if (evidence.frozen === undefined) return { kind: 'turned', turn: resumed(rollout, { by, past: false }, now) };
      return refused(`${phase.pause.because}; \`/promote ${model} --force\` does not wait for its end`);
    case 'insufficient':
      return refused(
        `${pauseText(rollout, phase.pause, phase.goesOn)}; it goes on by itself, and \`/promote ${model} --force\` does not wait`,
      );
    case 'harm':
      return refused(`harm is proven: ${phase.pause.because}; \`/abort ${model}\`, or \`/promote ${model} --force\``);
    case 'decision':
      return refused(`${phase.pause.because}`);
  }
}

function promoteAsked(
  rollout: Rollout,
  name: string,
  request: Request & { kind: 'promote' },
  evidence: RolloutEvidence,
  now: Date,
): Answer {
  const { phase, analysis, candidate } = rollout;
  if (phase.name === 'promoting' || phase.name === 'baking') return refused(`${name} is promoted already`);
  const why = { by: request.by, because: request.because ?? 'somebody said /promote' };
  if (request.force) return { kind: 'turned', turn: forced(rollout, why, evidence, now) };
  if (evidence.candidate.kind !== 'ready') return refused(`version ${candidate.version} is not ready yet`);
  if (evidence.frozen !== undefined)
    return refused(`${evidence.frozen.because}; \`/promote ${candidate.model} --force\` does not wait for its end`);
  if (analysis?.stableFailing !== undefined) {
    return refused(
      `the stable arm is failing itself, so there is nothing to compare with; \`/promote ${candidate.model} --force\` promotes all the same`,
    );
  }
  const worse = analysis?.metrics.find(({ verdict }) => verdict === 'fail');
  if (worse !== undefined)
    return refused(
      `${worse.name}: ${worse.soFar}, ${worse.needed} allowed; \`/promote ${candidate.model} --force\` promotes all the same`,
    );
  if (analysis?.nonInferior === true || rollout.stable === undefined)
    return { kind: 'turned', turn: promoted(rollout, why, now) };
  const errors = analysis?.metrics.find((metric) => metric.name === 'errors');
  const lacking =
    errors === undefined ? 'no request was compared yet' : `errors ${errors.soFar}; ${errors.needed} must be shown`;
  return refused(
    `the evidence does not suffice: ${lacking}; \`/promote ${candidate.model} --force\` promotes all the same`,
  );
}

/** Promotes now when the candidate is ready; otherwise as soon as it is. Never before: nothing else would answer. */
function forced(
  rollout: Rollout,
  why: { readonly by: string; readonly because: string },
  evidence: RolloutEvidence,
  now: Date,
): Turn {
  const without = { ...rollout, forced: true };
  if (evidence.candidate.kind === 'ready') return promoted(without, why, now);
  return resumed(without, { by: why.by, past: false }, now);
}

function refused(because: string): Answer {
  return { kind: 'refused', because };
}
