import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OwnFigures, bareFigures, ownFigures } from '../../serving/bench/bench-own.ts';
import { startLoadGenerator } from '../../serving/bench/load-generator.ts';
import { localDriver } from '../../serving/drivers/local.ts';
import { type StartedFleet, startFleet } from '../../serving/start-fleet.ts';
import { type BenchedModel, benchedModel } from './benched-model.ts';
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
import { type ServedModel, manifestsBelow, readServedModel } from './served-model.ts';
import { allReady, targetsOf, tellFleet } from './serve.ts';

export const bench: Command = {
  name: 'bench',
  summary: 'how fast a model is served on this machine, and what serving adds to it',
  usage: `[MANIFEST] [--seconds N] [--connections 1,8,64]

  MANIFEST              a model.yaml or the folder that holds it (default: the only one of models/*/model.yaml)
  --seconds N           how long each figure is measured (default 4)
  --connections 1,8,64  callers at once, each asking again once it was answered

One replica with this model is started on free ports, with the prediction log and without it, and asked for rows of the evaluation data
where they lie beside the manifest, else for zeros; every answer is compared with what the model alone answers. The load comes from a process of its own on this
same machine, and takes a share of it. Compare figures of one run. Exit status: 0 measured, 1 a request failed or was answered wrongly.`,
  options: { seconds: { type: 'string' }, connections: { type: 'string' } },
  run,
};

const DEFAULT_SECONDS = 4;
const DEFAULT_CONNECTIONS = ['1', '8', '64'];
const MOST_CONNECTIONS = 1024;
const READY_LIMIT_MS = 300_000;

async function run(args: CommandArguments, io: CommandIo): Promise<ExitStatus> {
  const seconds = numberOf('--seconds', textOption(args, 'seconds') ?? String(DEFAULT_SECONDS), 3600);
  const connections = (listOption(args, 'connections') ?? DEFAULT_CONNECTIONS).map((text) =>
    wholeOf('--connections', text),
  );
  const model = await modelOf(args.positionals, io);
  if (model === undefined) return EXIT.failed;
  io.progress('running the model alone');
  const benched = await benchedModel(model);
  try {
    const alone = await bareFigures(benched.session, benched.own.cases, seconds);
    const served = await servedFigures(model, benched, { connections, seconds }, io);
    const result = resultOf(model, benched, alone, served);
    for (const line of textOf(result)) io.out(line);
    await io.json(result);
    return served.some(({ failed }) => failed > 0) ? EXIT.failed : EXIT.good;
  } finally {
    await benched.session.close();
  }
}

function wholeOf(option: string, text: string): number {
  const number = numberOf(option, text, MOST_CONNECTIONS);
  if (!Number.isInteger(number)) throw new UsageError(`${option} ${text}: whole numbers were expected, 1,8,64`);
  return number;
}

function numberOf(option: string, text: string, most: number): number {
  const number = Number(text);
  if (!(number > 0 && number <= most))
    throw new UsageError(`${option} ${text}: a number above 0 and up to ${most} was expected`);
  return number;
}

async function modelOf(positionals: readonly string[], io: CommandIo): Promise<ServedModel | undefined> {
  const paths = positionals.length > 0 ? positionals : await manifestsBelow(process.cwd());
  const [path, ...others] = paths;
  if (path === undefined || others.length > 0)
    throw new UsageError(
      path === undefined ? 'there is no models/*/model.yaml here: name a manifest' : `name one of ${paths.join(', ')}`,
    );
  const read = await readServedModel(path);
  if (read.kind === 'model') return read.model;
  for (const problem of read.problems) io.err(problem);
  return undefined;
}

/** Both fleets stand ready while either is measured, so that they are compared on one machine in one mood. */
async function servedFigures(
  model: ServedModel,
  { own }: BenchedModel,
  plan: { readonly connections: readonly number[]; readonly seconds: number },
  io: CommandIo,
): Promise<readonly OwnFigures[]> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
  const running: StartedFleet[] = [];
  const load = await startLoadGenerator();
  try {
    const fleets = [];
    for (const log of [true, false]) {
      io.progress(`starting a replica ${log ? 'with' : 'without'} the log`);
      const fleet = await startFleet({
        folder: join(folder, String(log)),
        port: 0,
        adminPort: 0,
        args: log ? [] : ['--no-log'],
      });
      running.push(fleet);
      await filled(fleet, model, io.signal);
      const { hostname, port } = new URL(fleet.url);
      fleets.push({ log, pid: fleet.pid, at: { host: hostname, port: Number(port) } });
    }
    return await ownFigures(load, own, { fleets, ...plan }, (text, share) => {
      io.signal.throwIfAborted();
      io.progress(text, share);
    });
  } finally {
    await load.stop();
    await Promise.all(running.map((fleet) => fleet.stop()));
    await rm(folder, { recursive: true, force: true });
  }
}

