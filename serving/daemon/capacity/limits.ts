import { SCALE_TIMES, type ScaleTimes } from './scale.ts';
import type { Machine } from './machine.ts';

/** How far a fleet may spread on its machine. */
export interface Limits {
  /** For the models that public replicas have loaded, over all of them. */
  readonly memoryBudgetBytes: number;
  readonly maxLoaded: number;
  /** How long a model with `replicas.min: 0` stays loaded after its last request. */
  readonly idleMs: number;
  readonly scale: ScaleTimes;
  /** Median run from which a model has processes of its own, where others are quicker; Infinity: it never has. */
  readonly slowRunMs: number;
  /** A replica that is larger is replaced by a fresh one, whatever it began with. */
  readonly replicaBytes: number;
}

/** What of the machine's memory models may take: the rest is for the processes themselves, the log, and a replica that is being replaced. */
const MEMORY_SHARE = 0.6;
/** Knative waits for about a minute and a half before it takes the last one; loading is cheap here, but a model's next batch is often minutes away. */
const IDLE_MS = 300_000;
/** One process is not to take the machine down with it. */
const REPLICA_SHARE = 0.8;

/** Long against the tens of microseconds that a hop costs, and as long as anybody wants to wait for somebody else's run. */
const SLOW_RUN_MS = 20;

type LimitOption =
  | 'memory-budget'
  | 'max-loaded'
  | 'idle-seconds'
  | 'scale-window-seconds'
  | 'slow-run-ms'
  | 'replica-memory';

/** What the options of the daemon's command line say; each may be left out. Throws with the option and what was expected. */
export function limitsOf(
  values: Partial<Readonly<Record<LimitOption, string | undefined>>>,
  { memoryBytes }: Machine,
): Limits {
  const windowMs = millisecondsOf(values['scale-window-seconds'], '--scale-window-seconds') ?? SCALE_TIMES.stableMs;
  const ratio = windowMs / SCALE_TIMES.stableMs;
  return {
    memoryBudgetBytes:
      sizeOf(values['memory-budget'], '--memory-budget', memoryBytes) ?? Math.floor(memoryBytes * MEMORY_SHARE),
    maxLoaded: countOf(values['max-loaded'], '--max-loaded') ?? Infinity,
    idleMs: millisecondsOf(values['idle-seconds'], '--idle-seconds') ?? IDLE_MS,
    scale: {
      stableMs: windowMs,
      panicMs: SCALE_TIMES.panicMs * ratio,
      downEveryMs: SCALE_TIMES.downEveryMs * ratio,
    },
    slowRunMs: slowRunOf(values['slow-run-ms']) ?? SLOW_RUN_MS,
    replicaBytes:
      sizeOf(values['replica-memory'], '--replica-memory', memoryBytes) ?? Math.floor(memoryBytes * REPLICA_SHARE),
  };
}

const UNITS = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 } as const;

function sizeOf(text: string | undefined, option: string, wholeBytes: number): number | undefined {
  if (text === undefined) return undefined;
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)([kmg%])?b?$/i.exec(text) ?? [];
  const size = Number(number);
  if (!(size > 0))
    throw new Error(`${option} must be a size (512M, 2G) or a share of the memory (60%), found "${text}"`);
  if (unit === '%') return Math.floor((wholeBytes * size) / 100);
  const lower = unit.toLowerCase();
  return size * (lower === 'k' || lower === 'm' || lower === 'g' ? UNITS[lower] : UNITS['']);
}

function slowRunOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (text === 'never') return Infinity;
  const runMs = Number(text);
  if (!(runMs > 0))
    throw new Error(`--slow-run-ms must be a number of milliseconds above 0, or never, found "${text}"`);
  return runMs;
}

function countOf(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new Error(`${option} must be an integer from 1, found "${text}"`);
  return count;
}

function millisecondsOf(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (!(seconds > 0)) throw new Error(`${option} must be a number of seconds above 0, found "${text}"`);
  return seconds * MS_A_SECOND;
}

const MS_A_SECOND = 1000;
