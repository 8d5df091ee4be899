import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RolloutPlan } from '../../checks/manifest/manifest.ts';
import type { ArmStats } from '../fleet.ts';
import { asked, type Request } from './asked.ts';
import { beginRollout } from './begin-rollout.ts';
import { requestsOf } from './missing.ts';
import { next } from './next.ts';
import { isOver, type RolloutEvidence, type Turn } from './rollout.ts';

const stable = { model: 'income', version: '1', revision: `sha256:${'1'.repeat(64)}` };
const candidate = { model: 'income', version: '2', revision: `sha256:${'2'.repeat(64)}` };

interface Move {
  readonly afterMs: number;
  readonly requests: number;
  readonly errors: number;
  readonly state: 'loading' | 'ready' | 'failed';
  readonly isFrozen: boolean;
  readonly hasTurned: boolean;
  readonly request?: Request;
}

const steps: fc.Arbitrary<RolloutPlan['steps']> = fc
  .array(
    fc.oneof(
      fc.record({
        kind: fc.constant('weight' as const),
        weight: fc.integer({ min: 1, max: 99 }),
        forMs: fc.integer({ min: 0, max: 600_000 }),
      }),
      fc.record({ kind: fc.constant('pause' as const) }),
      fc.record({ kind: fc.constant('shadow' as const), forMs: fc.integer({ min: 0, max: 600_000 }) }),
    ),
    { maxLength: 4 },
  )
  .map((found) => {
    const weights = found.flatMap((step) => (step.kind === 'weight' ? [step.weight] : [])).toSorted((a, b) => a - b);
    return found.map((step) => (step.kind === 'weight' ? { ...step, weight: weights.shift() ?? 1 } : step));
  });

const plans: fc.Arbitrary<RolloutPlan> = fc.record({
  strategy: fc.constantFrom('canary' as const, 'blue-green' as const, 'ab-test' as const, 'shadow' as const),
  steps,
  analysis: fc.constant({ errors: 0.01, latency: 1.2, disagreement: 0.2 }),
  minimum: fc.integer({ min: 1, max: 300 }),
  onInsufficient: fc.constantFrom('hold' as const, 'promote' as const, 'abort' as const),
  onFail: fc.constantFrom('abort' as const, 'hold' as const),
  keepWarmMs: fc.constant(60_000),
});

const requests: fc.Arbitrary<Request> = fc.oneof(
  fc.record({ kind: fc.constantFrom('pause' as const, 'resume' as const, 'abort' as const), by: fc.constant('ana') }),
  fc.record({ kind: fc.constant('promote' as const), by: fc.constant('ana'), force: fc.boolean() }),
);

const moves: fc.Arbitrary<Move> = fc
  .record({
    afterMs: fc.integer({ min: 0, max: 900_000 }),
    requests: fc.integer({ min: 0, max: 1500 }),
    errorShare: fc.constantFrom(0, 0, 0, 0.001, 0.3),
    state: fc.constantFrom('ready' as const, 'ready' as const, 'ready' as const, 'loading' as const, 'failed' as const),
    isFrozen: fc.constantFrom(false, false, false, true),
    hasTurned: fc.boolean(),
    request: fc.option(requests, { freq: 6, nil: undefined }),
  })
  .map(({ errorShare, request, ...move }) => ({
    ...move,
    errors: Math.round(move.requests * errorShare),
    ...(request === undefined ? {} : { request }),
  }));

/** Plays the moves; every turn is handed to `look`, with the evidence that it saw. */
function play(plan: RolloutPlan, list: readonly Move[], look: (turn: Turn, before: Turn, move: Move) => void): Turn {
  let now = new Date('2026-11-21T10:00:00Z');
  let turn = beginRollout({ candidate, stable, plan, bakeMs: 60_000 }, now);
  const counted = { requests: 0, errors: 0, copies: 0, flips: 0 };
  for (const move of list) {
    now = new Date(now.getTime() + move.afterMs);
    const share = turn.arms.find(({ revision }) => revision === candidate.revision)?.weight ?? 0;
    if (share > 0) {
      counted.requests += move.requests;
      counted.errors += move.errors;
    }
    if (turn.arms.some(({ shadow }) => shadow === true)) {
      counted.copies += move.requests;
      counted.flips += move.errors;
    }
    const evidence = evidenceOf(move, share, counted);
    const before = turn;
    const answer = move.request === undefined ? undefined : asked(turn.rollout, move.request, evidence, now);
    turn = answer?.kind === 'turned' ? answer.turn : next(turn.rollout, evidence, now);
    look(turn, before, move);
  }
  return turn;
}

