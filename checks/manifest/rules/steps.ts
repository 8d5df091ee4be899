import { fail, pass, type Rule } from './rule.ts';

/** A rollout that goes back on itself moves callers to and fro, which sticky assignment promises never to do. */
export const weightsDoNotFall: Rule = ({ proposal }) => {
  // A shadow takes no share: behind a step with one it would send those callers back.
  const weights = proposal.manifest.rollout.steps.flatMap((step, index) =>
    step.kind === 'pause' ? [] : [{ weight: step.kind === 'weight' ? step.weight : 0, index }],
  );
  const measured = { weights: weights.map(({ weight }) => weight) };
  const fallen = weights.find(({ weight }, at) => at > 0 && weight < (weights[at - 1]?.weight ?? 0));
  if (fallen === undefined) return [pass('weights', `the weights of ${weights.length} steps never fall`, measured)];
  const found =
    fallen.weight === 0
      ? `rollout.steps[${fallen.index}] is a shadow, which has no share`
      : `rollout.steps[${fallen.index}].weight is ${fallen.weight}`;
  const reason = `${found}, less than the step before; expected weights that never fall: ${measured.weights.join(', ')}`;
  return [
    fail(
      'weights',
      reason,
      measured,
      proposal.place(`/rollout/steps/${fallen.index}`),
      'put the steps in rising order',
    ),
  ];
};
