/**
 * How many public replicas a fleet needs: one pure function over a window of what was under way, after Knative's pod autoscaler
 * (https://knative.dev/docs/serving/autoscaling/kpa-specific/).
 *
 * Glossary: a *load* is the work under way, in replicas: the sum over models of requests in flight by the model's `replicas.target`, so that
 * models that share a process share its room. The *stable* window says what is needed in the long run, the *panic* window what is needed now. A
 * panic is a need of twice what there is: it is met at once, and nothing is let go while its window lasts. Else more are started as soon as the stable
 * window asks for them, and one at a time let go, after nobody has needed it for a stable window.
 */
export interface Load {
  readonly atMs: number;
  /** Mean over the time since the load before. */
  readonly replicas: number;
}

export interface Bounds {
  readonly min: number;
  readonly max: number;
}

export interface ScaleTimes {
  readonly stableMs: number;
  readonly panicMs: number;
  /** Between one replica that is let go and the next. */
  readonly downEveryMs: number;
}

/** Knative's own windows; one replica every 10 s empties 8 of them in a minute and a bit, and a wave that comes back finds most of them. */
export const SCALE_TIMES: ScaleTimes = { stableMs: 60_000, panicMs: 6_000, downEveryMs: 10_000 };

export interface Scale {
  readonly replicas: number;
  /** When one was let go last. */
  readonly downAtMs: number;
  /** Until then nothing is let go. */
  readonly panicUntilMs: number;
}

const PANIC_RATIO = 2;
/** A mean a hair above a whole number is that number: rounding must not start a process. */
const SLACK = 0.02;

/** What should be from now on. `loads`: oldest first, at least of the stable window. */
export function nextScale(
  before: Scale,
  loads: readonly Load[],
  bounds: Bounds,
  nowMs: number,
  times: ScaleTimes = SCALE_TIMES,
): Scale {
  const { min, max } = bounds;
  const current = Math.min(max, Math.max(min, before.replicas));
  const stable = neededFor(loads, nowMs - times.stableMs);
  const panic = neededFor(loads, nowMs - times.panicMs);
  const panicUntilMs = panic >= PANIC_RATIO * current ? nowMs + times.stableMs : before.panicUntilMs;
  const needed = Math.min(max, nowMs < panicUntilMs ? Math.max(stable, panic) : stable);
  if (needed > current) return { ...before, replicas: needed, panicUntilMs };
  const isQuiet = nowMs >= panicUntilMs && nowMs - before.downAtMs >= times.downEveryMs;
  const idle = Math.max(min, stable, panic) < current && loads.length > 0 && isCovered(loads, nowMs - times.stableMs);
  if (isQuiet && idle) return { replicas: current - 1, downAtMs: nowMs, panicUntilMs };
  return { ...before, replicas: current, panicUntilMs };
}

/** Whether the window is known from its beginning: a fleet that has just started knows too little to let go. */
function isCovered([first]: readonly Load[], fromMs: number): boolean {
  return first !== undefined && first.atMs <= fromMs;
}

function neededFor(loads: readonly Load[], fromMs: number): number {
  const within = loads.filter(({ atMs }) => atMs > fromMs);
  if (within.length === 0) return 0;
  const mean = within.reduce((sum, { replicas }) => sum + replicas, 0) / within.length;
  return Math.ceil(mean - SLACK);
}