function evidenceOf(
  move: Move,
  share: number,
  counted: { readonly requests: number; readonly errors: number; readonly copies: number; readonly flips: number },
): RolloutEvidence {
  const histogram = { bounds: [1], counts: [0, 0], sum: 0, count: 0 };
  const arm = (revision: string, requests: number, errors: number) => ({
    revision,
    processes: [revision],
    requests,
    errors,
    unservable: 0,
    latencyMs: histogram,
    computeMs: histogram,
    computeByRows: [],
    score: { count: 0, sum: 0, sumOfSquares: 0 },
  });
  return {
    candidate: move.state === 'failed' ? { kind: 'failed', reason: 'it ended' } : { kind: move.state },
    stable: { kind: 'ready' },
    candidateWeight: move.hasTurned ? share : 0,
    stats: {
      model: 'income',
      generation: 1,
      arms: [
        { ...arm(candidate.revision, counted.requests, counted.errors), ...shadowOf(counted) },
        arm(stable.revision, (counted.requests + counted.copies) * 10, 0),
      ],
    },
    ...(move.isFrozen ? { frozen: { because: 'frozen' } } : {}),
  };
}

function shadowOf({ copies, flips }: { readonly copies: number; readonly flips: number }): Pick<ArmStats, 'shadow'> {
  if (copies === 0) return {};
  const distance = { count: copies, sum: 0, sumOfSquares: 0 };
  return { shadow: { requests: copies, errors: 0, skipped: 0, rows: copies, decided: copies, flips, distance } };
}

const lives = fc.array(moves, { minLength: 1, maxLength: 25 });

describe('whatever happens to a rollout', () => {
  it('its shares add up to 100, and the first arm can always take what a lapsed lease gives up', () => {
    fc.assert(
      fc.property(plans, lives, (plan, list) => {
        play(plan, list, ({ arms }) => {
          expect(arms.reduce((sum, { weight }) => sum + weight, 0)).toBe(100);
          expect(arms[0]?.leased).not.toBe(true);
        });
      }),
    );
  });

  it('an unproven candidate has its share on lease, and it only grows until it is taken away', () => {
    fc.assert(
      fc.property(plans, lives, (plan, list) => {
        const shareIn = (turn: Turn) => turn.arms.find(({ revision }) => revision === candidate.revision);
        play(plan, list, (turn, before) => {
          const share = shareIn(turn);
          const isProven = share === undefined || share.weight === 0 || share.weight === 100;
          const isTaken = ['aborting', 'aborted', 'superseded'].includes(turn.rollout.phase.name);
          const hasGrown = (share?.weight ?? 0) >= (shareIn(before)?.weight ?? 0);
          expect([isProven || share.leased, isTaken || hasGrown]).toEqual([true, true]);
        });
      }),
    );
  });

  it('nothing is promoted without being shown not to be worse, unless somebody forces it, the manifest says so, or there is no step to show it in', () => {
    fc.assert(
      fc.property(plans, lives, (plan, list) => {
        play(plan, list, ({ rollout }, before) => {
          const isPromotion = rollout.phase.name === 'promoting' && before.rollout.phase.name !== 'promoting';
          if (!isPromotion || plan.strategy !== 'canary' || plan.steps.length === 0) return;
          const isShown = plan.onInsufficient === 'promote' || rollout.analysis?.nonInferior === true;
          const hasTraffic = requestsOf(rollout) > 0;
          expect(rollout.forced === true || (isShown && hasTraffic)).toBe(true);
        });
      }),
      { numRuns: 400 },
    );
  });

  it('its candidate has either callers or copies of their requests, and copies on lease alone', () => {
    fc.assert(
      fc.property(plans, lives, (plan, list) => {
        play(plan, list, ({ arms }) => {
          const shadows = arms.filter(({ shadow }) => shadow === true);
          expect(
            shadows.every(
              ({ weight, leased, revision }) => weight === 0 && leased === true && revision === candidate.revision,
            ),
          ).toBe(true);
        });
      }),
    );
  });

  it('every effect has a key of its own, and an end stays an end', () => {
    fc.assert(
      fc.property(plans, lives, (plan, list) => {
        const keys: string[] = [];
        play(plan, list, (turn, before) => {
          keys.push(...turn.effects.map(({ key }) => key));
          expect(isOver(before.rollout) ? turn.rollout : before.rollout).toEqual(before.rollout);
        });
        expect(new Set(keys).size).toBe(keys.length);
      }),
    );
  });

  it('a turn that is lost with its process is the same turn when it is made again', () => {
    fc.assert(
      fc.property(plans, lives, (plan, list) => {
        play(plan, list, (turn) => {
          const kept = JSON.parse(JSON.stringify(turn.rollout));
          expect(kept).toEqual(turn.rollout);
        });
      }),
      { numRuns: 30 },
    );
  });
});
