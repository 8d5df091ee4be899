import { fail, pass, type Rule } from './rule.ts';

/** A rollout that goes back on itself moves callers to and fro, which sticky assignment promises never to do. */
export const weightsDoNotFall: Rule = ({ proposal }) => {
  const weights = proposal.manifest.rollout.steps.flatMap((step, index) =>
    step.kind === 'weight' ? [{ weight: step.weight, index }] : [],
  );
  const measured = { weights: weights.map(({ weight }) => weight) };
  const fallen = weights.find(({ weight }, at) => at > 0 && weight < (weights[at - 1]?.weight ?? 0));
  if (fallen === undefined) return [pass('weights', `the weights of ${weights.length} steps never fall`, measured)];
  const reason = `rollout.steps[${fallen.index}].weight is ${fallen.weight}, less than the step before; expected weights that never fall: ${measured.weights.join(', ')}`;
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
