import { isDeepStrictEqual } from 'node:util';
import type { Action, ModelTarget, ObservedFleet, ObservedModel, RevisionTarget } from './fleet.ts';

/** What a fleet should be. Models that it runs and that are not named here are left alone. */
export interface DesiredFleet {
  readonly models: readonly DesiredModel[];
  /** Models to take down, once git no longer has them and the policy allows it. */
  readonly retired?: readonly string[];
}

export interface DesiredModel {
  readonly model: string;
  readonly target: ModelTarget;
  /** Every revision that the target's arms name and the fleet may not know yet. */
  readonly revisions: readonly PlannedRevision[];
}

export interface PlannedRevision {
  readonly target: RevisionTarget;
  /** `sha256` hex of each file -> its size; 0 where it is not known before fetching. */
  readonly sizes: Readonly<Record<string, number>>;
}

/** How long a candidate keeps its share without the control plane. */
export const LEASE_SECONDS = 120;
/** Renewed when a third is gone: a control plane that stumbles for a minute costs the candidate nothing. */
const RENEWED_BELOW_SECONDS = 80;

/**
 * The actions that lead from observed to desired, in the order in which they must be applied: files before the revision that
 * needs them, revisions before the arms that name them, arms before the lease. The only place that decides; nothing to do is
 * the empty list. Pure: its clock is the observation's own `at`.
 */
export function plan(desired: DesiredFleet, observed: ObservedFleet): readonly Action[] {
  const now = Date.parse(observed.at);
  return [
    ...desired.models.flatMap((model) => {
      const found = observed.models.find((each) => each.model === model.model);
      return [...revisionActions(model, found), ...targetActions(model, found), ...leaseActions(model, found, now)];
    }),
    ...(desired.retired ?? []).flatMap((model): readonly Action[] => {
      const found = observed.models.find((each) => each.model === model);
      return found === undefined ? [] : [{ kind: 'retire-model', model, generation: found.generation }];
    }),
  ];
}

function revisionActions(
  { model, target, revisions }: DesiredModel,
  found: ObservedModel | undefined,
): readonly Action[] {
  // One that failed is told again, which has it tried again, when a new rollout (whose salt is another) names it.
  const isRetried = found !== undefined && found.salt !== target.salt;
  const stands = ({ revision, state }: ObservedModel['revisions'][number]) =>
    state !== 'failed' || (!isRetried && found?.arms.some((arm) => arm.revision === revision) === true);
  const known = new Set(found?.revisions.filter(stands).map(({ revision }) => revision));
  return target.arms
    .filter(({ revision }) => !known.has(revision))
    .flatMap(({ revision }): readonly Action[] => {
      const planned = revisions.find((each) => each.target.revision === revision);
      if (planned === undefined)
        throw new Error(`plan: an arm of ${model} names ${revision}, and nobody knows its files`);
      const digests = [...new Set(Object.values(planned.target.files))];
      return [
        ...digests.map((sha256) => ({ kind: 'put-artifact', sha256, sizeBytes: planned.sizes[sha256] ?? 0 }) as const),
        { kind: 'put-revision', target: planned.target },
      ];
    });
}

function targetActions({ model, target }: DesiredModel, found: ObservedModel | undefined): readonly Action[] {
  if (found !== undefined && isDeepStrictEqual(plain(targetOf(found)), plain(target))) return [];
  return [{ kind: 'put-model', model, generation: found?.generation ?? 0, target }];
}

/** The lease belongs to a generation: it is renewed once the arms that need it are there. */
function leaseActions(
  { model, target }: DesiredModel,
  found: ObservedModel | undefined,
  now: number,
): readonly Action[] {
  const isNeeded = target.arms.some(({ leased, weight, shadow }) => leased === true && (weight > 0 || shadow === true));
  if (!isNeeded || found === undefined || !isDeepStrictEqual(plain(found.arms), plain(target.arms))) return [];
  const leftMs = found.leaseUntil === undefined ? 0 : Date.parse(found.leaseUntil) - now;
  if (leftMs >= RENEWED_BELOW_SECONDS * 1000) return [];
  return [{ kind: 'renew-lease', model, generation: found.generation, seconds: LEASE_SECONDS }];
}

/** What a fleet was told to do, without what it found. */
export function targetOf({
  arms,
  sticky,
  salt,
  replicas,
  cacheBytes,
  retentionMs,
  held,
  state,
}: ModelTarget): ModelTarget {
  return {
    arms,
    ...(sticky === undefined ? {} : { sticky }),
    salt,
    replicas,
    ...(cacheBytes === undefined ? {} : { cacheBytes }),
    ...(retentionMs === undefined ? {} : { retentionMs }),
    ...(held === undefined ? {} : { held }),
    ...(state === undefined ? {} : { state }),
  };
}

/** As it looks after a journey through JSON, where absent and undefined are one. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
