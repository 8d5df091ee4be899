import { Refusal } from '../protocol/refusal.ts';
import { answerLocally } from './answer.ts';
import { type Call, type Parsed, type Reply, deadlineOf, parseCall } from './call.ts';
import type { Tracing } from './call-trace.ts';
import { ArmCounter } from './counters.ts';
import { OVERRIDE_FLAG, overrideOf } from './override.ts';
import { type Journal, loggedBody } from './journal.ts';
import { stableArm } from './assign.ts';
import { isRelayedToStable, relayedFlags } from './relayed-role.ts';
import { CACHED_FLAG } from './response-cache.ts';
import { type Arm, type Table, chooseArm } from './table.ts';
import { copyToShadows } from './shadow-arms.ts';

/** What serving a call touches. */
export interface Serving {
  readonly table: (model: string) => Table | undefined;
  readonly counter: (model: string, revision: string) => ArmCounter;
  readonly journal: Journal;
  readonly countUnused: (names: number) => void;
  /** Where spans go; undefined: nowhere. */
  readonly tracing?: () => Tracing | undefined;
  /** Who hears of every request; undefined: nobody. */
  readonly listener?: () => CallListener | undefined;
  /** Has a model loaded that rests; resolves with its table then. Rejects with a Refusal when that takes too long. */
  readonly awaken: (model: string) => Promise<Table | undefined>;
}

/** Hears what became of a request. It must not block, and its own failures are its own. */
export interface CallListener {
  answered(call: Call, reply: Reply): void;
  failed(call: Call, error: unknown): void;
}

/**
 * Answers a call: the arm that its key falls to, or, where that arm cannot, the stable one. What the alternative refuses for lack of an input
 * is `unservable`; what it fails at, or refuses though the stable arm takes it, is its error. A request that both refuse is the caller's mistake.
 */
export async function serveCall(call: Call, serving: Serving): Promise<Reply> {
  const trace = serving.tracing?.()?.begin(call);
  const listener = serving.listener?.();
  if (trace === undefined && listener === undefined) return answerCall(call, serving);
  try {
    const reply = await answerCall(trace === undefined ? call : { ...call, trace }, serving);
    trace?.answered(reply);
    listener?.answered(call, reply);
    return reply;
  } catch (error) {
    trace?.failed(error);
    listener?.failed(call, error);
    throw error;
  }
}

async function answerCall(call: Call, serving: Serving): Promise<Reply> {
  const known = serving.table(call.model);
  const table = known?.isAsleep === true ? await serving.awaken(call.model) : known;
  if (table === undefined) throw new Refusal(404, `Request for unknown model: '${call.model}' is not found`);
  let parsed: Parsed;
  try {
    parsed = parseCall(call);
  } catch (error) {
    const stable = stableArm(table.arms);
    if (stable !== undefined) logFailure(call, stable, table, error, serving);
    throw error;
  }
  const { arm, fallback } =
    call.version === undefined ? chooseArm(table, call, parsed) : versionArm(table, call.version);
  if (arm === undefined)
    throw new Refusal(503, `Request for unknown model: '${call.model}' has no available versions`, {
      retryAfterSeconds: 1,
    });
  try {
    const reply = await attempt(call, parsed, arm, table, serving);
    counted(call, arm, serving, false);
    if (table.shadows.length > 0) copyToShadows(table, arm, call, reply);
    // Run, logged, and seen by nobody else: sockets, shadows and listeners may have it under way.
    else if (arm.loaded !== undefined && serving.listener?.() === undefined) call.body.release?.();
    return reply;
  } catch (error) {
    if (fallback === undefined) {
      counted(call, arm, serving, isArmError(error));
      logFailure(call, arm, table, error, serving);
      throw error;
    }
    return fallBack(call, parsed, { arm, fallback, table, error }, serving);
  }
}

export function versionArm(
  table: Table,
  version: string,
): { readonly arm: Arm | undefined; readonly fallback: undefined } {
  const arm = table.arms.find((candidate) => candidate.version === version && candidate.available);
  if (arm === undefined)
    throw new Refusal(
      404,
      `Request for unknown model: '${table.order.model}' version ${version} is not found; served: ${servedVersions(table).join(', ') || 'none'}`,
    );
  return { arm, fallback: undefined };
}

export function servedVersions(table: Table): readonly string[] {
  return table.arms.filter((arm) => arm.available).map((arm) => arm.version);
}

