import { trialsOf } from './evidence.ts';
import type { Rollout, StepPhase } from './rollout.ts';

/** What a station still lacks once its time is over; undefined when nothing. */
export function missingOf(rollout: Rollout, phase: StepPhase): string | undefined {
  const { plan, analysis } = rollout;
  const step = plan.steps[phase.index];
  if (step !== undefined) {
    const seen = requestsOf(rollout) - phase.requestsBefore;
    return step.kind === 'pause' || seen >= plan.minimum ? undefined : `${seen} of ${plan.minimum} requests`;
  }
  if (analysis?.nonInferior === true) return undefined;
  const errors = analysis?.metrics.find(({ name }) => name === 'errors');
  return errors === undefined ? 'no request was compared' : `errors ${errors.soFar}; ${errors.needed} must be shown`;
}

/** What the candidate was asked, copies included. */
export function requestsOf({ evidence }: Rollout): number {
  return trialsOf(evidence?.candidate.counted).requests;
}
