import type { Action, Applied, ArtifactSource, FleetDriver, ObservedFleet } from './fleet.ts';
import { type DesiredFleet, plan } from './plan.ts';

export interface Reconciled {
  /** The last look: nothing was left to do then, unless `refusals` or `isLeft` say so. */
  readonly observed: ObservedFleet;
  readonly applied: readonly Action[];
  readonly refusals: readonly { readonly action: Action; readonly reason: string }[];
  /** Whether something was left to do when the passes ran out. */
  readonly isLeft: boolean;
}

/** Enough for files, arms and lease, and for losing a race or two; more means that two writers undo each other. */
const PASSES = 8;

/**
 * Observe, plan, apply, look again, until nothing differs. What should be is asked anew at every look, because it may depend on
 * what was found: after a conflict (somebody else was first) the next look shows their state, and the wish is made from that.
 * A refusal ends the model's turn. Throws when the fleet cannot be reached.
 */
export async function reconcile(
  driver: FleetDriver,
  desire: (observed: ObservedFleet) => DesiredFleet | Promise<DesiredFleet>,
  source: ArtifactSource,
  signal: AbortSignal,
): Promise<Reconciled> {
  const applied: Action[] = [];
  const refusals: { readonly action: Action; readonly reason: string }[] = [];
  let observed = await driver.observe(signal);
  for (let pass = 0; pass < PASSES; pass++) {
    signal.throwIfAborted();
    const refusedModels = new Set(refusals.map(({ action }) => modelOf(action)));
    const actions = plan(await desire(observed), observed).filter((action) => !refusedModels.has(modelOf(action)));
    if (actions.length === 0) return { observed, applied, refusals, isLeft: false };
    for (const action of actions) {
      const outcome: Applied = await driver.apply(action, source, signal);
      if (outcome.kind === 'applied') applied.push(action);
      if (outcome.kind === 'refused') refusals.push({ action, reason: outcome.reason });
      if (outcome.kind !== 'applied') break;
    }
    observed = await driver.observe(signal);
  }
  return { observed, applied, refusals, isLeft: true };
}

/** Files belong to no model: refusing one shows in the revision that needs it. */
function modelOf(action: Action): string | undefined {
  switch (action.kind) {
    case 'put-artifact':
      return `artifact ${action.sha256}`;
    case 'put-revision':
      return action.target.model;
    case 'put-model':
    case 'renew-lease':
    case 'retire-model':
      return action.model;
  }
}
