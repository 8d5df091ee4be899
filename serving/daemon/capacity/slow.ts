/**
 * Which models run so long that they hold up the callers of others: a run holds the event loop of its process, so beside runs of a tenth of a second nobody is
 * answered in a millisecond. Pure; called once a second.
 *
 * Glossary: a model is *slow* when its median run takes at least `slowRunMs`, and less than a quarter of that is enough for another model that is awake. A slow
 * model runs *apart*: in processes of its own, which public replicas ask. It stays there until it has been quick, or has had no quicker neighbour, for `leaveMs`: a
 * move costs loading, so the way back asks for twice as much, and a neighbour that rests counts as well, since it may wake at any time. What is not known (after
 * a restart nobody has run yet) moves nothing.
 */
export interface RunView {
  readonly model: string;
  readonly isAwake: boolean;
  readonly isApart: boolean;
  /** The median of its last runs; undefined: too few yet. */
  readonly runMs: number | undefined;
}

export interface SlowTimes {
  /** Infinity: no model is slow. */
  readonly slowRunMs: number;
  /** For how long there must have been a reason to move it, and to move it back. */
  readonly enterMs: number;
  readonly leaveMs: number;
}

/** What is to be remembered from one look to the next: since when each of these models is where it should not be. */
export type Misplaced = ReadonlyMap<string, number>;

/** A run of a quarter as long is answered in half the time when it need not wait for the rest of a long one. */
const QUICKER = 4;
const HYSTERESIS = 2;

/** Names of the models that move now, apart or back, and what to remember. */
export function movesOf(
  before: Misplaced,
  views: readonly RunView[],
  nowMs: number,
  times: SlowTimes,
): { readonly misplaced: Misplaced; readonly moves: readonly string[] } {
  const misplaced = new Map<string, number>();
  const moves: string[] = [];
  for (const view of views) {
    const others = views.filter((other) => other !== view);
    const shouldBeApart = view.isApart ? stays(view, others, times) : enters(view, others, times);
    if (shouldBeApart === view.isApart) continue;
    const sinceMs = before.get(view.model) ?? nowMs;
    if (nowMs - sinceMs >= (shouldBeApart ? times.enterMs : times.leaveMs)) moves.push(view.model);
    else misplaced.set(view.model, sinceMs);
  }
  return { misplaced, moves };
}

function enters({ runMs }: RunView, others: readonly RunView[], { slowRunMs }: SlowTimes): boolean {
  return (
    runMs !== undefined &&
    runMs >= slowRunMs &&
    others.some((other) => other.isAwake && other.runMs !== undefined && other.runMs <= runMs / QUICKER)
  );
}

function stays({ runMs }: RunView, others: readonly RunView[], { slowRunMs }: SlowTimes): boolean {
  if (others.length === 0 || slowRunMs === Infinity) return false;
  if (runMs === undefined) return true;
  const isLong = runMs >= slowRunMs / HYSTERESIS;
  return isLong && others.some((other) => other.runMs === undefined || other.runMs <= (runMs * HYSTERESIS) / QUICKER);
}