async function fallBack(
  call: Call,
  parsed: Parsed,
  {
    arm,
    fallback,
    table,
    error,
  }: { readonly arm: Arm; readonly fallback: Arm; readonly table: Table; readonly error: unknown },
  serving: Serving,
): Promise<Reply> {
  const counter = serving.counter(call.model, arm.revision);
  const unservable = error instanceof Refusal && error.unservable;
  try {
    const reply = await attempt(call, parsed, fallback, table, serving, ['fell back']);
    counted(call, fallback, serving, false);
    if (unservable) counter.unservable += 1;
    else {
      counted(call, arm, serving, true);
      logFailure(call, arm, table, error, serving);
    }
    return reply;
  } catch (second) {
    // Refused by both: the caller's mistake. Failed by both: each its own.
    if (isArmError(error)) counted(call, arm, serving, true);
    counted(call, fallback, serving, isArmError(second));
    logFailure(call, fallback, table, second, serving);
    throw second;
  }
}

function attempt(...[call, parsed, arm, table, serving, flags]: Parameters<typeof askArm>): Promise<Reply> {
  if (call.trace === undefined) return askArm(call, parsed, arm, table, serving, flags);
  const asked = {
    revision: arm.revision,
    version: arm.version,
    isRemote: arm.loaded === undefined,
    isFallback: flags !== undefined,
  };
  return call.trace.attempt(call, asked, (traced) => askArm(traced, parsed, arm, table, serving, flags));
}

async function askArm(
  call: Call,
  parsed: Parsed,
  arm: Arm,
  table: Table,
  serving: Serving,
  flags: readonly string[] = NO_FLAGS,
): Promise<Reply> {
  if (arm.loaded === undefined) {
    if (arm.remote === undefined)
      throw new Refusal(503, `revision ${arm.revision} is not loaded here`, { retryAfterSeconds: 1 });
    return arm.remote.ask(call, { role: roleOf(call, arm, table), flags });
  }
  const counter = serving.counter(call.model, arm.revision);
  const isOverride = overrideOf(call) !== undefined;
  const cached = table.cache?.around(arm.loaded, counter.side);
  const reply = await answerLocally(call, parsed, {
    loaded: cached?.loaded ?? arm.loaded,
    // What testers ask for is no sample of what callers ask: it sways no comparison of arms.
    counter: isOverride ? new ArmCounter(call.model, arm.revision) : counter,
    deadline: deadlineOf(parsed, performance.now()),
    known: table.known,
    timed: call.timed,
  });
  if (reply.flags.length > 0) serving.countUnused(reply.flags.filter((flag) => flag.startsWith('unused:')).length);
  const { text, tail } = reply.logged ?? call.body;
  serving.journal.add({
    at: call.at,
    id: call.id,
    model: call.model,
    revision: arm.revision,
    arm: roleOf(call, arm, table),
    status: 200,
    latencyMs: performance.now() - call.startedAt,
    protocol: call.protocol,
    body: text,
    tail,
    rows: reply.rows,
    shapes: parsed.protocol === 'v2' ? parsed.request.inputs : undefined,
    flags:
      reply.flags.length + flags.length === 0 && !isOverride && !call.relayed && cached === undefined
        ? NO_FLAGS
        : [
            ...reply.flags,
            ...flags,
            ...relayedFlags(call),
            ...(isOverride ? [OVERRIDE_FLAG] : []),
            ...(cached?.wasHit() === true ? [CACHED_FLAG] : []),
          ],
    scores: reply.scores,
  });
  return reply;
}

const NO_FLAGS: readonly string[] = [];

function roleOf(call: Call, arm: Arm, table: Table): 'stable' | 'candidate' {
  if (call.relayed) return isRelayedToStable(call) ? 'stable' : 'candidate';
  return arm === stableArm(table.arms) ? 'stable' : 'candidate';
}

function counted(call: Call, arm: Arm, serving: Serving, failed: boolean): void {
  if (call.relayed) return;
  const counter = serving.counter(call.model, arm.revision);
  if (overrideOf(call) === undefined) counter.answered(performance.now() - call.startedAt, failed);
  else counter.side.overrides += 1;
}

const TOO_MANY = 429;
const SERVER_ERRORS = 500;

/** Whether it is the arm that failed, and not the caller. */
function isArmError(error: unknown): boolean {
  return !(error instanceof Refusal) || error.status >= SERVER_ERRORS || error.status === TOO_MANY;
}

/** Whoever asked this process for its arm tells of it: it sees the failures, too, that this one cannot tell of. */
function logFailure(call: Call, arm: Arm, table: Table, error: unknown, serving: Serving): void {
  if (call.relayed) return;
  serving.journal.add({
    at: call.at,
    id: call.id,
    model: call.model,
    revision: arm.revision,
    arm: roleOf(call, arm, table),
    status: error instanceof Refusal ? error.status : SERVER_ERRORS,
    latencyMs: performance.now() - call.startedAt,
    protocol: call.protocol,
    ...loggedBody(call.body),
    rows: 0,
    flags: [
      error instanceof Error ? error.message : String(error),
      ...(overrideOf(call) === undefined ? [] : [OVERRIDE_FLAG]),
    ],
  });
}
