import { userInfo } from 'node:os';
import type { FleetDriver, ModelTarget, ObservedModel, ObservedRevision } from '../../serving/fleet.ts';
import { targetOf } from '../../serving/plan.ts';
import { type Command, type CommandArguments, type CommandIo, EXIT, type ExitStatus, UsageError } from './command.ts';
import { driverOf } from './status.ts';

export const rollback: Command = {
  name: 'rollback',
  summary: 'turn a fleet back to an earlier version and hold it there',
  usage: `MODEL [to VERSION] because REASON… [--fleet URL]

  --fleet URL               the fleet's admin API (default http://127.0.0.1:8003)
  --admin-token-file FILE   where the fleet asks for one

For when GitHub is away: it writes the hold with who and why, and the App adopts it as if it had been commented.`,
  options: { fleet: { type: 'string' }, 'admin-token-file': { type: 'string' } },
  run,
};

const LIMIT_MS = 60_000;

interface Asked {
  readonly model: string;
  readonly version: string | undefined;
  readonly because: string;
}

async function run(args: CommandArguments, io: CommandIo): Promise<ExitStatus> {
  const asked = parseAsked(args.positionals);
  const driver = await driverOf(args);
  const signal = AbortSignal.any([io.signal, AbortSignal.timeout(LIMIT_MS)]);
  const { models } = await driver.observe(signal);
  const observed = models.find(({ model }) => model === asked.model);
  if (observed === undefined)
    throw new UsageError(
      `the fleet has no model "${asked.model}"; it has ${models.map(({ model }) => model).join(', ') || 'none'}`,
    );
  const turned = turnedBack(observed, asked, { by: userInfo().username, now: new Date() });
  if (typeof turned === 'string') {
    io.err(turned);
    return EXIT.cannotTell;
  }
  await put(driver, observed, turned.target, signal);
  io.out(`${asked.model} is turned to ${turned.to.version} and held there; ${turned.from.version} is quarantined`);
  if (turned.to.state !== 'ready')
    io.out(`${turned.to.version} is not loaded yet: ${turned.from.version} answers until it is`);
  await io.json({ model: asked.model, from: turned.from.version, to: turned.to.version, held: turned.target.held });
  return EXIT.good;
}

/** `income to 1.0.0 because it drifts`, in the words of a comment. */
export function parseAsked([model, ...rest]: readonly string[]): Asked {
  if (model === undefined) throw new UsageError('name the model');
  const [version, reason] = rest[0] === 'to' ? [rest[1], rest.slice(2)] : [undefined, rest];
  if (rest[0] === 'to' && version === undefined) throw new UsageError('to which version?');
  const because = reason[0] === 'because' ? reason.slice(1).join(' ').trim() : '';
  if (because === '') throw new UsageError('say why: because REASON');
  return { model, version, because };
}

interface TurnedBack {
  readonly target: ModelTarget;
  readonly from: ObservedRevision;
  readonly to: ObservedRevision;
}

/** What the fleet should be after turning back, or why that cannot be. A candidate under way is what is turned away from. */
export function turnedBack(
  observed: ObservedModel,
  { version, because }: Asked,
  { by, now }: { readonly by: string; readonly now: Date },
): TurnedBack | string {
  const { model, arms, revisions } = observed;
  const find = (revision: string | undefined): ObservedRevision | undefined =>
    revisions.find((each) => each.revision === revision);
  const [stableArm] = arms;
  const candidate = find(arms.find(({ leased }) => leased === true)?.revision);
  const stable = find(stableArm?.revision);
  const known = revisions.map((each) => each.version).join(', ');
  const to =
    version !== undefined
      ? revisions.find((each) => each.version === version)
      : candidate !== undefined
        ? stable
        : find(arms.find((arm) => arm !== stableArm && arm.leased !== true)?.revision);
  if (to === undefined)
    return version === undefined
      ? `no earlier version of ${model} is loaded; name one of ${known}: slipway rollback ${model} to VERSION because …`
      : `the fleet does not know ${model} ${version}; it knows ${known}`;
  const from = to === stable ? candidate : stable;
  if (from === undefined || stable === undefined)
    return `${model} ${to.version} serves already, and nothing else is under way`;
  if (to.state === 'failed') return `${model} ${to.version} cannot be served: ${to.reason ?? 'no reason given'}`;
  const held = { by, because, since: now.toISOString(), quarantined: from.revision };
  const warm = to === stable ? [] : [{ revision: stable.revision, weight: 0 }];
  return { target: { ...targetOf(observed), arms: [{ revision: to.revision, weight: 100 }, ...warm], held }, from, to };
}

async function put(
  driver: FleetDriver,
  { model, generation }: ObservedModel,
  target: ModelTarget,
  signal: AbortSignal,
): Promise<void> {
  const noSource = async (): Promise<AsyncIterable<Uint8Array>> => {
    throw new Error('a rollback brings no files');
  };
  const applied = await driver.apply({ kind: 'put-model', model, generation, target }, noSource, signal);
  if (applied.kind === 'conflict')
    throw new Error(
      `somebody changed ${model} just now (generation ${applied.generation}): look at slipway status, and again`,
    );
  if (applied.kind === 'refused') throw new Error(applied.reason);
}
