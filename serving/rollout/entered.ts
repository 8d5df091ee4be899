import { armsOf } from './arms.ts';
import type { Effect, EffectDeed } from './effect.ts';
import { trialsOf } from './evidence.ts';
import type { Phase, Rollout, Station, Turn } from './rollout.ts';

export function entered(rollout: Rollout, phase: Phase, now: Date): Rollout {
  const station: Station = {
    phase: phase.name,
    ...(phase.name === 'step' ? { index: phase.index } : {}),
    at: now.toISOString(),
    ...trialsOf(rollout.evidence?.candidate.counted),
  };
  return { ...rollout, phase, history: [...rollout.history, station] };
}

export function turnOf(rollout: Rollout, effects: readonly Effect[]): Turn {
  return { rollout, arms: armsOf(rollout), effects };
}

export function record(rollout: Rollout, what: string, now: Date, deed: EffectDeed, by = 'slipway'): Effect {
  return { key: `${rollout.id}/${what}`, at: now.toISOString(), by, subject: rollout.candidate, ...deed };
}

/** GitHub cuts a deployment status's description at 140 characters. */
const DESCRIPTION_LENGTH = 140;

export function deployment(
  rollout: Rollout,
  state: 'in_progress' | 'success' | 'failure' | 'inactive',
  description: string,
): EffectDeed {
  const cut =
    description.length > DESCRIPTION_LENGTH ? `${description.slice(0, DESCRIPTION_LENGTH - 1)}…` : description;
  return { kind: 'deployment', deployment: rollout.id, state, description: cut };
}
