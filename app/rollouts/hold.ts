import type { Deed, Deployed, HeldFacts, ModelState } from './model-state.ts';

/** Git and the fleet agree again, or somebody said so: the fleet follows git from here on. */
export function holdEnded(
  state: ModelState,
  why: { readonly by: string; readonly because: string },
  now: Date,
): ModelState {
  const { hold, stable, ...rest } = state;
  if (hold === undefined || stable === undefined) return state;
  const deed: Deed = {
    key: `${stable.model}/${hold.since}/hold-ended`,
    at: now.toISOString(),
    by: why.by,
    subject: subjectOf(stable),
    kind: 'record',
    event: 'hold-ended',
    because: why.because,
  };
  return { ...rest, stable, outbox: [...state.outbox, deed, ...withdrawal(stable, hold, why.because, now)] };
}

/** A revert that nobody needs any more is closed, with the reason. */
function withdrawal(stable: Deployed, { since, revert }: HeldFacts, because: string, now: Date): readonly Deed[] {
  if (revert?.state !== 'open') return [];
  return [
    {
      key: `${stable.model}/${since}/withdraw-revert`,
      at: now.toISOString(),
      by: 'slipway',
      subject: subjectOf(stable),
      kind: 'withdraw-revert',
      pullRequest: revert.number,
      text: `Closed, because the hold on **${stable.model}** has ended: ${because}.`,
    },
  ];
}

/** A deployed revision as an effect names it. */
export function subjectOf({ model, revision, version, commit, pullRequest }: Deployed) {
  return {
    model,
    revision,
    version,
    ...(commit === undefined ? {} : { commit }),
    ...(pullRequest === undefined ? {} : { pullRequest }),
  };
}
