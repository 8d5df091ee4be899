import { deployment, record, turnOf } from './entered.ts';
import type { Rollout, Turn } from './rollout.ts';

export function beginRollout(
  start: Pick<Rollout, 'candidate' | 'stable' | 'plan' | 'bakeMs'> & { readonly by?: string },
  now: Date,
): Turn {
  const { by = 'slipway', ...rest } = start;
  const at = now.toISOString();
  const rollout: Rollout = {
    ...rest,
    id: `${start.candidate.model}/${start.candidate.revision.slice('sha256:'.length).slice(0, 12)}/${at}`,
    startedAt: at,
    phase: { name: 'queued', since: at },
    history: [{ phase: 'queued', at, requests: 0, errors: 0 }],
  };
  const to = `version ${start.candidate.version}`;
  return turnOf(rollout, [
    record(
      rollout,
      'started',
      now,
      {
        kind: 'record',
        event: 'rollout-started',
        data: { from: start.stable?.version ?? null, to: start.candidate.version, strategy: start.plan.strategy },
      },
      by,
    ),
    record(
      rollout,
      'deployment',
      now,
      deployment(
        rollout,
        'in_progress',
        start.stable === undefined
          ? `${to}, the first, is prepared`
          : `${to} is prepared beside ${start.stable.version}`,
      ),
    ),
  ]);
}
