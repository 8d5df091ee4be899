import type { WeightSegment } from './weights-timeline.ts';
import type { RolloutStepView, RolloutView } from './views.ts';

/** The candidate's share from the rollout's steps: what happened by what each took, what is ahead by what each asks for. */
export function rolloutSegments(rollout: RolloutView, now: string): readonly WeightSegment[] {
  const { steps, startedAt } = rollout;
  let clock = Date.parse(startedAt);
  let weight = 0;
  const segments: WeightSegment[] = [];
  const add = (lengthMs: number, planned: boolean): void => {
    if (lengthMs <= 0) return;
    segments.push({ from: clock, to: clock + lengthMs, weight, planned });
    clock += lengthMs;
  };
  for (const step of steps) {
    weight = weightAt(step, weight);
    if (step.state === 'next') {
      if (rollout.phase !== 'aborted') add(step.forMs ?? 0, true);
      continue;
    }
    add(step.tookMs ?? 0, false);
    if (step.state === 'now') {
      // The instants of a rollout are not all recorded, so the present step ends where the clock is.
      const last = segments.at(-1);
      if (last !== undefined && !last.planned && Date.parse(now) > last.from) {
        segments[segments.length - 1] = { ...last, to: Date.parse(now) };
        clock = Date.parse(now);
      }
      add((step.forMs ?? 0) - (step.tookMs ?? 0), true);
    }
  }
  return segments;
}

function weightAt(step: RolloutStepView, before: number): number {
  switch (step.kind) {
    case 'weight':
      return step.weight ?? before;
    case 'promote':
    case 'bake':
      return 100;
    case 'prepare':
    case 'shadow':
      return 0;
    case 'pause':
      return before;
  }
}
