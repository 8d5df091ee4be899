import type { RolloutPlan } from '../../checks/manifest/manifest.ts';
import { rateSequence } from '../../checks/stats/rate-sequence.ts';
import { disagreementMetric } from './disagreement-metric.ts';
import { errorRateOf, errorsMetric } from './errors-metric.ts';
import { type Counted, trialsOf } from './evidence.ts';
import { feedbackMetric } from './feedback-metric.ts';
import { latencyMetric } from './latency-metric.ts';
import type { Metric } from './metric.ts';
import { predictionsMetric } from './predictions-metric.ts';

/**
 * Candidate against stable, as often as one likes: every interval is always valid, so looking each second costs nothing, and
 * the evidence of earlier steps still counts. Fresh tests at every step would abort good candidates 23 to 40 % of the time.
 */
export interface Analysis {
  readonly metrics: readonly Metric[];
  /** The errors are shown to stay within the tolerance: what a promotion rests on. */
  readonly nonInferior: boolean;
  /** The stable arm's own error rate, when it is certainly too high to be anyone's measure. */
  readonly stableFailing?: { readonly rate: number; readonly lower: number };
}

/** False alarms that one rollout may raise, over all its metrics and all looks. */
const ROLLOUT_ALPHA = 0.05;
/** A stable arm whose error rate certainly exceeds this is failing itself. */
const STABLE_FAILING_RATE = 0.05;

type Judge = (candidate: Counted, stable: Counted, alpha: number) => Metric;

export function analysisOf(plan: RolloutPlan, candidate: Counted, stable: Counted): Analysis {
  const judges = judgesOf(plan);
  const alpha = ROLLOUT_ALPHA / judges.length;
  const metrics = judges.map((judge) => judge(candidate, stable, alpha));
  const stableErrors = errorRateOf(stable);
  const { lower } = rateSequence(stableErrors, alpha);
  const isShown = metrics.some(({ name, verdict }) => name === 'errors' && verdict === 'pass');
  return {
    metrics,
    nonInferior: isShown && trialsOf(candidate).requests > 0 && trialsOf(stable).requests > 0,
    ...(lower > STABLE_FAILING_RATE
      ? { stableFailing: { rate: stableErrors.events / stableErrors.trials, lower } }
      : {}),
  };
}

/** Which metrics a plan asks for: it must not depend on what was seen, since alpha is divided by their number. */
function judgesOf({ analysis, steps }: RolloutPlan): readonly Judge[] {
  const { errors, latency, predictions, disagreement, feedback } = analysis;
  const hasShadow = steps.some(({ kind }) => kind === 'shadow');
  return [
    (a, b, alpha) => errorsMetric(a, b, errors, alpha),
    (a, b, alpha) => latencyMetric(a, b, latency, alpha),
    ...optional(predictions, predictionsMetric),
    ...optional(hasShadow ? disagreement : undefined, disagreementMetric),
    ...optional(feedback, feedbackMetric),
  ];
}

function optional<Tolerance>(
  tolerance: Tolerance | undefined,
  metric: (candidate: Counted, stable: Counted, tolerance: Tolerance, alpha: number) => Metric,
): readonly Judge[] {
  return tolerance === undefined ? [] : [(a, b, alpha) => metric(a, b, tolerance, alpha)];
}
