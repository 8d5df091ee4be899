import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { cacheBytesOf } from '../../checks/manifest/cache-bytes.ts';
import { localDriver } from '../../serving/drivers/local.ts';
import type { Action, Arm, ArtifactSource, FleetDriver, ModelTarget, ObservedRevision } from '../../serving/fleet.ts';
import { type FleetOptions, type StartedFleet, startFleet } from '../../serving/start-fleet.ts';
import {
  type Command,
  type CommandArguments,
  type CommandIo,
  EXIT,
  type ExitStatus,
  UsageError,
  listOption,
  textOption,
} from './command.ts';
import { readToken } from './read-token.ts';
import { withBackground } from './served-background.ts';
import { type ServedModel, manifestsBelow, readServedModel } from './served-model.ts';

export const serve: Command = {
  name: 'serve',
  summary: 'a fleet on this machine, without GitHub',
  usage: `[MANIFEST…]

  MANIFEST           a model.yaml or a folder that holds one (default: models/*/model.yaml; none there: an empty fleet)
  --host 127.0.0.1   --port 8000 (V2, V1, /metrics)   --grpc-port 8001   --admin-port 8003   0: any free port
  --arms 1.0.0=90,2.0.0=10   shares of manifests of one name, by version; the first is the stable one, and 3.0.0=shadow gets copies
  --replicas N       processes that answer, each with every model (default 1)
  --log DIR          where predictions are recorded (default: in a temporary folder, gone afterwards)   --no-log
  --token-file FILE  what callers must show as Authorization: Bearer …
  --tls-cert FILE --tls-key FILE   TLS for HTTP and gRPC: a certificate with its chain, and its key (PEM); read again when they change
  --model-control    callers may load and unload models over V2 (else 403)`,
  options: {
    host: { type: 'string' },
    port: { type: 'string' },
    'grpc-port': { type: 'string' },
    'admin-port': { type: 'string' },
    arms: { type: 'string' },
    replicas: { type: 'string' },
    log: { type: 'string' },
    'no-log': { type: 'boolean' },
    'token-file': { type: 'string' },
    'tls-cert': { type: 'string' },
    'tls-key': { type: 'string' },
    'model-control': { type: 'boolean' },
  },
  run,
};

const DEFAULT_PORT = 8000;
const DEFAULT_GRPC_PORT = 8001;
const DEFAULT_ADMIN_PORT = 8003;
const LARGEST_PORT = 65_535;
/** Loading a model of some gigabytes from a slow disk, twice: once to prove it, once to serve it. */
const READY_LIMIT_MS = 300_000;
const LOOK_AGAIN_MS = 50;

