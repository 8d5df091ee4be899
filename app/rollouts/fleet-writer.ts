import { isDeepStrictEqual } from 'node:util';
import type { Policy } from '../../checks/manifest/policy.ts';
import type { Action, FleetDriver, ObservedFleet } from '../../serving/fleet.ts';
import { type DesiredFleet, plan, type PlannedRevision, targetOf } from '../../serving/plan.ts';
import { type Reconciled, reconcile } from '../../serving/reconcile.ts';
import { type ModelState, stateOf, targetOfState } from './model-state.ts';
import type { RevisionSource } from './revision-source.ts';

/** Writes a model's state to the fleet, always as a compare-and-set against what was seen. */
export interface FleetWriter {
  /** What the fleet should be for this state: its arms, and every revision of them that the fleet does not know, from git. */
  desired(
    model: string,
    state: ModelState,
    seen: ObservedFleet,
    policy: Policy,
    signal: AbortSignal,
  ): Promise<DesiredFleet>;
  /** Observe, plan, apply, until nothing differs from what `desire` makes of what is found. Throws what the fleet refuses. */
  reconcile(
    model: string,
    desire: (seen: ObservedFleet) => Promise<DesiredFleet>,
    signal: AbortSignal,
  ): Promise<Reconciled>;
  /** One attempt at this state, against what was seen: for a wish that must turn the fleet at once. */
  turn(
    model: string,
    state: ModelState,
    seen: ObservedFleet,
    policy: Policy,
    signal: AbortSignal,
  ): Promise<'turned' | 'conflict'>;
  /** Changes the kept state alone, from whatever it is by then. */
  rewrite(model: string, change: (state: ModelState) => ModelState, signal: AbortSignal): Promise<void>;
  /** `after`, or `before` where only evidence differs and was kept a moment ago. */
  worthKeeping(model: string, before: ModelState | undefined, after: ModelState): ModelState;
}

/** Evidence alone is kept this often: what is counted in between is counted again from the fleet's cumulative counters. */
const EVIDENCE_KEPT_MS = 10_000;
/** Lost races in a row after which something else is wrong. */
const ATTEMPTS = 12;

export function createFleetWriter(parts: {
  readonly fleet: FleetDriver;
  readonly revisions: RevisionSource;
  readonly clock: () => Date;
}): FleetWriter {
  const { fleet, revisions, clock } = parts;
  const keptAt = new Map<string, number>();

  const desired: FleetWriter['desired'] = async (model, state, seen, policy, signal) => ({
    models: [
      { model, target: targetOfState(state), revisions: await unknownRevisions(model, state, seen, policy, signal) },
    ],
  });

  return {
    desired,

    async reconcile(model, desire, signal) {
      const result = await reconcile(fleet, desire, revisions.source, signal);
      if (result.applied.some(({ kind }) => kind === 'put-model')) keptAt.set(model, clock().getTime());
      const [refusal] = result.refusals;
      if (refusal !== undefined) throw refused(model, refusal.action, refusal.reason);
      return result;
    },

    async turn(model, state, seen, policy, signal) {
      for (const action of plan(await desired(model, state, seen, policy, signal), seen)) {
        const outcome = await fleet.apply(action, revisions.source, signal);
        if (outcome.kind === 'conflict') return 'conflict';
        if (outcome.kind === 'refused') throw refused(model, action, outcome.reason);
      }
      keptAt.set(model, clock().getTime());
      return 'turned';
    },

    async rewrite(model, change, signal) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const observed = (await fleet.observe(signal)).models.find((each) => each.model === model);
        const state = stateOf(observed);
        if (observed === undefined || state === undefined) return;
        const target = { ...targetOf(observed), state: change(state) };
        const { generation } = observed;
        const outcome = await fleet.apply({ kind: 'put-model', model, generation, target }, revisions.source, signal);
        if (outcome.kind === 'applied') return;
        if (outcome.kind === 'refused') throw new Error(`the fleet refuses the state of ${model}: ${outcome.reason}`);
      }
      throw new Error(`the state of ${model} changed ${ATTEMPTS} times while it was to be written; two writers fight`);
    },

    worthKeeping(model, before, after) {
      if (before?.rollout === undefined || after.rollout === undefined) return after;
      if (!isDeepStrictEqual(withoutEvidence(before), withoutEvidence(after))) return after;
      const isRecent = clock().getTime() - (keptAt.get(model) ?? 0) < EVIDENCE_KEPT_MS;
      // The first reading is where counting begins: it has to be kept.
      const hasBegun = before.rollout.evidence !== undefined || after.rollout.evidence === undefined;
      return isRecent && hasBegun ? before : after;
    },
  };

  /** Revisions of the arms that the fleet does not know, or gave up: told from git. */
  async function unknownRevisions(
    model: string,
    state: ModelState,
    seen: ObservedFleet,
    policy: Policy,
    signal: AbortSignal,
  ): Promise<readonly PlannedRevision[]> {
    const there = seen.models.find((each) => each.model === model)?.revisions ?? [];
    const deployments = [state.stable, state.previous, state.arriving].filter((each) => each !== undefined);
    const planned: PlannedRevision[] = [];
    for (const { revision } of targetOfState(state).arms) {
      const found = there.find((each) => each.revision === revision);
      if (found !== undefined && found.state !== 'failed') continue;
      const deployed = deployments.find((each) => each.revision === revision);
      if (deployed?.commit !== undefined) planned.push(await revisions.planned(deployed, policy, signal));
    }
    return planned;
  }
}

function refused(model: string, { kind }: Action, reason: string): Error {
  return new Error(`the fleet refuses ${kind} for ${model}: ${reason}`);
}

function withoutEvidence(state: ModelState): unknown {
  const { rollout, ...rest } = state;
  if (rollout === undefined) return plain(rest);
  const { evidence: _, analysis: __, ...told } = rollout;
  return plain({ ...rest, rollout: told });
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
