import { aborted } from './aborted.ts';
import { turnOf } from './entered.ts';
import type { Rollout, RolloutEvidence, Turn } from './rollout.ts';
import { paused } from './stepped.ts';

/** What outranks the phase: a candidate that is broken, harm that is proven, a stable arm that cannot be a measure. */
export function harmed(rollout: Rollout, evidence: RolloutEvidence, now: Date): Turn | undefined {
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