async function run(args: CommandArguments, io: CommandIo): Promise<ExitStatus> {
  const models = await modelsOf(args, io);
  if (models === undefined) return EXIT.failed;
  const targets = targetsOf(models, listOption(args, 'arms'), numberOption(args, 'replicas', 1, 1));
  const folder = await mkdtemp(join(tmpdir(), 'slipway-serve-'));
  try {
    const fleet = await startFleet({ folder, ...(await settingsOf(args)) });
    try {
      return await serveUntilStopped(fleet, models, targets, io);
    } finally {
      await fleet.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function modelsOf(args: CommandArguments, io: CommandIo): Promise<readonly ServedModel[] | undefined> {
  const paths = args.positionals.length > 0 ? args.positionals : await manifestsBelow(process.cwd());
  const read = await Promise.all(paths.map(readServedModel));
  const problems = read.flatMap((each) => (each.kind === 'refused' ? each.problems : []));
  for (const problem of problems) io.err(problem);
  if (problems.length > 0) return undefined;
  return Promise.all(read.flatMap((each) => (each.kind === 'model' ? [explained(each.model, io)] : [])));
}

/** With rows to explain against, where there are some; without them everything else is served. */
async function explained(model: ServedModel, io: CommandIo): Promise<ServedModel> {
  const found = await withBackground(model);
  if (found.kind === 'with') return found.model;
  io.progress(`${model.target.model} ${model.target.version}: nothing of it can be explained: ${found.why}`);
  return model;
}

/** What each model should be: the one manifest of its name, or the given shares of several. */
export function targetsOf(
  models: readonly ServedModel[],
  shares: readonly string[] | undefined,
  replicas: number,
): ReadonlyMap<string, ModelTarget> {
  const named = Map.groupBy(models, ({ target }) => target.model);
  if (shares !== undefined && ![...named.values()].some((versions) => versions.length > 1))
    throw new UsageError('--arms shares the requests among manifests of one name; each name was given once');
  return new Map(
    [...named].map(([model, versions]) => [
      model,
      {
        arms:
          versions.length === 1
            ? versions.map(({ target }) => ({ revision: target.revision, weight: 100 }))
            : armsOf(model, versions, shares),
        salt: model,
        ...cacheOf(versions),
        replicas: { min: replicas, max: replicas, target: 4 },
      },
    ]),
  );
}

/** One cache a model: as large as any of its manifests asks for. */
function cacheOf(versions: readonly ServedModel[]): Pick<ModelTarget, 'cacheBytes'> {
  const cacheBytes = Math.max(0, ...versions.map(({ loaded }) => cacheBytesOf(loaded.manifest) ?? 0));
  return cacheBytes === 0 ? {} : { cacheBytes };
}

function armsOf(
  model: string,
  versions: readonly ServedModel[],
  shares: readonly string[] | undefined,
): readonly Arm[] {
  const known = versions.map(({ target }) => target.version);
  if (shares === undefined)
    throw new UsageError(
      `${model} was given ${versions.length} times (${known.join(', ')}): say who gets what, --arms ${known[0]}=90,${known[1]}=10`,
    );
  const arms = shares.map((share): Arm => {
    const [, version, weight] = /^(.+)=(\d+(?:\.\d+)?|shadow)$/.exec(share) ?? [];
    const found = versions.find(({ target }) => target.version === version);
    if (weight === undefined || found === undefined)
      throw new UsageError(
        `--arms ${share}: expected VERSION=PERCENT or VERSION=shadow with a version of ${model}, which are ${known.join(', ')}`,
      );
    return weight === 'shadow'
      ? { revision: found.target.revision, weight: 0, shadow: true }
      : { revision: found.target.revision, weight: Number(weight) };
  });
  const sum = arms.reduce((total, { weight }) => total + weight, 0);
  if (sum !== 100) throw new UsageError(`--arms: the shares of ${model} add up to ${sum}, expected 100`);
  return arms;
}

async function settingsOf(args: CommandArguments): Promise<Omit<FleetOptions, 'folder'>> {
  const callerToken = await readToken(textOption(args, 'token-file'), '--token-file');
  const host = textOption(args, 'host');
  const log = textOption(args, 'log');
  // All of a machine's addresses are asked for by name: an empty one is a variable that was not set.
  if (host === '') throw new UsageError('--host is empty; expected an address, 127.0.0.1 or 0.0.0.0');
  if (log !== undefined && args.values['no-log'] === true)
    throw new UsageError('--log and --no-log say opposite things: leave one out');
  const port = numberOption(args, 'port', DEFAULT_PORT, 0, LARGEST_PORT);
  return {
    port,
    // Who lets the system choose one port means all of them.
    grpcPort: numberOption(args, 'grpc-port', port === 0 ? 0 : DEFAULT_GRPC_PORT, 0, LARGEST_PORT),
    adminPort: numberOption(args, 'admin-port', DEFAULT_ADMIN_PORT, 0, LARGEST_PORT),
    ...(host === undefined ? {} : { host }),
    ...(callerToken === undefined ? {} : { callerToken }),
    ...tlsOf(args),
    args: [
      ...(log === undefined ? [] : ['--log', log]),
      ...(args.values['no-log'] === true ? ['--no-log'] : []),
      ...(args.values['model-control'] === true ? ['--model-control'] : []),
    ],
  };
}

function tlsOf(args: CommandArguments): Pick<FleetOptions, 'tls'> {
  const certFile = textOption(args, 'tls-cert');
  const keyFile = textOption(args, 'tls-key');
  if (certFile === undefined && keyFile === undefined) return {};
  if (certFile === undefined || keyFile === undefined)
    throw new UsageError('--tls-cert and --tls-key belong together: a certificate and its key');
  return { tls: { certFile, keyFile } };
}

function numberOption(
  args: CommandArguments,
  name: string,
  otherwise: number,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): number {
  const text = textOption(args, name);
  if (text === undefined) return otherwise;
  const number = Number(text);
  if (text === '' || !Number.isInteger(number) || number < least || number > most)
    throw new UsageError(
      `--${name} must be an integer from ${least}${most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`}, found "${text}"`,
    );
  return number;
}

async function serveUntilStopped(
  fleet: StartedFleet,
  models: readonly ServedModel[],
  targets: ReadonlyMap<string, ModelTarget>,
  io: CommandIo,
): Promise<ExitStatus> {
  const driver = localDriver({ adminUrl: fleet.adminUrl });
  const limit = AbortSignal.any([io.signal, AbortSignal.timeout(READY_LIMIT_MS)]);
  try {
    await tellFleet(driver, models, targets, limit);
    const failed = await allReady(driver, limit);
    if (failed.length > 0) {
      for (const { model, revision } of failed)
        io.err(`${model} ${revision.version} cannot be served: ${revision.reason ?? 'no reason given'}`);
      return EXIT.failed;
    }
  } catch (error) {
    if (io.signal.aborted) return EXIT.good;
    throw error;
  }
  const ready = {
    ready: true,
    http: fleet.url,
    grpc: fleet.grpc ?? null,
    admin: fleet.adminUrl,
    models: models.map(({ target, loaded }) => ({
      name: target.model,
      version: target.version,
      digest: `sha256:${loaded.specification.artifact.sha256}`,
    })),
  };
  io.out(
    `ready: ${fleet.url} (V2, V1, /metrics), gRPC ${fleet.grpc ?? 'off'}, admin ${fleet.adminUrl}; ${ready.models.map(({ name, version }) => `${name} ${version}`).join(', ') || 'no models yet'}`,
  );
  await io.jsonLine(ready);
  const how = await Promise.race([stopped(io.signal), fleet.ended]);
  if (how === undefined) return EXIT.good;
  throw new Error(`the fleet ended by ${how}`);
}

/** Hands models over to a fleet, and what each should be. */
export async function tellFleet(
  driver: FleetDriver,
  models: readonly ServedModel[],
  targets: ReadonlyMap<string, ModelTarget>,
  signal: AbortSignal,
): Promise<void> {
  const paths = new Map(models.flatMap((model) => [...model.paths]));
  const made = new Map(models.flatMap(({ background }) => (background ? [[background.sha256, background.bytes]] : [])));
  const source: ArtifactSource = async (sha256) => {
    const bytes = made.get(sha256);
    return bytes === undefined ? createReadStream(paths.get(sha256) ?? '') : Readable.from([bytes]);
  };
  const apply = async (action: Action): Promise<void> => {
    const applied = await driver.apply(action, source, signal);
    if (applied.kind === 'refused') throw new Error(applied.reason);
    if (applied.kind === 'conflict') throw new Error(`generation ${applied.generation} of a new model`);
  };
  for (const { target } of models) {
    for (const sha256 of new Set(Object.values(target.files)))
      await apply({ kind: 'put-artifact', sha256, sizeBytes: 0 });
    await apply({ kind: 'put-revision', target });
  }
  for (const [model, target] of targets) await apply({ kind: 'put-model', model, generation: 0, target });
}

/** Waits until every revision is ready, or one has failed; those that have. */
export async function allReady(
  driver: FleetDriver,
  signal: AbortSignal,
): Promise<readonly { readonly model: string; readonly revision: ObservedRevision }[]> {
  for (;;) {
    const { models } = await driver.observe(signal);
    const revisions = models.flatMap(({ model, revisions: all }) => all.map((revision) => ({ model, revision })));
    const failed = revisions.filter(({ revision }) => revision.state === 'failed');
    if (failed.length > 0) return failed;
    const turned = models.every(({ effective, arms }) =>
      arms.every((arm) => shareOf(effective, arm.revision) === arm.weight),
    );
    if (turned && revisions.every(({ revision }) => revision.state === 'ready')) return [];
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    signal.throwIfAborted();
  }
}

const NO_DIFFERENCE = 1e-6;

function shareOf(
  effective: readonly { readonly revision: string; readonly weight: number }[],
  revision: string,
): number {
  const weight = effective.find((each) => each.revision === revision)?.weight ?? 0;
  return Math.abs(weight - Math.round(weight)) < NO_DIFFERENCE ? Math.round(weight) : weight;
}

function stopped(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
