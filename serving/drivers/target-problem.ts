import type { ModelTarget } from '../fleet.ts';

/** Weights are percentages of up to a few decimals: their sum may be off by rounding, not by more. */
const SUM_TOLERANCE = 1e-6;

/** Why a fleet cannot be told this: one sentence for every driver to refuse with; undefined when it can. */
export function targetProblemOf(
  model: string,
  { arms, replicas, cacheBytes = 0, retentionMs = 1 }: ModelTarget,
  known: ReadonlySet<string>,
): string | undefined {
  const unknown = arms.find(({ revision }) => !known.has(revision));
  if (unknown !== undefined)
    return `${model}: an arm names revision ${unknown.revision}, which is not known here; put it first`;
  const twice = arms.find(({ revision }, i) => arms.findIndex((each) => each.revision === revision) !== i);
  if (twice !== undefined) return `${model}: two arms name revision ${twice.revision}`;
  const outside = arms.find(({ weight }) => !(weight >= 0 && weight <= 100));
  if (outside !== undefined) return `${model}: weight ${outside.weight} is not a percentage from 0 to 100`;
  const heavy = arms.find(({ shadow, weight }) => shadow === true && weight !== 0);
  if (heavy !== undefined)
    return `${model}: a shadow arm answers nobody, so its weight must be 0, found ${heavy.weight}`;
  const sum = arms.filter(({ shadow }) => shadow !== true).reduce((total, { weight }) => total + weight, 0);
  if (Math.abs(sum - 100) > SUM_TOLERANCE) return `${model}: the weights add up to ${sum}, expected 100`;
  if (arms.find(({ shadow }) => shadow !== true)?.leased === true) {
    return `${model}: the first arm is leased; it takes what others give up, so it must not be`;
  }
  if (!(replicas.min >= 0 && replicas.max >= Math.max(1, replicas.min) && replicas.target > 0)) {
    return `${model}: replicas from ${replicas.min} to ${replicas.max}, target ${replicas.target}, make no sense`;
  }
  if (cacheBytes < 0) return `${model}: cacheBytes ${cacheBytes} makes no sense`;
  if (!(retentionMs > 0)) return `${model}: a retention of ${retentionMs} ms makes no sense`;
  return undefined;
}