async function filled(fleet: StartedFleet, model: ServedModel, signal: AbortSignal): Promise<void> {
  const driver = localDriver({ adminUrl: fleet.adminUrl });
  const limit = AbortSignal.any([signal, AbortSignal.timeout(READY_LIMIT_MS)]);
  await tellFleet(driver, [model], targetsOf([model], undefined, 1), limit);
  const [failed] = await allReady(driver, limit);
  if (failed !== undefined)
    throw new Error(`${failed.model} cannot be served: ${failed.revision.reason ?? 'no reason given'}`);
}

interface BenchResult {
  readonly model: string;
  readonly version: string;
  readonly revision: string;
  readonly requests: { readonly different: number; readonly from: string };
  readonly machine: { readonly processors: number; readonly model: string };
  readonly alone: { readonly runsPerSecond: number; readonly cpuMicrosPerRun: number };
  /** `beyondRunMicros`: processor time of a request less that of a run alone. */
  readonly served: readonly (OwnFigures & { readonly beyondRunMicros?: number })[];
  /** What the prediction log adds to a request, at the most connections; undefined where the system does not tell processor time. */
  readonly logMicrosPerRequest?: number;
}

function resultOf(
  { target }: ServedModel,
  { own, from }: BenchedModel,
  alone: BenchResult['alone'],
  served: readonly OwnFigures[],
): BenchResult {
  const last = (log: boolean): number | undefined =>
    served.findLast((each) => each.form === 'tensors' && each.log === log)?.cpuMicrosPerRequest;
  const [withLog, without] = [last(true), last(false)];
  return {
    model: target.model,
    version: target.version,
    revision: target.revision,
    requests: { different: own.cases.length, from },
    machine: { processors: cpus().length, model: cpus()[0]?.model ?? 'unknown' },
    alone,
    served: served.map((each) => ({
      ...each,
      ...(each.cpuMicrosPerRequest === undefined
        ? {}
        : { beyondRunMicros: each.cpuMicrosPerRequest - alone.cpuMicrosPerRun }),
    })),
    ...(withLog === undefined || without === undefined ? {} : { logMicrosPerRequest: withLog - without }),
  };
}

function textOf({ model, version, requests, alone, served, logMicrosPerRequest }: BenchResult): readonly string[] {
  const whole = (number: number): string => Math.round(number).toLocaleString('en');
  const micros = (number: number | undefined): string => (number === undefined ? '–' : `${number.toFixed(0)} µs`);
  const lines = served.map((each) =>
    [
      `  ${each.form}, ${each.connections} at once`.padEnd(26),
      (each.log ? '' : 'no log').padEnd(7),
      `${whole(each.requestsPerSecond)}/s`.padStart(11),
      `${each.p50Ms.toFixed(2)} ms`.padStart(11),
      `${each.p99Ms.toFixed(2)} ms`.padStart(11),
      micros(each.cpuMicrosPerRequest).padStart(9),
      micros(each.beyondRunMicros).padStart(9),
      each.failed === 0 ? '' : `  ${whole(each.failed)} failed: ${each.complaint ?? ''}`,
    ].join(''),
  );
  return [
    `${model} ${version}: one row a request, ${requests.different} different from ${requests.from}`,
    `  the model alone: ${whole(alone.runsPerSecond)} runs/s, ${micros(alone.cpuMicrosPerRun)} of processor time each`,
    '',
    `${' '.repeat(33)}${'requests'.padStart(11)}${'p50'.padStart(11)}${'p99'.padStart(11)}${'CPU'.padStart(9)}${'beyond'.padStart(9)}`,
    ...lines,
    '',
    `CPU: processor time a request in all processes of the fleet; beyond: less a run alone.${logMicrosPerRequest === undefined ? '' : ` The log: ${micros(logMicrosPerRequest)} a request.`}`,
  ];
}
