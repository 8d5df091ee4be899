import type { Arm } from '../fleet.ts';
import type { Rollout } from './rollout.ts';

/**
 * The shares that a rollout's phase stands for. The stable arm comes first: it takes what a lapsed lease gives up. A candidate that
 * is not proven yet is leased; a proven one is not, so that a dead control plane changes nothing.
 */
export function armsOf(rollout: Rollout): readonly Arm[] {
  const { candidate, stable, phase } = rollout;
  if (stable === undefined) return [{ revision: candidate.revision, weight: 100 }];
  const alone: Arm = { revision: stable.revision, weight: 100 };
  switch (phase.name) {
    case 'queued':
    case 'aborting':
    case 'aborted':
    case 'superseded':
      return [alone];
    case 'preparing':
      return [alone, { revision: candidate.revision, weight: 0, leased: true }];
    case 'step':
      return sharedAt(rollout, phase.index);
    case 'paused':
      if (phase.goesOn.name === 'step') return sharedAt(rollout, phase.goesOn.index);
      return phase.goesOn.name === 'queued'
        ? [alone]
        : [alone, { revision: candidate.revision, weight: 0, leased: true }];
    case 'promoting':
    case 'baking':
    case 'done':
      return [
        { revision: candidate.revision, weight: 100 },
        { revision: stable.revision, weight: 0 },
      ];
  }
}

/** A pause step, and the place where promotion is decided, keep what the step before gave; a shadow step takes no share away again. */
function sharedAt({ candidate, stable, plan }: Rollout, index: number): readonly Arm[] {
  const past = plan.steps.slice(0, index + 1);
  const weight = Math.max(0, ...past.map((step) => (step.kind === 'weight' ? step.weight : 0)));
  const shadow = weight === 0 && past.some(({ kind }) => kind === 'shadow');
  return [
    ...(stable === undefined ? [] : [{ revision: stable.revision, weight: 100 - weight }]),
    { revision: candidate.revision, weight, leased: true, ...(shadow ? { shadow } : {}) },
  ];
}
