import { localDriver } from '../../serving/drivers/local.ts';
import type { ObservedFleet, ObservedModel } from '../../serving/fleet.ts';
import {
  type Command,
  type CommandArguments,
  type CommandIo,
  EXIT,
  type ExitStatus,
  UsageError,
  textOption,
} from './command.ts';
import { readToken } from './read-token.ts';

export const status: Command = {
  name: 'status',
  summary: 'what a fleet runs',
  usage: `[MODEL…] [--fleet URL]

  --fleet URL               the fleet's admin API (default http://127.0.0.1:8003)
  --admin-token-file FILE   where the fleet asks for one

Exit status 0 when every model is healthy, 1 when one is not.`,
  options: { fleet: { type: 'string' }, 'admin-token-file': { type: 'string' } },
  run,
};

export const DEFAULT_ADMIN = 'http://127.0.0.1:8003';
const LIMIT_MS = 30_000;

async function run(args: CommandArguments, io: CommandIo): Promise<ExitStatus> {
  const driver = await driverOf(args);
  const fleet = await driver.observe(AbortSignal.any([io.signal, AbortSignal.timeout(LIMIT_MS)]));
  const named = args.positionals;
  const unknown = named.find((name) => !fleet.models.some(({ model }) => model === name));
  if (unknown !== undefined)
    throw new UsageError(
      `the fleet has no model "${unknown}"; it has ${fleet.models.map(({ model }) => model).join(', ') || 'none'}`,
    );
  const models = fleet.models.filter(({ model }) => named.length === 0 || named.includes(model));
  for (const line of statusLines({ ...fleet, models })) io.out(line);
  await io.json({ ...fleet, models });
  return models.every(({ health }) => health === 'healthy') ? EXIT.good : EXIT.failed;
}

/** A driver for the fleet that the options name. */
export async function driverOf(args: CommandArguments): Promise<ReturnType<typeof localDriver>> {
  const token = await readToken(textOption(args, 'admin-token-file'), '--admin-token-file');
  return localDriver({
    adminUrl: (textOption(args, 'fleet') ?? DEFAULT_ADMIN).replace(/\/$/, ''),
    ...(token === undefined ? {} : { token }),
  });
}

/** The fleet as a person reads it: a line a model, one an arm, and what is unusual. */
export function statusLines({ models, replicas }: ObservedFleet): readonly string[] {
  const ready = replicas.filter(({ state }) => state === 'ready').length;
  return [
    ...(models.length === 0 ? ['no models'] : models.flatMap(modelLines)),
    `${ready} of ${replicas.length} replicas ready`,
  ];
}

const REVISION_SHOWN = 'sha256:'.length + 12;

function modelLines({
  model,
  health,
  generation,
  arms,
  revisions,
  effective,
  held,
  leaseUntil,
}: ObservedModel): readonly string[] {
  return [
    `${model}  ${health}  generation ${generation}`,
    ...arms.map(({ revision, weight, leased, shadow }) => {
      const found = revisions.find((each) => each.revision === revision);
      const now = effective.find((each) => each.revision === revision)?.weight ?? 0;
      const share = now === weight ? `${weight} %` : `${now} % of ${weight} %`;
      const reason = found?.reason === undefined ? '' : `  ${found.reason}`;
      return `  ${found?.version ?? '?'}  ${share}${shadow === true ? '  shadow' : leased === true ? '  candidate' : ''}  ${found?.state ?? 'unknown'}  ${revision.slice(0, REVISION_SHOWN)}${reason}`;
    }),
    ...(leaseUntil === undefined ? [] : [`  lease until ${leaseUntil}`]),
    ...(held === undefined ? [] : [`  held since ${held.since} by ${held.by}: ${held.because}`]),
  ];
}
