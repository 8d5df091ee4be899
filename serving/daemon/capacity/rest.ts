/**
 * Which models rest: known, proven, but loaded by no public replica until somebody asks. One rule for two reasons: a model with `replicas.min: 0`
 * rests when nobody has asked for it for a while, and any model rests when those that were asked for more recently fill the room.
 *
 * Never: a model in the middle of a rollout, and one that somebody waits for, unless those who have waited longer fill the room.
 */
export interface ModelUse {
  readonly model: string;
  /** Arms by lease or in the shadow: both sides of a comparison stay loaded. */
  readonly comparing: boolean;
  /** `replicas.min: 0`: it may rest though there is room. */
  readonly mayRest: boolean;
  /** Estimated, of what the public replicas would load of it. */
  readonly sizeBytes: number;
  /** Of the last request; 0: none since the daemon started. */
  readonly usedAtMs: number;
  /** Since when a request waits for it to be loaded; undefined: none does. */
  readonly waitingSinceMs: number | undefined;
  /** Whether requests of it are queued or under way. */
  readonly busy: boolean;
}

export interface Room {
  readonly models: number;
  readonly bytes: number;
  /** How long a model that may rest stays loaded after its last request. */
  readonly idleMs: number;
}

/** Names of the models that rest. */
export function restingOf(uses: readonly ModelUse[], room: Room, nowMs: number): ReadonlySet<string> {
  const resting = new Set<string>();
  let models = 0;
  let bytes = 0;
  for (const use of uses.toSorted(byNeed)) {
    const isIdle = use.mayRest && rankOf(use) === RANKS.recent && nowMs - use.usedAtMs >= room.idleMs;
    const fits = models + 1 <= room.models && bytes + use.sizeBytes <= room.bytes;
    // One model that is larger than all the room there is has to be answered all the same, and not loaded anew for each request.
    const isAlone = models === 0 && (rankOf(use) !== RANKS.recent || use.usedAtMs > 0);
    if (use.comparing || (!isIdle && (fits || isAlone))) {
      models += 1;
      bytes += use.sizeBytes;
    } else resting.add(use.model);
  }
  return resting;
}

const RANKS = { comparing: 0, busy: 1, waiting: 2, recent: 3 } as const;

function rankOf({ comparing, busy, waitingSinceMs }: ModelUse): number {
  if (comparing) return RANKS.comparing;
  if (busy) return RANKS.busy;
  return waitingSinceMs === undefined ? RANKS.recent : RANKS.waiting;
}

/** Who waits longest comes first, then who was asked last. */
function byNeed(a: ModelUse, b: ModelUse): number {
  return (
    rankOf(a) - rankOf(b) ||
    (a.waitingSinceMs ?? 0) - (b.waitingSinceMs ?? 0) ||
    b.usedAtMs - a.usedAtMs ||
    (a.model < b.model ? -1 : 1)
  );
}
