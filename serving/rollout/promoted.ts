import { deployment, entered, record, turnOf } from './entered.ts';
import type { Rollout, Turn } from './rollout.ts';
import { decidingNumbers } from './tell.ts';

/** Straight to all shares, past the steps that are left: /promote. */
export function promoted(rollout: Rollout, why: { readonly by: string; readonly because: string }, now: Date): Turn {
  const promoting = entered(rollout, { name: 'promoting', since: now.toISOString() }, now);
  return turnOf(promoting, [
    record(
      promoting,
      'promoting',
      now,
      { kind: 'record', event: 'rollout-step', because: why.because, data: { step: 'promote', weight: 100 } },
      why.by,
    ),
    record(
      promoting,
      'deployment/promoting',
      now,
      deployment(promoting, 'in_progress', `all requests go to version ${rollout.candidate.version}`),
    ),
  ]);
}

export function turned(rollout: Rollout, now: Date): Turn {
  const { candidate, stable } = rollout;
  const baking = entered(rollout, { name: 'baking', since: now.toISOString() }, now);
  return turnOf(baking, [
    record(baking, 'promoted', now, {
      kind: 'record',
      event: 'promoted',
      data: { from: stable?.version ?? null, fromRevision: stable?.revision ?? null, ...decidingNumbers(baking) },
    }),
    ...(rollout.bakeMs > 0
      ? [
          record(
            baking,
            'deployment/baking',
            now,
            deployment(baking, 'in_progress', `version ${candidate.version} serves everything and is watched`),
          ),
        ]
      : []),
  ]);
}

export function finished(rollout: Rollout, now: Date): Turn {
  const done = entered(rollout, { name: 'done', since: now.toISOString() }, now);
  return turnOf(done, [
    record(
      done,
      'deployment/done',
      now,
      deployment(done, 'success', `version ${rollout.candidate.version} serves every request`),
    ),
  ]);
}
