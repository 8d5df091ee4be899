import type { RolloutPlan } from '../../checks/manifest/manifest.ts';
import type { Analysis } from './analysis.ts';
import { trialsOf } from './evidence.ts';
import type { Rollout, StepPhase } from './rollout.ts';

/** What a station still lacks once its time is over; undefined when nothing. */
export function missingOf(rollout: Rollout, phase: StepPhase): string | undefined {
  const { plan, analysis } = rollout;
  const step = plan.steps[phase.index];
  if (step !== undefined) {
    const seen = requestsOf(rollout) - phase.requestsBefore;
    return step.kind === 'pause' || seen >= plan.minimum
      ? undefined
      : `${seen} of ${plan.minimum} ${step.kind === 'shadow' ? 'copies' : 'requests'}`;
  }
  const errors = analysis?.metrics.find(({ name }) => name === 'errors');
  if (analysis?.nonInferior === true) return isDecidedByFeedback(plan) ? missingFeedback(analysis) : undefined;
  return errors === undefined ? 'no request was compared' : `errors ${errors.soFar}; ${errors.needed} must be shown`;
}

/** An experiment whose manifest says by which metric it ends needs no person for that. */
export function isDecidedByFeedback({ strategy, analysis }: RolloutPlan): boolean {
  return strategy === 'ab-test' && analysis.feedback !== undefined;
}

function missingFeedback({ metrics }: Analysis): string | undefined {
  const feedback = metrics.find(({ name }) => name === 'feedback');
  return feedback === undefined || feedback.verdict === 'pass'
    ? undefined
    : `feedback: ${feedback.soFar}; ${feedback.needed} must be shown`;
}

/** What the candidate was asked, copies included. */
export function requestsOf({ evidence }: Rollout): number {
  return trialsOf(evidence?.candidate.counted).requests;
}
