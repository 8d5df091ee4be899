import type { RolloutPlan } from '../../checks/manifest/manifest.ts';
import type { Arm, Hold, ModelStats } from '../fleet.ts';
import type { Analysis } from './analysis.ts';
import type { Effect, Subject } from './effect.ts';
import type { ArmEvidence } from './evidence.ts';

/**
 * A rollout: how the fleet gets from the revision it runs (*stable*) to the one that git names (*candidate*).
 *
 *   queued → preparing → step 0 … step n → promoting → baking → done
 *   any of these → aborting → aborted        a step → paused → the same step        any → superseded
 *
 * - **queued** waits for the end of a freeze window; leaves it for *preparing*.
 * - **preparing**: the candidate is loaded at weight 0 and tests itself. Ready leads to step 0, or, where there is no stable arm, no
 *   step, or the strategy is blue-green, to *promoting*. A candidate that cannot be loaded, or not within ten minutes, aborts.
 * - **step i** gives the candidate its share, or, in shadow, copies of what the stable arm answered: then nobody is answered by it, and its
 *   errors, its computing time and how often it decides otherwise are evidence all the same. Harm (an interval that excludes the
 *   tolerance) aborts at once, whatever the clock says (or pauses, with `onFail: hold`). Its time over and `minimum` requests seen, the next step begins. Time over without them is
 *   *insufficient*: `onInsufficient` holds, promotes or aborts; without a single request it always holds. Step n, one past the
 *   last, is where promotion is decided: errors must be shown to stay within the tolerance, and in an ab-test that names a feedback
 *   metric that metric, too.
 * - **paused** keeps the shares and stops the clock: a pause step, a freeze window, insufficient evidence, a stable arm that
 *   fails itself, harm under `onFail: hold`, somebody's /pause, or a decision that is a person's (shadow, and ab-test without a metric). Harm ends it all
 *   the same. Freeze and insufficiency end by themselves, the others by /resume, /promote or /abort.
 * - **promoting**: all shares to the candidate, the stable arm stays loaded at 0. Done when requests really go there.
 * - **baking** watches the candidate alone for the fleet's bake time; harm turns back to the stable arm.
 * - **aborting**: weight 0 first, everything else after. **aborted**, **done**, **superseded** are ends.
 *
 * `next` is pure: all it knows of the world is in `evidence`, all it wants of it in what it returns.
 */
export interface Rollout {
  /** Unique for ever; the GitHub deployment's key, and the beginning of every effect's key. */
  readonly id: string;
  readonly candidate: Subject;
  readonly stable?: Subject;
  readonly plan: RolloutPlan;
  readonly bakeMs: number;
  /** ISO date-time. */
  readonly startedAt: string;
  readonly phase: Phase;
  readonly evidence?: { readonly candidate: ArmEvidence; readonly stable: ArmEvidence };
  /** The last look's judgement. */
  readonly analysis?: Analysis;
  /** Set by /promote --force: no step, no freeze window and no analysis stands in the way any more. */
  readonly forced?: boolean;
  /** Set by /resume after a pause because the stable arm fails: it does not pause for that again. */
  readonly stableFailureKnown?: boolean;
  /** Every phase that was entered, oldest first. */
  readonly history: readonly Station[];
}

export interface Station {
  readonly phase: Phase['name'];
  readonly index?: number;
  readonly at: string;
  /** What the candidate had counted when it was entered. */
  readonly requests: number;
  readonly errors: number;
}

export type Phase =
  | { readonly name: 'queued'; readonly since: string }
  | { readonly name: 'preparing'; readonly since: string }
  | StepPhase
  | { readonly name: 'paused'; readonly since: string; readonly pause: Pause; readonly goesOn: StepPhase | Waiting }
  | { readonly name: 'promoting'; readonly since: string }
  | { readonly name: 'baking'; readonly since: string }
  | { readonly name: 'done'; readonly since: string }
  | { readonly name: 'aborting'; readonly since: string; readonly because: string; readonly by: string }
  | { readonly name: 'aborted'; readonly since: string; readonly because: string; readonly by: string }
  | { readonly name: 'superseded'; readonly since: string; readonly by: string };

export interface StepPhase {
  readonly name: 'step';
  /** Equal to the number of steps: where promotion is decided. */
  readonly index: number;
  /** When its clock began; moved on by pauses and lapsed leases, so that only time with traffic counts. */
  readonly since: string;
  readonly requestsBefore: number;
  /** Lapses of the lease up to here are in `since` already. */
  readonly lapsesCountedTo?: string;
}

export interface Waiting {
  readonly name: 'queued' | 'preparing';
  readonly since: string;
}

export type Pause =
  | { readonly kind: 'step' | 'insufficient' | 'stable-failing' | 'harm' | 'decision'; readonly because: string }
  | { readonly kind: 'freeze'; readonly because: string; readonly until?: string }
  | { readonly kind: 'wish'; readonly because: string; readonly by: string };

/** What one look at the fleet shows of a rollout's two revisions. */
export interface RolloutEvidence {
  readonly candidate: RevisionState;
  readonly stable: RevisionState;
  /** The candidate's share that requests really get now. */
  readonly candidateWeight: number;
  readonly stats?: ModelStats;
  /** When the candidate's lease ends or ended. */
  readonly leaseUntil?: string;
  readonly frozen?: { readonly because: string; readonly until?: string };
}

export type RevisionState =
  | { readonly kind: 'absent' | 'loading' | 'ready' }
  | { readonly kind: 'failed'; readonly reason: string };

export interface Turn {
  readonly rollout: Rollout;
  /** Shares that the fleet should give now; the stable arm first. */
  readonly arms: readonly Arm[];
  readonly effects: readonly Effect[];
  /** Set by an abort: git still names the candidate, and the fleet must not follow. */
  readonly held?: Hold;
}

export function isOver(rollout: Rollout): boolean {
  return ['done', 'aborted', 'superseded'].includes(rollout.phase.name);
}
