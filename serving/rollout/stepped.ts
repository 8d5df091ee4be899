import { deployment, entered, record, turnOf } from './entered.ts';
import { requestsOf } from './missing.ts';
import type { Pause, Rollout, Turn } from './rollout.ts';

export function stepped(rollout: Rollout, index: number, now: Date): Turn {
  const at = now.toISOString();
  const step = rollout.plan.steps[index];
  const running = entered(rollout, { name: 'step', index, since: at, requestsBefore: requestsOf(rollout) }, now);
  if (step === undefined) return turnOf(running, []);
  if (step.kind === 'pause')
    return paused(running, { kind: 'step', because: 'the manifest asks for somebody to say /resume here' }, now);
  const share = step.kind === 'weight' ? `${step.weight} % of requests` : 'a copy of every request';
  return turnOf(running, [
    record(running, `step/${index}`, now, {
      kind: 'record',
      event: 'rollout-step',
      data: { step: index, kind: step.kind, weight: step.kind === 'weight' ? step.weight : 0 },
    }),
    record(
      running,
      `deployment/step/${index}`,
      now,
      deployment(running, 'in_progress', `${share} to version ${rollout.candidate.version}`),
    ),
  ]);
}

export function paused(rollout: Rollout, pause: Pause, now: Date): Turn {
  const { phase } = rollout;
  const at = now.toISOString();
  const goesOn = phase.name === 'paused' ? phase.goesOn : phase;
  if (goesOn.name !== 'step' && goesOn.name !== 'queued' && goesOn.name !== 'preparing') return turnOf(rollout, []);
  const since = phase.name === 'paused' ? phase.since : at;
  const stopped = entered(rollout, { name: 'paused', since, pause, goesOn }, now);
  const by = pause.kind === 'wish' ? pause.by : 'slipway';
  return turnOf(stopped, [
    record(
      stopped,
      `paused/${at}`,
      now,
      { kind: 'record', event: 'rollout-paused', because: pause.because, data: { kind: pause.kind } },
      by,
    ),
    record(stopped, `deployment/paused/${at}`, now, deployment(stopped, 'in_progress', `paused: ${pause.because}`)),
  ]);
}

/** Where it was stopped, the clock running on from there. `past`: the step it stood at is taken for passed. */
export function resumed(rollout: Rollout, why: { readonly by: string; readonly past: boolean }, now: Date): Turn {
  const { phase } = rollout;
  if (phase.name !== 'paused') return turnOf(rollout, []);
  const stoodMs = now.getTime() - Date.parse(phase.since);
  const goesOn = { ...phase.goesOn, since: new Date(Date.parse(phase.goesOn.since) + stoodMs).toISOString() };
  const running = entered(rollout, goesOn, now);
  const effect = record(
    rollout,
    `resumed/${phase.since}`,
    now,
    { kind: 'record', event: 'rollout-resumed', because: phase.pause.because },
    why.by,
  );
  if (!why.past || goesOn.name !== 'step') return turnOf(running, [effect]);
  const turn = stepped(running, goesOn.index + 1, now);
  return { ...turn, effects: [effect, ...turn.effects] };
}
